"""Predictions as bars, with target and original class marked."""

from __future__ import annotations

from rich.cells import cell_len
from textual.strip import Strip

from engine.types import ClassLabel, Prediction
from tui.draw import charts, colors
from tui.draw.cells import line, piece
from tui.draw.colors import RGB
from tui.draw.text import fit_apart, pad, percent, safe
from tui.widgets.canvas import Canvas

_PERCENT_WIDTH = 7


class PredictionBars(Canvas):
    """A line a class: marker, name, bar, percentage. `▸` is the target, `•` the original class."""

    DEFAULT_CSS = "PredictionBars { width: 1fr; height: 1fr; }"

    def __init__(
        self, *, name: str | None = None, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._predictions: tuple[Prediction, ...] = ()
        self._target: ClassLabel | None = None
        self._original: ClassLabel | None = None

    def show(
        self,
        predictions: tuple[Prediction, ...],
        *,
        target: ClassLabel | None,
        original: ClassLabel | None,
    ) -> None:
        """Show `predictions` in the order given."""
        self._predictions, self._target, self._original = predictions, target, original
        self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """The lines that fit."""
        names = [safe(p.name) for p in self._predictions[:height]]
        longest = max((cell_len(name) for name in names), default=0)
        room = width - 2 - 1 - _PERCENT_WIDTH - 1
        # Where room is short the name matters more than the bar.
        name_width = max(0, min(longest, max(room - max(5, room // 4), min(room, 10))))
        bar_width = max(0, room - name_width)
        names = fit_apart(names, name_width)
        return [
            self._line(prediction, name, name_width, bar_width)
            for prediction, name in zip(self._predictions[:height], names, strict=False)
        ]

    def _line(self, prediction: Prediction, name: str, name_width: int, bar_width: int) -> Strip:
        mark, color = self._mark(prediction)
        blocks = charts.bar(prediction.probability, bar_width)
        return line(
            piece(mark + " ", color, bold=True),
            piece(pad(name, name_width) + " ", colors.TEXT if mark == " " else color),
            piece(blocks, color),
            piece(" " * (bar_width - len(blocks))),
            piece(" " + percent(prediction.probability).rjust(_PERCENT_WIDTH), colors.TEXT),
        )

    def _mark(self, prediction: Prediction) -> tuple[str, RGB]:
        if self._target is not None and prediction.index == self._target.index:
            return "▸", colors.TARGET
        if self._original is not None and prediction.index == self._original.index:
            return "•", colors.ORIGINAL
        return " ", colors.QUIET
