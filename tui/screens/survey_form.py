"""The form of a survey: pure field list and builder, derived from the registries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from engine.types import (
    EXPLAINERS,
    METHODS,
    TARGET_RULES,
    Execution,
    Experiment,
    ModelSettings,
    Registry,
    UserError,
)
from tui.screens.form import Field
from tui.state import survey_lists as lists

S = TypeVar("S")

PICTURES, SEED = "Pictures", "Seed"
HINTS = {
    "target": ", ".join(TARGET_RULES),
    "layer": "input, layer, layer:difference",
}
"""What a survey says of a field where that is not what a single run says."""


def survey_fields(experiment: Experiment, execution: Execution) -> list[Field]:
    """Rows of the form, with the settings' values."""
    limit = "" if experiment.limit is None else str(experiment.limit)
    references = ",".join(experiment.references)
    return [
        Field("folder", "Folder", experiment.folder, hint="pictures, or a folder a class"),
        Field("out", "Results in", execution.out, hint="an earlier run goes on"),
        Field("limit", PICTURES, limit, empty="all", hint="drawn by the seed"),
        *_rows(METHODS, [one.method for one in experiment.attacks], experiment.attacks),
        *_rows(
            EXPLAINERS, [one.explainer for one in experiment.explanations], experiment.explanations
        ),
        Field("references", "References", references, hint="fixed, pair"),
        Field("seed", SEED, str(experiment.seed)),
    ]


def _rows(registry: Registry[S], names: Sequence[str], records: Sequence[S]) -> list[Field]:
    """A row for the names, and one for each field that any name has a use for."""
    what, listed = registry.what, ",".join(dict.fromkeys(names))
    rows = [Field(what, f"{what.capitalize()}s", listed, hint=", ".join(registry))]
    texts = lists.texts_of(registry, records)
    for name, one in lists.fields(registry).items():
        if name == "layer_form":  # stands behind the layer's name
            continue
        users = registry.users(name)
        value = texts.get(name, one.text(registry.defaults(users[0])[name]))
        label = one.label.capitalize() + ("s" if name in lists.LISTS else "")
        hint = HINTS.get(name) or ", ".join(one.choices) or one.hint
        empty = lists.DEFAULTS.get(name, one.empty)
        only = () if len(users) == len(registry) else (what, users)
        rows.append(Field(name, label, value, empty=empty, hint=hint, only=only))
    return rows


def build_survey(texts: dict[str, str], model: ModelSettings) -> tuple[Experiment, Execution]:
    """What the form's texts ask for, and where; those of rows that are not shown do not count.

    Raises:
        UserError: one of them is wrong.
    """
    if not texts["folder"] or not texts["out"]:
        raise UserError("a survey needs a folder of pictures, and one for its results.")
    experiment = Experiment(
        folder=texts["folder"],
        model=model,
        attacks=_settings(METHODS, texts),
        explanations=_settings(EXPLAINERS, texts),
        references=lists.words(texts["references"], "references"),  # type: ignore[arg-type]
        limit=_count(texts["limit"], PICTURES) if texts["limit"] else None,
        seed=_count(texts["seed"], SEED),
    )
    return experiment, Execution(texts["out"])


def _settings(registry: Registry[S], texts: Mapping[str, str]) -> tuple[S, ...]:
    listed = texts[registry.what]
    chosen = lists.words(listed, registry.what)
    used = {
        name: texts[name]
        for name in lists.fields(registry)
        if texts.get(name) and set(registry.users(name)) & set(chosen)
    }
    return lists.settings(registry, listed, used)


def _count(text: str, label: str) -> int:
    if not text.isdecimal():
        raise UserError(f"{label} must be a whole number, not {text!r}.")
    return int(text)
