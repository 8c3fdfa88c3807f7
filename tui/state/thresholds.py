"""What a threshold that a survey has found says of a value: see `engine.types.thresholds`."""

from __future__ import annotations

import math

from engine.types import Attribution, Evidence, ModelSettings, Prediction
from engine.types.thresholds import Threshold, Thresholds, lookup
from tui.draw.text import compact


def judge(
    thresholds: Thresholds,
    model: ModelSettings,
    evidence: Evidence,
    attribution: Attribution | None,
    prediction: Prediction | None,
    attack: tuple[str, str],
) -> str:
    """What a survey's threshold says of an attribution; empty where none speaks to it.

    Thresholds are about each picture's own top class (`prediction`), and about the samples they
    were found with. `attack` is (method, target), see `lookup`.
    """
    if attribution is None or not evidence.done:
        return ""
    if prediction is not None and attribution.query.class_index != prediction.index:
        return ""
    threshold = lookup(thresholds, model, evidence.settings, attack)
    if threshold is None:
        return ""
    return sentence(threshold, attribution.statistics.get(threshold.statistic, math.nan))


def sentence(threshold: Threshold, value: float) -> str:
    """What the threshold says about a value, and how much that means."""
    if not math.isfinite(value):
        return ""
    beyond = value <= threshold.value if threshold.side == "below" else value >= threshold.value
    where = threshold.side if beyond else f"not {threshold.side}"
    return (
        f"{where.capitalize()} the survey's threshold {compact(threshold.value)} (5 % of clean"
        f" pictures are; AUROC {threshold.auroc:.2f} [{threshold.low:.2f}, {threshold.high:.2f}]"
        f" on {threshold.pairs} pairs, {threshold.arm})."
    )
