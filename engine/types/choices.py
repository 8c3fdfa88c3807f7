"""The choices and numbers that all share, and how they are checked."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from engine.types.errors import BadSetting

FloatArray = npt.NDArray[np.floating]
"""Floating point values; shape and units are stated where it is used."""
ByteArray = npt.NDArray[np.uint8]
"""A picture for display: (H, W, 3), 0..255."""

StopRule = Literal["never", "success", "matched"]
Score = Literal["logit", "probability"]
LayerForm = Literal["activation", "difference"]
Baseline = Literal["black", "blurred", "mean"]
Side = Literal["clean", "adversarial"]

STOP_RULES: tuple[StopRule, ...] = get_args(StopRule)
SCORES: tuple[Score, ...] = get_args(Score)
LAYER_FORMS: tuple[LayerForm, ...] = get_args(LayerForm)
BASELINES: tuple[Baseline, ...] = get_args(Baseline)
TARGET_RULES = {
    "random": "a random class",
    "similar": "the runner-up class",
    "nearest": "the nearest class",
    "none": "none (untargeted)",
}
"""Targets chosen by rule, as the screen calls them: uniform over the other classes; the runner-up
class of the clean picture; the class whose last-layer weights are nearest; untargeted."""


def parse_fraction(text: str, what: str = "epsilon") -> float:
    """A number in [0, 1] written as `0.01` or `2.55/255`.

    Raises:
        BadSetting: not a number, or outside [0, 1].
    """
    number, slash, divisor = text.strip().partition("/")
    try:
        value = float(number) / (float(divisor) if slash else 1.0)
    except (ValueError, ZeroDivisionError):
        raise BadSetting(
            f"{what} must be a number such as 0.01 or 2.55/255, not {text!r}."
        ) from None
    return check_fraction(value, what)


def fraction_text(value: float) -> str:
    """A fraction that is read back as the very same number: `0.01`, or `4/255` if shorter."""
    parts = round(value * 255)
    exact = f"{parts}/255" if parts and parts / 255 == value else repr(value)
    return min(repr(value), exact, key=len)


def check_fraction(value: float, what: str = "epsilon") -> float:
    """`value` if it lies in [0, 1]; a `BadSetting` that names `what` otherwise."""
    if not 0.0 <= value <= 1.0:
        units = f"; for 8-bit units write {value:g}/255" if 1.0 < value <= 255.0 else ""
        raise BadSetting(
            f"{what} must lie between 0 and 1 (pixels are in [0, 1]), not {value:g}{units}."
        )
    return value


def check_choice(value: str, choices: Iterable[str], what: str) -> None:
    choices = tuple(choices)
    if value not in choices:
        raise BadSetting(f"{what} must be one of {', '.join(choices)}, not {value!r}.")


def check_count(value: int, low: int, high: int, what: str) -> None:
    if not low <= value <= high:
        raise BadSetting(f"{what} must lie between {low} and {high}, not {value}.")


def check_number(value: float, what: str, *, positive: bool = False) -> None:
    """A `BadSetting` unless `value` is finite and not negative, or above 0 where it must be."""
    if not math.isfinite(value) or value < 0 or (positive and value == 0):
        least = "above 0" if positive else "0 or more"
        raise BadSetting(f"{what} must be a number, {least}, not {value:g}.")
