"""The words and numbers that all share: choices, messages, and text made into values."""

from __future__ import annotations

import math
from difflib import get_close_matches
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]
"""Floating point values; shape and units are stated where it is used."""
ByteArray = npt.NDArray[np.uint8]
"""A picture for display: (H, W, 3), 0..255."""

Method = Literal["fgsm", "bim", "pgd", "mifgsm", "blog"]
StopRule = Literal["never", "success", "matched"]
Score = Literal["logit", "probability"]
Explainer = Literal["expected", "shap", "integrated", "lime"]
LayerForm = Literal["activation", "difference"]
Baseline = Literal["black", "blurred", "mean"]
Side = Literal["clean", "adversarial"]

METHODS: tuple[Method, ...] = get_args(Method)
STOP_RULES: tuple[StopRule, ...] = get_args(StopRule)
SCORES: tuple[Score, ...] = get_args(Score)
EXPLAINERS: tuple[Explainer, ...] = get_args(Explainer)
LAYER_FORMS: tuple[LayerForm, ...] = get_args(LayerForm)
BASELINES: tuple[Baseline, ...] = get_args(Baseline)
TARGET_RULES = ("random", "similar", "nearest", "none")
"""Targets chosen by rule: uniform over the other classes; the runner-up class of the clean
picture; the class whose last-layer weights are nearest; untargeted."""

METHOD_NAMES: dict[Method, str] = {
    "fgsm": "FGSM",
    "bim": "BIM",
    "pgd": "PGD",
    "mifgsm": "MI-FGSM",
    "blog": "blog's loop",
}


class UserError(Exception):
    """Something the user can put right: one sentence with what, which file or setting, and how."""


def suggest(word: str, names: tuple[str, ...] | list[str], count: int = 3) -> str:
    """`": did you mean a, b?"` for the names nearest to `word`, or an empty string."""
    by_key = {name.casefold().replace("_", " "): name for name in reversed(names)}
    key = word.casefold().replace("_", " ")
    close = get_close_matches(key, by_key, n=count, cutoff=0.5)
    close += [name for name in by_key if key and key in name and name not in close]
    return f": did you mean {', '.join(by_key[k] for k in close[:count])}?" if close else ""


def parse_fraction(text: str, what: str = "epsilon") -> float:
    """A number in [0, 1] written as `0.01` or `2.55/255`.

    Raises:
        UserError: not a number, or outside [0, 1].
    """
    number, slash, divisor = text.strip().partition("/")
    try:
        value = float(number) / (float(divisor) if slash else 1.0)
    except (ValueError, ZeroDivisionError):
        raise UserError(
            f"{what} must be a number such as 0.01 or 2.55/255, not {text!r}."
        ) from None
    return check_fraction(value, what)


def fraction_text(value: float) -> str:
    """A fraction that is read back as the very same number: `0.01`, or `4/255` if shorter."""
    parts = round(value * 255)
    exact = f"{parts}/255" if parts and parts / 255 == value else repr(value)
    return min(repr(value), exact, key=len)


def check_fraction(value: float, what: str = "epsilon") -> float:
    """`value` if it lies in [0, 1]; a `UserError` that names `what` otherwise."""
    if not 0.0 <= value <= 1.0:
        units = f"; for 8-bit units write {value:g}/255" if 1.0 < value <= 255.0 else ""
        raise UserError(
            f"{what} must lie between 0 and 1 (pixels are in [0, 1]), not {value:g}{units}."
        )
    return value


def check_choice(value: str, choices: tuple[str, ...], what: str) -> None:
    if value not in choices:
        raise UserError(f"{what} must be one of {', '.join(choices)}, not {value!r}.")


def check_count(value: int, low: int, high: int, what: str) -> None:
    if not low <= value <= high:
        raise UserError(f"{what} must lie between {low} and {high}, not {value}.")


def check_number(value: float, what: str, *, positive: bool = False) -> None:
    """A `UserError` unless `value` is finite and not negative, or above 0 where it must be."""
    if not math.isfinite(value) or value < 0 or (positive and value == 0):
        least = "above 0" if positive else "0 or more"
        raise UserError(f"{what} must be a number, {least}, not {value:g}.")


def find_class(text: str, labels: tuple[str, ...]) -> int:
    """Index of the class called `text` (a name, case and underscores aside, or an index).

    Raises:
        UserError: no such class; names the nearest labels.
    """
    word = text.strip()
    if word.isdecimal():
        index = int(word)
        if index < len(labels):
            return index
        raise UserError(
            f"class {index} does not exist: this network has classes 0 to {len(labels) - 1}."
        )
    key = word.casefold().replace("_", " ")
    for index, label in enumerate(labels):
        if label.casefold().replace("_", " ") == key:
            return index
    some = f": the network has {len(labels)} classes, such as {', '.join(labels[:3])}."
    known = suggest(word, labels) or some
    raise UserError(f"unknown class {word!r}{known}")
