"""Fields of a settings record that know how they are called, written, read and bounded.

A field is described once, where it is declared. The command line, forms, panels, lists of a survey
and the identity of a run are derived from that description.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal

from engine.types.choices import (
    check_choice,
    check_count,
    check_fraction,
    check_number,
    fraction_text,
    parse_fraction,
)
from engine.types.errors import BadSetting

Kind = Literal["count", "number", "fraction", "choice", "text", "folder", "layer"]
"""What a value is: a whole number; a number of 0 or more; a number in [0, 1], also written as
k/255; one of `choices`; any text; the path of a folder; the name of one of the network's layers."""

_KEY = "setting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What there is to say of a field beside its value.

    Attributes:
        kind: see `Kind`.
        label: name in forms and panels.
        word: name in sentences, where the field's own would not be understood.
        help: what the command line's help says; `hint` stands behind the field in a form.
        metavar: placeholder in the command line's help.
        low, high: bounds of a whole number, both allowed.
        positive: whether 0 is refused.
        choices, choice_labels: values of a choice, and how the screen calls each, where it differs.
        empty: what stands for None in a form; a field without it takes no None.
        identity: whether the numbers of a survey depend on the value itself, so that it belongs to
            the run's identity and to the key of a threshold.
        panel: its place in the main screen's panel; 0: not shown there.
    """

    kind: Kind
    label: str
    word: str = ""
    help: str = ""
    hint: str = ""
    metavar: str | None = None
    low: int = 0
    high: int = 2**32 - 1
    positive: bool = False
    choices: tuple[str, ...] = ()
    choice_labels: tuple[str, ...] = ()
    empty: str = ""
    identity: bool = True
    panel: int = 0

    @property
    def labels(self) -> dict[str, str]:
        """How the screen calls each of `choices`."""
        return dict(zip(self.choices, self.choice_labels or self.choices, strict=True))

    def check(self, value: Any, name: str) -> None:
        """Refuse a value out of bounds.

        Raises:
            BadSetting: names the field, by `word` or else by its own `name`.
        """
        name = self.word or name.replace("_", " ")
        if value is None:
            return
        if self.kind == "count":
            check_count(value, self.low, self.high, name)
        elif self.kind == "choice":
            check_choice(value, self.choices, name)
        elif self.kind == "fraction":
            check_fraction(value, name)
        if self.kind in ("number", "fraction"):
            check_number(value, name, positive=self.positive)

    def parse(self, text: str, name: str) -> Any:
        """The value that a text stands for; None for an empty one where that means something.

        Raises:
            BadSetting: not such a value, or out of bounds.
        """
        if not text and self.empty:
            return None
        value: Any = text
        if self.kind == "fraction":
            value = parse_fraction(text, name.replace("_", " "))
        elif self.kind in ("count", "number"):
            kind = int if self.kind == "count" else float
            try:
                value = kind(text)
            except ValueError:
                sort = "a whole number" if kind is int else "a number"
                word = self.word or name.replace("_", " ")
                raise BadSetting(f"{word} must be {sort}, not {text!r}.") from None
        self.check(value, name)
        return value

    def text(self, value: Any) -> str:
        """The text that `parse` reads as `value`."""
        if value is None:
            return ""
        if self.kind == "fraction":
            return fraction_text(value)
        return repr(value) if isinstance(value, float) else str(value)


def setting(default: Any, kind: Kind, label: str, **more: Any) -> Any:
    """A dataclass field with its `Setting`."""
    return field(default=default, metadata={_KEY: Setting(kind=kind, label=label, **more)})


def unused(default: Any) -> Any:
    """A field that a record's kind has in general and this one has no use for: a constant."""
    return field(default=default, init=False, repr=False)


def settings_of(record: Any) -> dict[str, Setting]:
    """The fields with a `Setting` of a settings record or class, by name, in their order."""
    return {one.name: one.metadata[_KEY] for one in fields(record) if _KEY in one.metadata}


def names_of(record: Any, *, constants: bool = True) -> tuple[str, ...]:
    """The names of all fields of a record or class in their order, with `unused` ones or not."""
    return tuple(one.name for one in fields(record) if constants or one.init)


def check_settings(record: Any) -> None:
    """Refuse a record with a field out of bounds.

    Raises:
        BadSetting: names the field and its bounds.
    """
    for name, one in settings_of(record).items():
        one.check(getattr(record, name), name)


def values_of(record: Any) -> dict[str, Any]:
    """The values of the fields with a `Setting`, by name."""
    return {name: getattr(record, name) for name in settings_of(record)}


def identity_of(record: Any) -> dict[str, Any]:
    """The values that the numbers depend on: see `Setting.identity`."""
    return {
        name: getattr(record, name) for name, one in settings_of(record).items() if one.identity
    }
