"""Attacks and explanations of a survey, written as lists: on the command line and in the form.

Which fields there are comes from the registries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from engine.types import Registry, Setting, UserError, check_used, combinations, settings_of
from engine.types.combinations import Axis
from engine.types.survey import RULES

S = TypeVar("S")

LISTS = ("epsilon", "target", "layer", "layer_form", "score", "smoothing")
"""Fields that take a list: arms and explanations are all combinations, the first one outermost."""
DECIDED = ("seed", "stop", "seconds")
"""Fields that are not the user's: each picture has its own seed, attacks run to their last step and
have matched ones beside them, and no explanation is ended by the clock."""
PIXELS = "input"
DEFAULTS = {
    "target": ",".join(RULES),
    "layer": PIXELS,
    "background": "50 of the folder's pictures",
}
"""What is meant where nothing is given, in words where that is not the same as in a single run."""


def fields(registry: Registry[S]) -> dict[str, Setting]:
    """The fields that a survey asks for, lists first."""
    own = {name: one for name, one in registry.fields().items() if name not in DECIDED}
    return {name: own[name] for name in dict.fromkeys([*LISTS, *own]) if name in own}


def settings(registry: Registry[S], listed: str, texts: Mapping[str, str]) -> tuple[S, ...]:
    """Settings of every name that is listed, with every combination of the lists in `texts`.

    Each name takes the fields that it has a use for; those that are not in `texts` have their
    defaults.

    Raises:
        UserError: an unknown name, a wrong text, or one for a field that no listed name has a use
            for.

    Example:
        >>> len(settings(METHODS, "bim,fgsm", {"epsilon": "0.01,8/255", "target": "random"}))
        4
    """
    names = words(listed, registry.what)
    values: dict[str, list[Any]] = {}
    for name, one in fields(registry).items():
        text = texts.get(name)
        if text is None and name == "target":
            text = DEFAULTS[name]
        if text is not None:
            word = name.replace("_", " ")
            each = words(text, word) if name in LISTS else (text,)
            values[name] = [one.parse(part, word) for part in each]
    forms = values.pop("layer_form", [])
    axes: list[Axis] = [
        _places(each, forms) if name == "layer" else [{name: value} for value in each]
        for name, each in values.items()
    ]
    points = (point for axis in axes for point in axis)
    check_used(registry, names, [*texts, *(name for point in points for name in point)])
    return combinations(registry, names, *axes)


def _places(layers: Sequence[str], forms: Sequence[str]) -> Axis:
    """Pixels, and each layer in each form; a form behind a layer's name goes before `forms`."""
    places: list[dict[str, str | None]] = []
    for text in layers:
        layer, _, form = text.partition(":")
        if layer == PIXELS:
            places.append({"layer": None})
        elif form or forms:
            places += [{"layer": layer, "layer_form": one} for one in ([form] if form else forms)]
        else:
            places.append({"layer": layer})
    return places


def texts_of(registry: Registry[S], records: Sequence[S]) -> dict[str, str]:
    """The texts that `settings` makes `records` of, for the fields that one of them has a use for;
    forms stand behind their layers.
    """
    texts = {}
    for name, one in fields(registry).items():
        users = [record for record in records if name in settings_of(record)]
        if users and name != "layer_form":
            texts[name] = ",".join(dict.fromkeys(_text(record, name, one) for record in users))
    return texts


def _text(record: Any, name: str, one: Setting) -> str:
    if name != "layer":
        return one.text(getattr(record, name))
    form = "" if record.layer_form == type(record)().layer_form else f":{record.layer_form}"
    return PIXELS if record.layer is None else f"{record.layer}{form}"


def words(text: str, what: str) -> tuple[str, ...]:
    """The words of a list with commas.

    Raises:
        UserError: none, or one twice.
    """
    listed = tuple(word.strip() for word in text.split(",") if word.strip())
    if not listed or len(set(listed)) < len(listed):
        raise UserError(f"{what} must name at least one, and none twice.")
    return listed
