"""The parts of the survey's screen: results, ROC curve, arms, and the pictures at both ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import PurePath

import numpy as np
from rich.segment import Segment
from textual.strip import Strip

from engine.types import Separation, SurveyArm, SurveyedPair
from tui.cli.survey_progress import auroc_text
from tui.draw import charts, colors
from tui.draw.cells import Sheet, line, notice, pack, piece, style
from tui.draw.rows import row
from tui.draw.text import compact, fit_middle, pad, safe
from tui.widgets.canvas import Canvas
from tui.widgets.line_list import LineList

AUROC, TPR, HIGHER = 18, 8, 8
"""Cells of the columns with numbers."""


class ResultsHeader(Canvas):
    """The names of the columns of `ResultsList`."""

    DEFAULT_CSS = "ResultsHeader { width: 1fr; height: 1; }"

    def draw(self, width: int, height: int) -> list[Strip]:
        """One line."""
        first, second, third = columns(width)
        words = pad("attack", first) + pad("explained", second) + pad("figure", third)
        numbers = "".join(
            pad(name, cells, right=True)
            for name, cells in (("AUROC [95 %]", AUROC), ("TPR@5%", TPR), ("clean>", HIGHER))
        )
        return [line(piece(words + numbers, colors.QUIET))]


def columns(width: int) -> tuple[int, int, int]:
    """Cells for arm, explanation and statistic."""
    room = max(24, width - AUROC - TPR - HIGHER - 1)
    third = min(20, max(12, room // 6))
    second = int(0.4 * (room - third))
    return room - third - second, second, third


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
        first, second, third = columns(width)
        # Arms differ at both ends of their names: cut what is between.
        arm = fit_middle(safe(self._names.get(one.arm, one.arm)), first - 1)
        share = "–" if not math.isfinite(one.tpr) else f"{100 * one.tpr:.0f} %"
        higher = "–" if not math.isfinite(one.higher) else f"{100 * one.higher:.0f} %"
        clear = math.isfinite(one.low) and not one.low <= 0.5 <= one.high
        ink = style(colors.TEXT, bold=clear)
        return row(
            [
                (pad(arm, first), style(colors.TEXT)),
                (pad(safe(one.explanation), second - 1) + " ", style(colors.QUIET)),
                (pad(safe(one.statistic), third - 1) + " ", style(colors.TEXT)),
                (pad(auroc_text(one), AUROC, right=True), ink),
                (pad(share, TPR, right=True), style(colors.TEXT)),
                (pad(higher, HIGHER, right=True), style(colors.QUIET)),
            ],
            width,
        )


def key_of(one: Separation) -> tuple[str, str, str]:
    """What a result is about."""
    return one.arm, one.explanation, one.statistic


class RocView(Canvas):
    """True positives over false alarms, with chance as a dashed line."""

    DEFAULT_CSS = "RocView { width: 1fr; height: 1fr; }"

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
        sheet = Sheet(width, height - 2)
        size = (4 * sheet.height, 2 * sheet.width)
        places = one.roc[0] * (size[1] - 1)
        chance = charts.curve(places, one.roc[0], size, dashed=True)
        curve = charts.curve(places, one.roc[1], size)
        for dots, color in ((chance & ~curve, colors.FAINT), (curve, colors.ADVERSARIAL)):
            marks = charts.braille(dots)
            here = marks != " "
            sheet.text[here] = marks[here]
            sheet.fg[here] = pack(color)
        turned = ", reversed" if one.auroc < 0.5 else ""
        flag = f"{one.side} {compact(one.threshold)}" if math.isfinite(one.threshold) else "–"
        head = f"AUROC {one.auroc:.2f}{turned} · {one.pairs} pairs · adversarial if {flag}"
        axis = "0 %" + pad("false alarms 100 %", max(0, width - 3), right=True)
        return [
            line(piece(safe(head, width), colors.TEXT)),
            *sheet.strips(),
            line(piece(axis[:width], colors.QUIET)),
        ]


class ArmsView(Canvas):
    """How the attacks have fared: a bar of the share that reached its goal."""

    DEFAULT_CSS = "ArmsView { width: 1fr; height: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._arms: Sequence[SurveyArm] = ()

    def show(self, arms: Sequence[SurveyArm]) -> None:
        """Show these arms."""
        self._arms = arms
        self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """A line an arm."""
        if not self._arms:
            return notice("No attack yet.", width, height)
        cells = max(4, min(20, width // 5))
        lines = []
        for arm in self._arms[:height]:
            share = arm.reached / arm.tried if arm.tried else 0.0
            steps = f" in {arm.steps:g}" if math.isfinite(arm.steps) else ""
            reached = f"{100 * share:.0f} %{steps}" if arm.tried else "–"
            words = "control" if arm.control == "noise" else reached
            drawn = "" if arm.control == "noise" else charts.bar(share, cells)
            name = pad(safe(arm.name), max(8, width - cells - 16))
            color = colors.ADVERSARIAL if arm.control == "attack" else colors.QUIET
            lines.append(
                line(
                    piece(name + " ", colors.TEXT),
                    piece(pad(drawn, cells) + " ", color),
                    piece(words, colors.TEXT),
                )
            )
        return lines


class PairsList(LineList):
    """Pictures with how far their two sides lie apart; enter opens one in the explorer."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.pairs: Sequence[SurveyedPair] = ()

    def show(self, pairs: Sequence[SurveyedPair]) -> None:
        """Show these pairs."""
        self.pairs = pairs
        self.set_count(len(pairs))

    def line(self, index: int, width: int, *, current: bool) -> list[Segment]:
        """Distance in standard deviations, name, both values."""
        pair = self.pairs[index]
        name = "/".join(PurePath(pair.path).parts[-2:])
        values = f" {compact(pair.clean)} → {compact(pair.adversarial)}"
        distance = pad(f"{pair.separation:+.1f} sd ", 9, right=True)
        room = max(8, width - len(distance) - len(values))
        return row(
            [
                (distance, style(colors.ACCENT)),
                (pad(safe(name), room), style(colors.TEXT)),
                (values, style(colors.QUIET)),
            ],
            width,
        )


def shares(counts: np.ndarray) -> np.ndarray | None:
    """Counts for the histogram; None where there are none."""
    return counts if counts.sum() > 0 else None
