"""Two histograms over each other: how the attributions of clean and adversarial spread."""

from __future__ import annotations

from textual.strip import Strip

from engine.types import FloatArray
from tui.draw import charts, colors
from tui.draw.cells import CellGrid, line, notice, piece
from tui.draw.text import compact, percent
from tui.widgets.canvas import Canvas


class HistogramView(Canvas):
    """Clean filled, adversarial as an outline, on common bins and a logarithmic axis of shares."""

    DEFAULT_CSS = "HistogramView { width: 1fr; height: 1fr; }"

    def __init__(
        self, *, name: str | None = None, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._edges: FloatArray | None = None
        self._clean: FloatArray | None = None
        self._adversarial: FloatArray | None = None

    def show(
        self,
        edges: FloatArray | None,
        clean: FloatArray | None,
        adversarial: FloatArray | None,
    ) -> None:
        """Show counts or shares on the bins between `edges` (n + 1).

        A side is left out that is None or has nothing in any bin.
        """
        self._edges = edges
        self._clean, self._adversarial = (
            side if side is not None and side.sum() > 0 else None for side in (clean, adversarial)
        )
        self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """Legend, histograms, and the axis of values."""
        edges = self._edges
        if edges is None or (self._clean is None and self._adversarial is None) or height < 3:
            return notice("No evidence yet.", width, height)
        grid = CellGrid(width, height - 2)
        top = charts.histogram(edges, self._clean, self._adversarial, grid)
        return [self._legend(width, top), *grid.strips(), self._axis(width)]

    def _legend(self, width: int, top: float) -> Strip:
        parts = []
        if self._clean is not None:
            parts += [
                piece("▒ " if colors.current() == "none" else "█ ", colors.CLEAN),
                piece("clean  ", colors.TEXT),
            ]
        if self._adversarial is not None:
            parts += [piece("⠒⠒ ", colors.ADVERSARIAL), piece("adversarial", colors.TEXT)]
        note = f"  share, log scale, top {percent(top)}"
        used = sum(len(part.text) for part in parts)
        if used + len(note) > width:
            note = "  log share"
        return line(*parts, piece(note if used + len(note) <= width else "", colors.QUIET))

    def _axis(self, width: int) -> Strip:
        assert self._edges is not None
        # The outer bins hold what lies beyond them too.
        first, last = float(self._edges[0]), float(self._edges[-1])
        ends = [("≤" + compact(first, n), "≥" + compact(last, n, sign=True)) for n in (3, 2, 1)]
        low, high = next((two for two in ends if len("".join(two)) < width), ("", ""))
        text = low + high.rjust(width - len(low))
        middle = width // 2
        centred = abs(first + last) < 1e-6 * last
        if centred and text[middle - 1 : middle + 2].strip() == "":
            text = text[:middle] + "0" + text[middle + 1 :]
        return line(piece(text, colors.QUIET))
