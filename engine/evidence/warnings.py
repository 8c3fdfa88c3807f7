"""What makes evidence hardly mean evidence, in sentences."""

from __future__ import annotations

import math
from dataclasses import replace

from engine.pictures.background import ChosenBackground
from engine.types import Attribution, Evidence, ExplainSettings

CLOSE = 0.02
"""Difference of two probabilities up to which there is next to nothing to explain."""
LOW = 0.1
"""Probability below which that is no fault of the background: the class is in neither."""
CLOSE_LOGIT = 0.1
"""The same of two logits, as a part of their spread over the background: logits have no scale."""


def too_close(one: Attribution, spread: float, settings: ExplainSettings) -> str:
    """A sentence where the mean score over the background is close to the picture's, or none.

    `spread` is the standard deviation of the score over the background, nan where unknown.
    """
    if not settings.has_background or not math.isfinite(one.expected):
        return ""
    difference = abs(one.score_value - one.expected)
    if settings.score == "probability":
        close = difference < CLOSE and one.score_value > LOW
    else:
        close = math.isfinite(spread) and difference <= CLOSE_LOGIT * spread
    if not close:
        return ""
    return (
        f"The background's mean {settings.score} for {one.name} ({one.expected:.3g}) is close to"
        f" the {one.query.side} picture's ({one.score_value:.3g}): this says little of evidence."
    )


def with_background(evidence: Evidence, chosen: ChosenBackground) -> Evidence:
    """The evidence with what there is to tell of its background."""
    return replace(
        evidence,
        note="; ".join(filter(None, (evidence.note, chosen.note))),
        background=chosen.digest,
        warnings=(*chosen.warnings, *evidence.warnings),
    )
