"""The attacks of a survey, and how they have fared."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.cells import cell_len
from textual.strip import Strip

from engine.types import SurveyArm
from tui.draw import charts, colors
from tui.draw.cells import line, notice, piece
from tui.draw.text import fit, fit_apart, pad, safe
from tui.widgets.canvas import Canvas


def result_of(arm: SurveyArm) -> str:
    """`58 % in 3`: the share that reached its goal, and after how many iterations."""
    if arm.control == "noise":
        return "control"
    steps = f" in {arm.steps:g}" if math.isfinite(arm.steps) else ""
    return f"{100 * arm.reached / arm.tried:.0f} %{steps}" if arm.tried else "–"


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
        arms = self._arms[:height]
        lines = []
        results = [result_of(arm) for arm in arms]
        room = max(8, width - cells - 2 - max(map(len, results)))
        names = fit_apart([safe(arm.name) for arm in arms], room)
        for arm, name, result in zip(arms, names, results, strict=True):
            share = arm.reached / arm.tried if arm.tried else 0.0
            drawn = "" if arm.control == "noise" else charts.bar(share, cells)
            name = pad(name, room)
            color = colors.ADVERSARIAL if arm.control == "attack" else colors.QUIET
            lines.append(
                line(
                    piece(name + " ", colors.TEXT),
                    piece(pad(drawn, cells) + " ", color),
                    piece(fit(result, max(0, width - cell_len(name) - cells - 2)), colors.TEXT),
                )
            )
        return lines
