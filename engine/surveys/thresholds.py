"""What a finished survey leaves for the explorer: see `engine.types.thresholds`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from engine.surveys.experiment import Explanation
from engine.types import ModelSettings, Separation, SurveyArm, SurveyFrame
from engine.types.files import write_atomically
from engine.types.thresholds import Threshold, content_of, default_path, key_of


def remember(
    model: ModelSettings,
    explanations: Mapping[str, Explanation],
    frame: SurveyFrame,
    path: Path | None = None,
) -> None:
    """Keep the thresholds of a survey's end, beside those of others.

    Raises:
        UserError: the file cannot be written.
    """
    path = path or default_path()
    content = content_of(path)
    arms = {arm.key: arm for arm in frame.arms if arm.control == "attack"}
    for name, one in explanations.items():
        rows = [
            asdict(_threshold(row, arms[row.arm]))
            for row in frame.separations
            if (row.explanation, row.statistic) == (name, frame.statistic)
            and row.arm in arms
            and all(map(math.isfinite, (row.threshold, row.low, row.high)))
        ]
        if rows and one.reference == "fixed":
            content[key_of(model, one.settings)] = rows
    text = json.dumps(content, indent=1, allow_nan=False)
    write_atomically(path, lambda file: file.write(text.encode()))


def _threshold(row: Separation, arm: SurveyArm) -> Threshold:
    return Threshold(
        row.statistic,
        row.threshold,
        row.side,
        arm.name,
        arm.attack.method,
        arm.attack.target,
        row.pairs,
        row.auroc,
        row.low,
        row.high,
    )
