"""The ROC curve of a figure that tells clean from adversarial pictures."""

from __future__ import annotations

import math

from textual.strip import Strip

from engine.types import Separation
from tui.draw import charts, colors
from tui.draw.cells import CellGrid, line, notice, pack, piece
from tui.draw.text import compact, first_fitting, fit_parts, pad
from tui.widgets.canvas import Canvas


class RocCurve(Canvas):
    """True positives over false alarms, with chance as a dashed line."""

    DEFAULT_CSS = "RocCurve { width: 1fr; height: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._row: Separation | None = None

    def show(self, row: Separation | None) -> None:
        """Show the curve of a result."""
        self._row = row
        self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """The curve over its axis."""
        one = self._row
        if one is None or not one.pairs or height < 3:
            return notice("No result yet.", width, height)
        grid = CellGrid(width, height - 2)
        size = (4 * grid.height, 2 * grid.width)
        places = one.roc[0] * (size[1] - 1)
        chance = charts.curve(places, one.roc[0], size, dashed=True)
        curve = charts.curve(places, one.roc[1], size)
        for dots, color in ((chance & ~curve, colors.FAINT), (curve, colors.ADVERSARIAL)):
            marks = charts.braille(dots)
            here = marks != " "
            grid.text[here] = marks[here]
            grid.fg[here] = pack(color)
        turned = ", reversed" if one.auroc < 0.5 else ""
        flag = f"{one.side} {compact(one.threshold)}" if math.isfinite(one.threshold) else "–"
        pairs, rule = f"{one.pairs} pairs", f"adversarial if {flag}"
        head = fit_parts([f"AUROC {one.auroc:.2f}{turned}", pairs, rule], width)
        ends = ("false alarms 100 %", "100 %")
        axis = "0 %" + pad(first_fitting(ends, width - 4), max(0, width - 3), right=True)
        return [
            line(piece(head, colors.TEXT)),
            *grid.strips(),
            line(piece(axis, colors.QUIET)),
        ]
