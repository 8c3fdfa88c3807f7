"""The attacks of a survey, and how they have fared."""

from __future__ import annotations

import math
from collections.abc import Sequence

from textual.strip import Strip

from engine.types import SurveyArm
from tui.draw import charts, colors
from tui.draw.cells import line, notice, piece
from tui.draw.text import pad, safe
from tui.widgets.canvas import Canvas


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
            result = "control" if arm.control == "noise" else reached
            drawn = "" if arm.control == "noise" else charts.bar(share, cells)
            name = pad(safe(arm.name), max(8, width - cells - 16))
            color = colors.ADVERSARIAL if arm.control == "attack" else colors.QUIET
            lines.append(
                line(
                    piece(name + " ", colors.TEXT),
                    piece(pad(drawn, cells) + " ", color),
                    piece(result, colors.TEXT),
                )
            )
        return lines
