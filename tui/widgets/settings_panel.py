"""The settings of the attack and of the explanation, each with the key that changes it."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from engine.types import (
    EXPLAINERS,
    METHODS,
    TARGET_RULES,
    AttackSettings,
    ExplainSettings,
    settings_of,
)
from tui.draw.cells import style
from tui.draw.colors import ACCENT, FAINT, ORIGINAL, QUIET, TARGET, TEXT
from tui.draw.rows import row
from tui.draw.text import compact, pad, safe
from tui.state.names import CLASS_NAMES
from tui.state.workspace import Workspace
from tui.widgets.canvas import Canvas

Row = tuple[str, str, str, Style]
"""Name, value, key, and the value's colour."""


def epsilon_text(epsilon: float) -> str:
    """Epsilon in both of its units: `0.0100 = 2.55/255`."""
    return f"{epsilon:.4f} = {compact(epsilon * 255)}/255"


def panel_rows(
    record: AttackSettings | ExplainSettings, keys: dict[str, str], key: str
) -> list[Row]:
    """A row for each field that the panel shows, in its order; `key` where `keys` has none."""
    shown = [(name, one) for name, one in settings_of(record).items() if one.panel]
    rows = []
    for name, one in sorted(shown, key=lambda pair: pair[1].panel):
        value = getattr(record, name)
        text = one.labels.get(value) or safe(one.text(value)) or one.empty
        if one.kind == "count" and name != "seed":
            text = f"{value:,}"
        rows.append((one.label, text, keys.get(name, key), style(TEXT)))
    return rows


def attack_rows(attack: AttackSettings, target: str) -> list[Row]:
    """What the panel says of an attack; `target` is the class that the rule came to, or ''."""
    by_rule = attack.target in TARGET_RULES
    name = safe(target) if by_rule else safe(attack.target)
    size = compact(attack.step_size)
    plain = style(TEXT)
    own = {
        "target": [
            ("target", name or "–", "t", style(TARGET)),
            ("chosen as", TARGET_RULES[attack.target] if by_rule else "picked", "s", plain),
        ],
        "epsilon": [("epsilon", epsilon_text(attack.epsilon), "+ −", plain)],
        "alpha": [("alpha", size if attack.alpha is not None else f"{size} (default)", "e", plain)],
    }
    rows: list[Row] = [(METHODS.what, METHODS[attack.method].label, "m", plain)]
    for one in panel_rows(attack, {"seed": "r"}, "e"):
        rows += own.get(one[0], [one])
    return rows


def explain_rows(explain: ExplainSettings, chosen: str) -> list[Row]:
    """What the panel says of the explanation of the class `chosen`."""
    plain = style(TEXT)
    rows: list[Row] = [(EXPLAINERS.what, EXPLAINERS[explain.explainer].label, "b", plain)]
    where: Row = ("layer", safe(explain.place) or "pixels", "b", plain)
    rows += [where if one[0] == "layer" else one for one in panel_rows(explain, {}, "b")]
    return [*rows, ("class", chosen, "c p", plain)]


class SettingsPanel(Canvas):
    """The settings, one a line."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: list[Row] = []

    def show(self, workspace: Workspace) -> None:
        """Show the settings as they are now."""
        target, frame, attack = "", workspace.attack.frame, workspace.attack.settings
        if frame and frame.target and frame.settings.target == attack.target:
            target = frame.target.name if frame.settings.seed == attack.seed else ""
        explained = workspace.explained_class
        chosen = CLASS_NAMES.get(explained.choice, "")
        if explained.choice == "picked" and explained.picked:
            chosen = safe(explained.picked.name)
        opened = workspace.picture.opened
        original = opened.original.name if opened else ""
        self._rows = [
            ("original", safe(original) or "–", "", style(ORIGINAL)),
            *attack_rows(attack, target),
            ("", "", "", style(TEXT)),
            *explain_rows(workspace.explain, chosen),
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
