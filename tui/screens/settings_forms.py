"""The forms for the attack's and the explainer's settings, derived from the registries. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from engine.types import (
    EXPLAINERS,
    METHODS,
    TARGET_RULES,
    AttackSettings,
    ExplainSettings,
    ModelInfo,
    Registry,
    find_class,
    settings_of,
    values_of,
)
from tui.screens.form import Field
from tui.screens.picker import Choice

S = TypeVar("S")


def target_choices(labels: tuple[str, ...]) -> tuple[Choice, ...]:
    """The rules, then all classes."""
    rules = (Choice(rule, shown, rule) for rule, shown in TARGET_RULES.items())
    return (*rules, *class_choices(labels))


def class_choices(labels: tuple[str, ...]) -> tuple[Choice, ...]:
    """All classes: the index is the value, since names may repeat."""
    return tuple(
        Choice(str(index), name.replace("_", " "), str(index)) for index, name in enumerate(labels)
    )


def target_setting(value: str, labels: tuple[str, ...]) -> str:
    """A picked value as a setting: a rule, or the class's name where it names one class only."""
    if value in TARGET_RULES or not value.isdecimal():
        return value
    name = labels[int(value)]
    alone = name not in TARGET_RULES and labels.count(name) == 1 and not name.isdecimal()
    return name if alone and find_class(name, labels) == int(value) else value


def registry_fields(
    registry: Registry[S],
    chosen: str,
    values: Mapping[str, Any],
    layers: tuple[str, ...] = (),
) -> list[Field]:
    """A row for the choice, and one for each field that any choice has a use for.

    `values` are what the fields hold; those that it lacks have their defaults. Only the rows that
    the choice has a use for are shown.
    """
    rows = [Field(registry.what, registry.what, chosen, tuple(registry), registry.labels)]
    for name, one in registry.fields().items():
        users = registry.users(name)
        value = values[name] if name in values else registry.defaults(users[0])[name]
        picks = (Choice("", one.empty), *(Choice(layer, layer) for layer in layers))
        rows.append(
            Field(
                name,
                one.label,
                one.text(value),
                one.choices,
                one.labels,
                picks if one.kind == "layer" else (),
                one.empty,
                one.hint,
                () if len(users) == len(registry) else (registry.what, users),
            )
        )
    return rows


def build_record(registry: Registry[S], texts: Mapping[str, str]) -> S:
    """The settings of a form's texts; those of rows that are not shown do not count.

    Raises:
        UserError: a text that is no such value, or a value out of bounds.
    """
    chosen = texts[registry.what]
    own = settings_of(registry.settings(chosen))
    values = {name: one.parse(texts[name], name) for name, one in own.items()}
    return registry.make(chosen, **values)


def attack_fields(attack: AttackSettings, others: Mapping[str, Any] | None = None) -> list[Field]:
    """The rows of the attack's form; `others` are values of fields that the method has not."""
    return registry_fields(METHODS, attack.method, {**(others or {}), **values_of(attack)})


def build_attack(labels: tuple[str, ...]) -> Callable[[dict[str, str]], AttackSettings]:
    """A builder that knows the network's classes (an empty tuple: they are not checked)."""

    def build(texts: dict[str, str]) -> AttackSettings:
        target = texts["target"] or "random"
        if labels and target not in TARGET_RULES:
            target = target_setting(str(find_class(target, labels)), labels)
        return build_record(METHODS, {**texts, "target": target})

    return build


def explain_fields(
    explain: ExplainSettings, info: ModelInfo | None, others: Mapping[str, Any] | None = None
) -> list[Field]:
    """The rows of the explainer's form; `others` are values of fields that it has no use for."""
    values = {**(others or {}), **values_of(explain)}
    layers = info.layers if info else ()
    return registry_fields(EXPLAINERS, explain.explainer, values, layers)


def build_explain(texts: dict[str, str]) -> ExplainSettings:
    """The explainer's settings of the form's texts."""
    return build_record(EXPLAINERS, texts)
