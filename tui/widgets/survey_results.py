"""A survey's results: how well each figure tells clean from adversarial pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.segment import Segment
from textual.strip import Strip

from engine.types import Separation, SurveyArm
from tui.draw import colors
from tui.draw.cells import line, piece, style
from tui.draw.rows import row
from tui.draw.text import fit_middle, pad, safe
from tui.widgets.canvas import Canvas
from tui.widgets.line_list import LineList

NUMBERS = (("AUROC [95 %]", 18), ("TPR@5%", 8), ("clean>", 8))
"""The columns with numbers, the most important first, and their cells."""
LEAST_NAMES = 24


def columns(width: int) -> tuple[list[int], list[int]]:
    """Cells for arm, explanation and statistic, and for the columns of numbers that fit."""
    cells = [cells for _, cells in NUMBERS]
    while len(cells) > 1 and width - sum(cells) - 1 < LEAST_NAMES:
        cells.pop()
    room = max(LEAST_NAMES // 2, width - sum(cells) - 1)
    third = min(20, max(12, room // 6), room)
    second = int(0.4 * (room - third))
    return [room - third - second, second, third], cells


class ResultsHeader(Canvas):
    """The names of the columns of `ResultsList`."""

    DEFAULT_CSS = "ResultsHeader { width: 1fr; height: 1; }"

    def draw(self, width: int, height: int) -> list[Strip]:
        """One line."""
        (first, second, third), cells = columns(width)
        names = pad("attack", first) + pad("explained", second) + pad("figure", third)
        numbers = "".join(
            pad(name, room, right=True) for (name, _), room in zip(NUMBERS, cells, strict=False)
        )
        return [line(piece(names + numbers, colors.QUIET))]


def key_of(one: Separation) -> tuple[str, str, str]:
    """What a result is about."""
    return one.arm, one.explanation, one.statistic


class ResultsList(LineList):
    """A line a result; the one under the cursor is drawn beside it."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: Sequence[Separation] = ()
        self._names: dict[str, str] = {}

    def show(self, rows: Sequence[Separation], arms: Sequence[SurveyArm]) -> None:
        """Show these results; the cursor stays on the same figure if it is still there."""
        before = self.current
        self._rows = rows
        self._names = {arm.key: arm.name for arm in arms}
        cursor = self.cursor
        if before is not None:
            keys = [key_of(one) for one in rows]
            cursor = keys.index(key_of(before)) if key_of(before) in keys else 0
        self.set_count(len(rows), cursor)

    @property
    def current(self) -> Separation | None:
        """The result under the cursor."""
        return self._rows[self.cursor] if self.cursor < len(self._rows) else None

    def line(self, index: int, width: int, *, current: bool) -> list[Segment]:
        """Arm, explanation, statistic, AUROC, true positives, paired share."""
        one = self._rows[index]
        (first, second, third), cells = columns(width)
        # Arms differ at both ends of their names: cut what is between.
        arm = fit_middle(safe(self._names.get(one.arm, one.arm)), first - 1)
        share = "–" if not math.isfinite(one.tpr) else f"{100 * one.tpr:.0f} %"
        higher = "–" if not math.isfinite(one.higher) else f"{100 * one.higher:.0f} %"
        clear = math.isfinite(one.low) and not one.low <= 0.5 <= one.high
        ink = style(colors.TEXT, bold=clear)
        numbers = [
            (one.auroc_text, ink),
            (share, style(colors.TEXT)),
            (higher, style(colors.QUIET)),
        ]
        return row(
            [
                (pad(arm, first), style(colors.TEXT)),
                (pad(safe(one.explanation), second - 1) + " ", style(colors.QUIET)),
                (pad(safe(one.statistic), third - 1) + " ", style(colors.TEXT)),
                *(
                    (pad(text, room, right=True), tone)
                    for (text, tone), room in zip(numbers, cells, strict=False)
                ),
            ],
            width,
        )
