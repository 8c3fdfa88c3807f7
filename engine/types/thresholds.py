"""Thresholds that surveys have found, kept for the explorer's sentence: a small JSON file.

Here is what they are and how they are read; `engine.surveys.thresholds` writes them. The newest
survey of a network and a way to explain replaces the one before. What cannot be read is ignored.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import platformdirs

from engine.types.fields import identity_of, settings_of
from engine.types.settings import ExplainSettings, ModelSettings

CLEAR = 0.5
"""An AUROC whose interval holds this value tells nothing, and gives no threshold."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """Beyond `value` ("below" or "above") 5 % of `pairs` clean pictures lie; see `Separation`.

    `arm` names the attack against which `auroc` (with its interval) was found.
    """

    statistic: str
    value: float
    side: str
    arm: str
    method: str
    target: str
    pairs: int
    auroc: float
    low: float
    high: float


Thresholds = Mapping[str, tuple[Threshold, ...]]
"""The thresholds of each `key_of`."""


def default_path() -> Path:
    """Where thresholds are kept, by the platform's custom."""
    folder = platformdirs.user_state_dir("xaway-tui", appauthor=False)
    return Path(folder) / "thresholds.json"


def key_of(model: ModelSettings, explain: ExplainSettings) -> str:
    """What a threshold belongs to: the network, the background, and all that changes the values'
    meaning.

    Weights count by their file's name, so that another path to them does no harm.
    """
    return json.dumps(
        {
            "model": model.name,
            "weights": _file_name(model.weights),
            "explainer": explain.explainer,
            "background": _resolved(explain.background),
            **identity_of(explain),
        }
    )


def _old_key_of(model: ModelSettings, explain: ExplainSettings) -> str:
    """The key under which earlier versions wrote."""
    layer = explain.layer or ""
    form = explain.layer_form if "layer_form" in settings_of(explain) else "activation"
    names = {"integrated": ("baseline",), "lime": ("superpixels", "features")}
    own = [str(getattr(explain, name)) for name in names.get(explain.explainer, ())]
    parts = [model.name, _file_name(model.weights), explain.explainer, explain.score, layer]
    parts += [form if layer else "", f"{explain.smoothing:g}", str(explain.samples)]
    return "|".join([*parts, _resolved(explain.background), *own])


def _file_name(weights: str | None) -> str:
    return Path(weights).name if weights else ""


@lru_cache(maxsize=64)
def _resolved(folder: str | None) -> str:
    return str(Path(folder).expanduser().resolve()) if folder else ""  # asks the disk: once


def read(path: Path | None = None) -> Thresholds:
    """All thresholds kept; entries that cannot be understood are left out."""
    thresholds = {}
    for key, rows in content_of(path or default_path()).items():
        try:
            thresholds[key] = tuple(Threshold(**row) for row in rows)
        except TypeError:
            continue
    return thresholds


def content_of(path: Path) -> dict[str, Any]:
    """The file as it is, empty where it is missing or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _tells(row: Threshold) -> bool:
    """Whether all its figures are known, and its interval does not hold `CLEAR`."""
    known = all(map(math.isfinite, (row.value, row.auroc, row.low, row.high)))
    return known and not row.low <= CLEAR <= row.high


def lookup(
    thresholds: Thresholds, model: ModelSettings, explain: ExplainSettings, attack: tuple[str, str]
) -> Threshold | None:
    """The threshold for what is being looked at; of several, that of the same (method, target)."""
    rows = thresholds.get(key_of(model, explain)) or thresholds.get(_old_key_of(model, explain), ())
    rows = tuple(row for row in rows if _tells(row))
    same = tuple(row for row in rows if (row.method, row.target) == attack)
    return next(iter(same or rows), None)
