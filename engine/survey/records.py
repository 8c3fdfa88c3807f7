"""What is kept of a picture: plain numbers that go to disk and come back without loss.

JSON keeps every digit of a float; what is not a number is null. Features are float32,
little-endian, base64.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

State = Literal["done", "wrong", "failed"]
FEATURES = 128
"""Equal blocks of the sorted attribution whose means are the features of a detector."""


@dataclass(frozen=True, slots=True)
class Figures:
    """An attribution in numbers: statistics with standard errors (keys of
    `engine.evidence.statistics.STATISTICS`), completeness gap, mean score of the background,
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
    the arm's goal. Distances in [0, 1] units. `fixed` holds the adversarial side's figures for
    each explanation, `pair` (clean, adversarial) with the pair itself as background, of the
    first explanation; both are empty where nothing was explained.
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
    fixed: tuple[Figures, ...] = ()
    pair: tuple[Figures, ...] = ()


@dataclass(frozen=True, slots=True)
class PictureRecord:
    """A finished item. `wrong`: the network errs, left out. `failed`: `reason` says why.

    `labels` are the classes that count as right, `prediction` the top class of the clean picture
    and `confidence` its probability; `fixed` the clean side's figures for each explanation.
    """

    index: int
    name: str
    state: State
    reason: str = ""
    labels: tuple[int, ...] = ()
    prediction: int = -1
    confidence: float = float("nan")
    fixed: tuple[Figures, ...] = ()
    arms: tuple[ArmRecord, ...] = ()


def to_json(record: PictureRecord) -> dict[str, Any]:
    """A record as JSON's own types; nan becomes None."""
    found = _plain(asdict(record))
    assert isinstance(found, dict)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value


def from_json(found: dict[str, Any]) -> PictureRecord:
    """The record that `to_json` made `found` of.

    Raises:
        KeyError, TypeError: of another form.
    """
    fields = dict(found)
    fields["labels"] = tuple(found["labels"])
    fields["confidence"] = _number(found["confidence"])
    fields["fixed"] = _figures(found["fixed"])
    fields["arms"] = tuple(_arm(each) for each in found["arms"])
    return PictureRecord(**fields)


def _arm(found: dict[str, Any]) -> ArmRecord:
    fields = dict(found)
    for name in ("confidence", "probability_target", "probability_original", "linf", "l2"):
        fields[name] = _number(found[name])
    fields["fixed"], fields["pair"] = _figures(found["fixed"]), _figures(found["pair"])
    return ArmRecord(**fields)


def _figures(found: Sequence[dict[str, Any]]) -> tuple[Figures, ...]:
    figures = []
    for each in found:
        fields = dict(each)
        for name in ("statistics", "errors"):
            fields[name] = {key: _number(value) for key, value in each[name].items()}
        for name in ("score", "expected", "gap"):
            fields[name] = _number(each[name])
        figures.append(Figures(**fields))
    return tuple(figures)


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
