"""What choices are called on the screen."""

from __future__ import annotations

CLASS_NAMES = {
    "prediction": "each side's prediction",
    "target": "the target",
    "original": "the original class",
}
