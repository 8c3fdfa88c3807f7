"""The hints of the first minute: one at a time, and never again once used. Pure."""

from __future__ import annotations

from collections.abc import Collection

from tui.draw.text import safe
from tui.state.workspace import Session
from tui.widgets.settings_panel import TARGET_NAMES

PLAY, SIMILAR, JUXTAPOSE = "play", "similar", "juxtapose"


def hint(session: Session, used: Collection[str]) -> tuple[str, str] | None:
    """Name and sentence of the hint that helps now, if any."""
    if session.opened is None or session.loading:
        return None
    frame = session.frame
    if frame is None:
        if PLAY in used:
            return None
        rule = TARGET_NAMES.get(session.attack.target, safe(session.attack.target))
        original = safe(session.opened.original.name)
        return PLAY, f"Press space: the attack on “{original}” starts, towards {rule}."
    if not frame.finished:
        return None
    if SIMILAR not in used and frame.settings.target != "similar":
        return SIMILAR, "Press s: the same attack towards the runner-up, the class most like it."
    if JUXTAPOSE not in used:
        return JUXTAPOSE, "Press v to see the evidence for five classes of each side together."
    return None
