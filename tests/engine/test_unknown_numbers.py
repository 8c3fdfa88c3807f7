"""A number that is not known decides nothing."""

from __future__ import annotations

from dataclasses import fields, replace
from math import nan

import numpy as np
import pytest

from engine.surveys.detectors import detect
from engine.types import ModelSettings, explain_settings
from engine.types.thresholds import Threshold, key_of, lookup


def threshold() -> Threshold:
    """One that tells: its interval does not hold 0.5."""
    known = {"value": 2.0, "auroc": 0.8, "low": 0.7, "high": 0.9, "pairs": 50, "side": "below"}
    rest = {field.name: "x" for field in fields(Threshold) if field.name not in known}
    return Threshold(**(rest | known))


@pytest.mark.parametrize("name", ["value", "auroc", "low", "high"])
def test_a_threshold_with_an_unknown_figure_speaks_for_nothing(name: str) -> None:
    model, explain = ModelSettings("a network"), explain_settings()
    key, row = key_of(model, explain), threshold()
    assert lookup({key: (row,)}, model, explain, ("pgd", "")) == row
    unknown = replace(row, **{name: nan})
    assert lookup({key: (unknown,)}, model, explain, ("pgd", "")) is None


def test_pairs_with_an_unknown_value_are_left_out() -> None:
    rng = np.random.default_rng(0)
    clean, other = rng.normal(1.0, 1.0, 30), rng.normal(0.0, 1.0, 30)
    more = np.append(clean, [nan, 5.0]), np.append(other, [0.0, nan])
    one, two = detect(clean, other, 0), detect(*more, 0)
    assert (one.auroc, one.low, one.high, one.side) == (two.auroc, two.low, two.high, two.side)
    assert np.isnan(detect(np.array([nan]), np.array([1.0]), 0).auroc)
