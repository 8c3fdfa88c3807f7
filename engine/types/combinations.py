"""Lists of settings: every combination of values, for each of several rows of a registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any, TypeVar

from engine.types.errors import BadSetting
from engine.types.fields import settings_of
from engine.types.registry import Registry

S = TypeVar("S")

Axis = Sequence[Mapping[str, Any]]
"""Values by field, one mapping after another; fields of one mapping go together."""


def combinations(registry: Registry[S], names: Sequence[str], *axes: Axis) -> tuple[S, ...]:
    """Settings of every name with every combination of the axes, the last axis running fastest.

    Each name takes the values that it has a use for (see `check_used`); what is then the same is
    made once.

    Raises:
        BadSetting: an unknown name, or a value out of bounds.

    Example:
        >>> sizes = [{"epsilon": 0.01}, {"epsilon": 0.02}]
        >>> [one.epsilon for one in combinations(METHODS, ["fgsm", "pgd"], sizes)]
        [0.01, 0.02, 0.01, 0.02]
    """
    settings: dict[S, None] = {}
    for name in names:
        own = settings_of(registry.settings(name))
        for point in product(*axes):
            values = {k: v for part in point for k, v in part.items() if k in own}
            settings.setdefault(registry.make(name, **values))
    return tuple(settings)


def check_used(registry: Registry[S], names: Sequence[str], fields: Iterable[str]) -> None:
    """Refuse a field that none of the rows `names` has a use for.

    Raises:
        BadSetting: such a field, or an unknown name.
    """
    own = {field for name in names for field in settings_of(registry.settings(name))}
    for field in fields:
        if field not in own:
            users = registry.users(field)
            remedy = f" or add {', '.join(users)}" if users else ""
            none = (
                f"{registry.what} {names[0]} has no"
                if len(names) == 1
                else (f"none of {', '.join(names)} has a")
            )
            raise BadSetting(f"{none} use for {field.replace('_', ' ')}: leave it out{remedy}.")
