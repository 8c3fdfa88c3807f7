"""Pictures of a survey, by how far their two sides lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from rich.segment import Segment

from engine.types import SurveyedPair
from tui.draw import colors
from tui.draw.cells import style
from tui.draw.rows import row
from tui.draw.text import compact, fit_middle, pad, safe
from tui.widgets.line_list import LineList


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
        distance = f"{pair.separation:+.1f} sd ".rjust(9)
        room = max(8, width - len(distance) - len(values))
        return row(
            [
                (distance, style(colors.ACCENT)),
                (pad(fit_middle(safe(name), room), room), style(colors.TEXT)),
                (values, style(colors.QUIET)),
            ],
            width,
        )
