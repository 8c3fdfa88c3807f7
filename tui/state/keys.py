"""The keys of the main screen: one table for the bindings, the key line and the help panel.

A screen that fills the window is declared by its line here, `opens("module:Class")`: it is
imported when its key is first pressed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """A key (Textual's names, several parted by commas) and what it does.

    `cap` is how it is written on the screen; `label` stands in the key line, where `rank`
    says how early (0: never); `help` and `group` stand in the help panel.
    """

    keys: str
    action: str
    cap: str
    label: str
    help: str
    group: str
    rank: int = 0


def opens(screen: str, *, needs_picture: bool = False) -> str:
    """The action that opens a screen, named as `module:Class`.

    With `needs_picture` it does so only once a picture is open.
    """
    return f"open_screen({screen!r}, {needs_picture})"


PICTURES, ATTACK, TIME, EVIDENCE, WINDOW = "Pictures", "Attack", "Time", "Evidence", "Window"

KEYS: tuple[Key, ...] = (
    Key("slash", "filter", "/", "filter", "filter the pictures by name", PICTURES, 9),
    Key("enter", "nothing", "enter", "open", "open the picture under the cursor", PICTURES, 8),
    Key("k", "pick_model", "k", "network", "choose another network", PICTURES, 15),
    Key("w", "save", "w", "save", "save the adversarial picture (.npy and .png)", PICTURES, 16),
    Key("space", "play", "space", "play", "play or pause; begins the attack", ATTACK, 1),
    Key("a", "again", "a", "again", "begin the attack anew", ATTACK, 10),
    Key("t", "pick_target", "t", "target", "choose the target class", ATTACK, 3),
    Key("s", "similar", "s", "similar", "attack towards the runner-up class", ATTACK, 12),
    Key("m", "method", "m", "method", "next method", ATTACK, 13),
    Key("plus,equals_sign", "epsilon(1)", "+ −", "epsilon", "larger, smaller epsilon", ATTACK, 4),
    Key("minus", "epsilon(-1)", "", "", "", ATTACK),
    Key("e", "edit", "e", "edit", "edit all settings of the attack", ATTACK, 6),
    Key("r", "seed", "r", "", "next seed", ATTACK),
    Key("right", "step(1)", "← →", "step", "one iteration back, forward", TIME, 2),
    Key("left", "step(-1)", "", "", "", TIME),
    Key("home", "first", "home", "", "to the clean picture", TIME),
    Key("end", "last", "end", "", "to the last iteration", TIME),
    Key("y", "trace", "y", "trace", "evidence on the time axis, on or off", TIME, 14),
    Key("escape", "cancel", "esc", "", "stop what runs", TIME),
    Key("x", "explain", "x", "explain", "explain now", EVIDENCE, 11),
    Key("c", "cycle_class", "c", "class", "next class to explain", EVIDENCE, 11),
    Key("p", "pick_class", "p", "", "pick the class to explain", EVIDENCE),
    Key("b", "edit_explainer", "b", "explainer", "settings of the explainer", EVIDENCE, 17),
    Key("h", "heat_mode", "h", "heat", "signed, absolute or positive evidence", EVIDENCE, 18),
    Key("o", "overlay", "o", "", "evidence over the picture or alone", EVIDENCE),
    Key("f", "scale", "f", "", "one colour scale for both, or one each", EVIDENCE),
    Key("v", opens("tui.screens.juxtaposition:JuxtapositionScreen", needs_picture=True),
        "v", "juxtapose", "five classes of each side together", EVIDENCE, 7),
    Key("u", "auto", "u", "", "evidence follows by itself, or only on x", EVIDENCE),
    Key("g", opens("tui.screens.survey:SurveyScreen"),
        "g", "survey", "the experiment over a whole folder", WINDOW, 8),
    Key("z", opens("tui.screens.zoom:ZoomScreen", needs_picture=True),
        "z", "zoom", "fill the screen with one picture", WINDOW, 5),
    Key("1", "page(1)", "1–4", "", "pages of a small window", WINDOW),
    Key("2", "page(2)", "", "", "", WINDOW),
    Key("3", "page(3)", "", "", "", WINDOW),
    Key("4", "page(4)", "", "", "", WINDOW),
    Key("tab", "app.focus_next", "tab", "", "next part; arrows read values in a heatmap", WINDOW),
    Key("question_mark,f1", opens("tui.screens.help:HelpScreen"),
        "?", "keys", "these keys", WINDOW, 1),
    Key("q", "app.leave", "q", "quit", "quit at once", WINDOW, 1),
)  # fmt: skip
