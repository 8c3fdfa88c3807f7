"""What is kept of a picture: plain numbers that go to disk and come back without loss.

JSON keeps every digit of a float; what is not a number is null. Features are float32,
little-endian, base64.
"""

from __future__ import annotations

import base64
import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

State = Literal["done", "wrong", "failed"]
FEATURES = 128
"""Equal blocks of the sorted attribution whose means are the features of a detector."""


@dataclass(frozen=True, slots=True)
class Figures:
    """An attribution in numbers: statistics with standard errors (keys of
    `engine.types.statistics.STATISTICS`), completeness gap, mean score of the background,
    samples drawn, and the sorted values in compact form (see `pack_features`).
    """

    statistics: dict[str, float]
    errors: dict[str, float]
    score: float
    expected: float
    gap: float
    samples: int
    features: str


@dataclass(frozen=True, slots=True)
class ArmRecord:
    """A picture under one arm, at the iterate that counts.

    `target` is None when there is none; `success_step` the first step that reached the goal
    (None: never); `step` the iterate that was measured and explained, `reached` whether it meets
    the arm's goal. Distances in [0, 1] units. `adversarial` holds that side's figures by
    explanation, `clean` those of the clean side that depend on the arm, since the pair is their
    background; both are empty where nothing was explained.
    """

    key: str
    seed: int
    target: int | None
    step: int
    success_step: int | None
    reached: bool
    prediction: int
    confidence: float
    probability_target: float
    probability_original: float
    linf: float
    l2: float
    clean: dict[str, Figures] = field(default_factory=dict)
    adversarial: dict[str, Figures] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PictureRecord:
    """A finished item. `wrong`: the network errs, left out. `failed`: `reason` says why.

    `labels` are the classes that count as right, `prediction` the top class of the clean picture
    and `confidence` its probability; `clean` the clean side's figures by explanation, but for those
    that depend on the arm.
    """

    index: int
    name: str
    state: State
    reason: str = ""
    labels: tuple[int, ...] = ()
    prediction: int = -1
    confidence: float = float("nan")
    clean: dict[str, Figures] = field(default_factory=dict)
    arms: tuple[ArmRecord, ...] = ()


def to_json(record: PictureRecord) -> dict[str, Any]:
    """A record as JSON's own types; nan becomes None."""
    plain: dict[str, Any] = _plain(asdict(record))
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value


def from_json(plain: dict[str, Any]) -> PictureRecord:
    """The record that `to_json` made `plain` of.

    Raises:
        KeyError, TypeError: of another form.
    """
    values = dict(plain)
    values["labels"] = tuple(plain["labels"])
    values["confidence"] = _number(plain["confidence"])
    values["clean"] = _figures(plain["clean"])
    values["arms"] = tuple(_arm(each) for each in plain["arms"])
    return PictureRecord(**values)


def _arm(plain: dict[str, Any]) -> ArmRecord:
    values = dict(plain)
    for name in ("confidence", "probability_target", "probability_original", "linf", "l2"):
        values[name] = _number(plain[name])
    for side in ("clean", "adversarial"):
        values[side] = _figures(plain[side])
    return ArmRecord(**values)


def _figures(plain: dict[str, dict[str, Any]]) -> dict[str, Figures]:
    figures = {}
    for explanation, each in plain.items():
        values = dict(each)
        for name in ("statistics", "errors"):
            values[name] = {key: _number(value) for key, value in each[name].items()}
        for name in ("score", "expected", "gap"):
            values[name] = _number(each[name])
        figures[explanation] = Figures(**values)
    return figures


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def pack_features(values: npt.NDArray[np.floating]) -> str:
    """The sorted values, largest first, averaged over `FEATURES` blocks of nearly equal size.

    With fewer values than blocks each value is a block.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64).ravel())[::-1]
    edges = np.linspace(0, len(ordered), min(FEATURES, len(ordered)) + 1).astype(int)
    means = np.add.reduceat(ordered, edges[:-1]) / np.diff(edges)
    return base64.b64encode(means.astype("<f4").tobytes()).decode("ascii")


def unpack_features(text: str) -> npt.NDArray[np.float64]:
    """What `pack_features` packed."""
    return np.frombuffer(base64.b64decode(text), dtype="<f4").astype(np.float64)
