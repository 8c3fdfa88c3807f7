"""Choices that are declared once: a row ties a name to its settings and its behaviour."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Generic, TypeVar

from engine.types.choices import check_choice
from engine.types.errors import BadSetting
from engine.types.fields import Setting, names_of, settings_of, values_of

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that can be chosen.

    `name` is what is typed and stored, `label` what the screen says. `home` is the module that has
    the rest: a settings class called `Settings`, and the behaviour. It is imported on first use,
    and must not import torch while it is, since the screen reads the settings from it.
    """

    name: str
    label: str
    home: str

    @property
    def module(self) -> Any:
        """The module `home`."""
        return import_module(self.home)


class Registry(Mapping[str, Row], Generic[S]):
    """Rows by name, in the order in which they are offered. `S` is what all settings have in
    common, `what` the word for a row in sentences.
    """

    def __init__(self, what: str, *rows: Row) -> None:
        self.what = what
        self._rows = {row.name: row for row in rows}

    def __getitem__(self, name: str) -> Row:
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: Row) -> None:
        """Offer one more."""
        self._rows[row.name] = row

    def remove(self, name: str) -> None:
        """Offer one less."""
        del self._rows[name]

    @property
    def labels(self) -> dict[str, str]:
        """What the screen says for each name."""
        return {row.name: row.label for row in self._rows.values()}

    def settings(self, name: str) -> type[S]:
        """The settings class of a row.

        Raises:
            BadSetting: no such row; names those that there are.
        """
        check_choice(name, self._rows, self.what)
        kind: type[S] = self._rows[name].module.Settings
        return kind

    def row_of(self, settings: S) -> Row:
        """The row that a settings record belongs to."""
        kind = type(settings)
        return next(row for row in self._rows.values() if row.home == kind.__module__)

    def users(self, field: str) -> tuple[str, ...]:
        """Names of the rows that have a use for a field."""
        return tuple(name for name in self if field in settings_of(self.settings(name)))

    def fields(self) -> dict[str, Setting]:
        """The fields of all rows together, in the order in which the records declare them."""
        kinds = [self.settings(name) for name in self]
        known: dict[str, Setting] = {}
        for kind in kinds:
            known = settings_of(kind) | known
        order = dict.fromkeys(name for kind in kinds for name in names_of(kind))
        return {name: known[name] for name in order if name in known}

    def defaults(self, name: str) -> dict[str, Any]:
        """The values that a row's fields have unless they are given."""
        return values_of(self.settings(name)())

    def make(self, name: str, **values: Any) -> S:
        """Checked settings.

        Raises:
            BadSetting: no such row, a field that it has no use for, or a value out of bounds.
        """
        kind = self.settings(name)
        own = names_of(kind, constants=False)
        for field in values:
            if field not in own:
                raise BadSetting(self._useless(field, name))
        return kind(**values)

    def _useless(self, field: str, name: str) -> str:
        users = self.users(field)
        remedy = f", or choose {', '.join(users)}" if users else ""
        word = field.replace("_", " ")
        return f"{self._rows[name].label} has no use for {word}: leave it out{remedy}."

    def switched(self, settings: S, name: str, beside: Mapping[str, Any] | None = None) -> S:
        """The settings of row `name` with the values of `settings`, and of `beside` for fields
        that those lack, as far as it has a use for them.
        """
        values = {**(beside or {}), **values_of(settings)}
        own = settings_of(self.settings(name))
        return self.make(name, **{field: one for field, one in values.items() if field in own})
