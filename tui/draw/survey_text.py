"""How far a survey is and what it has found, as text, on the screen and without one.

May import rich through `tui.draw.text`, never Textual.
"""

from __future__ import annotations

import math

from engine.types import SurveyFrame
from tui.draw.text import compact, duration_text, safe


def status_text(frame: SurveyFrame) -> str:
    """`120 of 200 pictures, 8 left out, 1.3/s, 1:02 left`."""
    parts = [f"{frame.done} of {frame.total} pictures"]
    if frame.wrong:
        parts.append(f"{frame.wrong} left out (network errs)")
    if frame.failed:
        parts.append(f"{frame.failed} failed")
    if frame.rate > 0:
        parts.append(f"{compact(frame.rate)}/s")
    if frame.state == "running" and math.isfinite(frame.seconds_left):
        parts.append(f"{duration_text(frame.seconds_left)} left")
    return ", ".join(parts)


def progress_text(frame: SurveyFrame) -> str:
    """`status_text`, and how much work is left while it is held."""
    text = status_text(frame)
    if frame.state == "paused" and math.isfinite(frame.seconds_left):
        text += f", about {duration_text(frame.seconds_left)} of work left"
    return text


def success_text(frame: SurveyFrame) -> str:
    """Success rates of the attacks so far."""
    parts = [
        f"{safe(arm.name)} {100 * arm.reached / arm.tried:.0f} %"
        for arm in frame.arms
        if arm.control == "attack" and arm.tried
    ]
    return "reached: " + "; ".join(parts) if parts else ""
