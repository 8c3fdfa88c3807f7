"""The settings of the attack and of the explanation, each with the key that changes it."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from engine.types import METHOD_NAMES, TARGET_RULES, AttackSettings, ExplainSettings
from tui.draw.cells import style
from tui.draw.colors import ACCENT, FAINT, ORIGINAL, QUIET, TARGET, TEXT
from tui.draw.rows import row
from tui.draw.text import compact, pad, safe
from tui.state.workspace import Session
from tui.widgets.canvas import Canvas

STOP_NAMES = {
    "never": "after the last step",
    "success": "on success",
    "matched": "at clean confidence",
}
TARGET_NAMES = {
    "random": "a random class",
    "similar": "the runner-up class",
    "nearest": "the nearest class",
    "none": "none (untargeted)",
}
EXPLAINER_NAMES = {
    "expected": "expected gradients",
    "shap": "shap's explainer",
    "integrated": "integrated gradients",
    "lime": "LIME",
}
CLASS_NAMES = {
    "prediction": "each side's prediction",
    "target": "the target",
    "original": "the original class",
}

Row = tuple[str, str, str, Style]
"""Name, value, key, and the value's colour."""


def epsilon_text(epsilon: float) -> str:
    """Epsilon in both of its units: `0.0100 = 2.55/255`."""
    return f"{epsilon:.4f} = {compact(epsilon * 255)}/255"


def attack_rows(attack: AttackSettings, target: str) -> list[Row]:
    """What the panel says of an attack; `target` is the class that the rule came to, or ''."""
    by_rule = attack.target in TARGET_RULES
    name = safe(target) if by_rule else safe(attack.target)
    size = compact(attack.step_size)
    plain = style(TEXT)
    return [
        ("method", METHOD_NAMES[attack.method], "m", plain),
        ("target", name or "–", "t", style(TARGET)),
        ("chosen as", TARGET_NAMES[attack.target] if by_rule else "picked", "s", plain),
        ("epsilon", epsilon_text(attack.epsilon), "+ −", plain),
        ("alpha", size if attack.alpha is not None else f"{size} (default)", "e", plain),
        ("iterations", str(attack.iterations), "e", plain),
        ("stop", STOP_NAMES[attack.stop], "e", plain),
        ("seed", str(attack.seed), "r", plain),
    ]


def explain_rows(explain: ExplainSettings, chosen: str) -> list[Row]:
    """What the panel says of the explanation of the class `chosen`."""
    plain = style(TEXT)
    where = safe(explain.place) or "pixels"
    return [
        ("explainer", EXPLAINER_NAMES[explain.explainer], "b", plain),
        ("score", explain.score, "b", plain),
        ("layer", where, "b", plain),
        ("samples", f"{explain.samples:,}", "b", plain),
        ("class", chosen, "c p", plain),
    ]


class SettingsPanel(Canvas):
    """The settings, one a line."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: list[Row] = []

    def show(self, session: Session) -> None:
        """Show the settings as they are now."""
        target = ""
        frame = session.frame
        if frame and frame.target and frame.settings.target == session.attack.target:
            target = frame.target.name if frame.settings.seed == session.attack.seed else ""
        chosen = CLASS_NAMES.get(session.class_choice, "")
        if session.class_choice == "picked" and session.picked:
            chosen = safe(session.picked.name)
        original = session.opened.original.name if session.opened else ""
        self._rows = [
            ("original", safe(original) or "–", "", style(ORIGINAL)),
            *attack_rows(session.attack, target),
            ("", "", "", style(TEXT)),
            *explain_rows(session.explain, chosen),
        ]
        self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """Name, value, key."""
        lines = []
        for name, value, key, ink in self._rows[:height]:
            room = max(0, width - 11 - 5)
            parts: list[Segment] = row(
                [
                    (pad(name, 11), style(QUIET)),
                    (pad(value, room), ink),
                    (pad(key, 5, right=True), style(ACCENT if key else FAINT)),
                ],
                width,
            )
            lines.append(Strip(parts))
        return lines
