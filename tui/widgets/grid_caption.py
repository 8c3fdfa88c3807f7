"""What stands below a heatmap of the juxtaposition."""

from __future__ import annotations

import math

from textual.strip import Strip

from engine.types import Attribution, Score
from tui.draw import colors
from tui.draw.cells import line, piece
from tui.draw.text import compact, fit, percent, safe
from tui.state.sentences import MEAN_ABS, UNKNOWN


def caption_lines(
    attribution: Attribution, score: Score, width: int, count: int, *, chosen: bool
) -> list[Strip]:
    """Class and score of an attribution in `count` (1 or 2) lines of `width` cells.

    In two lines mean |phi| is given, too, with its error (or `±?`) where there is room.
    """
    value = attribution.score_value
    scored = percent(value) if score == "probability" else compact(value)
    room = width - 1 - (len(scored) + 1 if count == 1 else 0)
    title = [
        piece("▸" if chosen else " ", colors.ACCENT),
        piece(safe(attribution.name, room), colors.ACCENT if chosen else colors.TEXT),
    ]
    if count == 1:
        return [line(*title, piece(" " + scored, colors.QUIET))]
    size = attribution.statistics.get(MEAN_ABS, math.nan)
    error = attribution.errors.get(MEAN_ABS, math.nan)
    forms = [f" {scored}  {compact(size)}", f"{scored} {compact(size, 2)}"]
    if math.isfinite(error):
        forms.insert(0, f"{forms[0]} ±{compact(error, 1)}")
    else:
        forms[:0] = [f"{forms[0]} {UNKNOWN}", f"{forms[0]} ±?"]
    figures = next((form for form in forms if len(form) <= width), fit(forms[-1], width))
    return [line(*title), line(piece(figures, colors.QUIET))]
