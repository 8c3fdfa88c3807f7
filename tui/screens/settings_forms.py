"""The forms for the attack's and the explainer's settings: pure field lists and builders."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar, cast

from engine.types import (
    BASELINES,
    EXPLAINERS,
    LAYER_FORMS,
    METHOD_NAMES,
    METHODS,
    SCORES,
    STOP_RULES,
    TARGET_RULES,
    AttackSettings,
    Baseline,
    Explainer,
    ExplainSettings,
    LayerForm,
    Method,
    ModelInfo,
    Score,
    StopRule,
    UserError,
    find_class,
    fraction_text,
    parse_fraction,
)
from tui.screens.form import Field
from tui.screens.picker import Choice
from tui.widgets.settings_panel import EXPLAINER_NAMES, STOP_NAMES, TARGET_NAMES

Number = TypeVar("Number", int, float)
FORM_NAMES = {"activation": "× activation", "difference": "× difference"}


def _number(kind: Callable[[str], Number], text: str, what: str) -> Number:
    try:
        value = kind(text)
        if not math.isfinite(value):
            raise ValueError(text)
        return value
    except ValueError:
        sort = "a whole number" if kind is int else "a number"
        raise UserError(f"{what} must be {sort}, not {text!r}.") from None


def _perhaps(text: str, what: str) -> float | None:
    if not text:
        return None
    value = _number(float, text, what)
    if not value > 0:
        raise UserError(f"{what} must be above 0, or empty for none.")
    return value


def target_choices(labels: tuple[str, ...]) -> tuple[Choice, ...]:
    """The rules, then all classes."""
    rules = (Choice(rule, TARGET_NAMES[rule], rule) for rule in TARGET_RULES)
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


def attack_fields(attack: AttackSettings) -> list[Field]:
    """The rows of the attack's form."""
    alpha = "" if attack.alpha is None else fraction_text(attack.alpha)
    return [
        Field("method", "method", attack.method, METHODS, cast(dict[str, str], METHOD_NAMES)),
        Field("target", "target", attack.target, hint="a class, or see t"),
        Field("epsilon", "epsilon", fraction_text(attack.epsilon), hint="0.01 or 2.55/255"),
        Field("alpha", "alpha", alpha, empty="the method's default", hint="a step's size"),
        Field("steps", "iterations", str(attack.steps)),
        Field("stop", "stop", attack.stop, STOP_RULES, STOP_NAMES),
        Field("seed", "seed", str(attack.seed)),
        Field("decay", "decay", repr(attack.decay), hint="MI-FGSM's momentum"),
    ]


def build_attack(labels: tuple[str, ...]) -> Callable[[dict[str, str]], AttackSettings]:
    """A builder that knows the network's classes (an empty tuple: they are not checked)."""

    def build(texts: dict[str, str]) -> AttackSettings:
        target = texts["target"] or "random"
        if labels and target not in TARGET_RULES:
            target = target_setting(str(find_class(target, labels)), labels)
        return AttackSettings(
            method=cast(Method, texts["method"]),
            target=target,
            epsilon=parse_fraction(texts["epsilon"], "epsilon"),
            alpha=parse_fraction(texts["alpha"], "alpha") if texts["alpha"] else None,
            steps=_number(int, texts["steps"], "iterations"),
            stop=cast(StopRule, texts["stop"]),
            seed=_number(int, texts["seed"], "seed"),
            decay=_number(float, texts["decay"], "decay"),
        )

    return build


def explain_fields(explain: ExplainSettings, info: ModelInfo | None) -> list[Field]:
    """The rows of the explainer's form."""
    layers = (
        Choice("", "pixels (no layer)"),
        *(Choice(name, name) for name in (info.layers if info else ())),
    )
    seconds = "" if explain.seconds is None else repr(explain.seconds)
    error = "" if explain.standard_error is None else repr(explain.standard_error)
    return [
        Field("explainer", "explainer", explain.explainer, EXPLAINERS, EXPLAINER_NAMES),
        Field("score", "score", explain.score, SCORES),
        Field("samples", "samples", str(explain.samples)),
        Field("seconds", "stop after", seconds, empty="no limit", hint="seconds"),
        Field(
            "standard_error", "stop at error", error, empty="no limit", hint="of mean |phi|, 0.02"
        ),
        Field("layer", "layer", explain.layer or "", choices=layers, empty="pixels (no layer)"),
        Field(
            "layer_form",
            "at a layer",
            explain.layer_form,
            LAYER_FORMS,
            FORM_NAMES,
            hint="gradient, or its complete form",
        ),
        Field("smoothing", "smoothing", repr(explain.smoothing), hint="deviation of the noise"),
        Field("baseline", "baseline", explain.baseline, BASELINES, hint="integrated gradients"),
        Field("superpixels", "superpixels", str(explain.superpixels), hint="LIME"),
        Field("features", "features", str(explain.features), hint="LIME's K"),
        Field("background", "background", explain.background or "", empty="the browsed pictures"),
        Field("seed", "seed", str(explain.seed)),
    ]


def build_explain(texts: dict[str, str]) -> ExplainSettings:
    """The explainer's settings of the form's texts."""
    return ExplainSettings(
        explainer=cast(Explainer, texts["explainer"]),
        score=cast(Score, texts["score"]),
        samples=_number(int, texts["samples"], "samples"),
        seconds=_perhaps(texts["seconds"], "the time limit"),
        standard_error=_perhaps(texts["standard_error"], "the error to stop at"),
        seed=_number(int, texts["seed"], "seed"),
        smoothing=_number(float, texts["smoothing"], "smoothing"),
        layer=texts["layer"] or None,
        layer_form=cast(LayerForm, texts["layer_form"]),
        baseline=cast(Baseline, texts["baseline"]),
        superpixels=_number(int, texts["superpixels"], "superpixels"),
        features=_number(int, texts["features"], "features"),
        background=texts["background"] or None,
    )
