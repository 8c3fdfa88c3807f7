"""Thresholds that surveys have calibrated, kept for the explorer's sentence.

One small JSON file beside the app's state; the newest survey of a network and a way to explain
replaces the one before. What cannot be read is ignored.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import platformdirs

from engine.types import ExplainSettings, ModelSettings, SurveyFrame
from tui.draw.text import compact

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


def default_path() -> Path:
    """Where thresholds are kept, by the platform's custom."""
    folder = platformdirs.user_state_dir("xaway-tui", appauthor=False)
    return Path(folder) / "thresholds.json"


def key_of(model: ModelSettings, explain: ExplainSettings) -> str:
    """What a threshold belongs to: the network, and all that changes the values' meaning.

    Weights count by their file's name, so that another path to them does no harm.
    """
    weights = Path(model.weights).name if model.weights else ""
    layer = explain.layer or ""
    form = explain.layer_form if layer else ""
    background = str(Path(explain.background).expanduser().resolve()) if explain.background else ""
    own = {
        "integrated": (explain.baseline,),
        "lime": (str(explain.superpixels), str(explain.features)),
    }.get(explain.explainer, ())
    parts = (model.name, weights, explain.explainer, explain.score, layer, form)
    return "|".join((*parts, f"{explain.smoothing:g}", str(explain.samples), background, *own))


def remember(
    model: ModelSettings,
    explanations: tuple[ExplainSettings, ...],
    frame: SurveyFrame,
    path: Path | None = None,
) -> None:
    """Keep the thresholds of a survey's end.

    Raises:
        OSError: the file cannot be written.
    """
    path = path or default_path()
    found = _read(path)
    arms = {arm.key: arm for arm in frame.arms if arm.control == "attack"}
    for name, explain in zip(frame.explanations, explanations, strict=False):
        rows = [
            asdict(
                Threshold(
                    row.statistic,
                    row.threshold,
                    row.side,
                    arms[row.arm].name,
                    arms[row.arm].attack.method,
                    arms[row.arm].attack.target,
                    row.pairs,
                    row.auroc,
                    row.low,
                    row.high,
                )
            )
            for row in frame.separations
            if row.explanation == name
            and row.statistic == frame.statistic
            and row.arm in arms
            and all(map(math.isfinite, (row.threshold, row.low, row.high)))
        ]
        if rows:
            found[key_of(model, explain)] = rows
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".thresholds-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1, allow_nan=False)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def lookup(
    model: ModelSettings,
    explain: ExplainSettings,
    attack: tuple[str, str],
    path: Path | None = None,
) -> Threshold | None:
    """The threshold for what is being looked at; of several, that of the same (method, target)."""
    try:
        rows = [Threshold(**row) for row in _read(path or default_path())[key_of(model, explain)]]
    except (KeyError, TypeError):
        return None
    rows = [row for row in rows if not row.low <= CLEAR <= row.high]
    same = [r for r in rows if (r.method, r.target) == attack]
    return next(iter(same or rows), None)


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


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
