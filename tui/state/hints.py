"""The hints of the first minute: one at a time, and never again once used. Pure."""

from __future__ import annotations

from collections.abc import Collection

from engine.types import TARGET_RULES
from tui.draw.text import safe
from tui.state.workspace import Workspace

PLAY, SIMILAR, JUXTAPOSE = "play", "similar", "juxtapose"


def hint(workspace: Workspace, used: Collection[str]) -> tuple[str, str] | None:
    """Name and sentence of the hint that helps now, if any."""
    opened, attack = workspace.picture.opened, workspace.attack
    if opened is None or workspace.network.loading:
        return None
    if attack.frame is None:
        if PLAY in used:
            return None
        target = attack.settings.target
        rule = TARGET_RULES.get(target, safe(target))
        original = safe(opened.original.name)
        return PLAY, f"Press space: the attack on “{original}” starts, towards {rule}."
    if not attack.frame.finished:
        return None
    if SIMILAR not in used and attack.frame.settings.target != "similar":
        return SIMILAR, "Press s: the same attack towards the runner-up, the class most like it."
    if JUXTAPOSE not in used:
        return JUXTAPOSE, "Press v to see the evidence for five classes of each side together."
    return None
