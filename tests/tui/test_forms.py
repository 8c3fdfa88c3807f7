"""A form's texts make exactly the settings that they say, or a sentence about what is wrong."""

import pytest

from engine.types import (
    AttackSettings,
    ExplainSettings,
    ModelInfo,
    UserError,
    attack_settings,
    explain_settings,
)
from tui.screens.form import Field
from tui.screens.picker import Choice, matches
from tui.screens.settings_forms import (
    attack_fields,
    build_attack,
    build_explain,
    class_choices,
    explain_fields,
    target_setting,
)

LABELS = ("zebra", "crane", "gas pump", "crane", "random", "7")
INFO = ModelInfo("m", "cpu", LABELS, (224, 224), ("features.0", "features.3"), 1, "w")


def texts(fields: list[Field]) -> dict[str, str]:
    return {field.name: field.value for field in fields}


@pytest.mark.parametrize(
    "attack",
    [
        attack_settings(),
        attack_settings(
            "mifgsm",
            target="gas pump",
            epsilon=8 / 255,
            alpha=0.002,
            steps=7,
            stop="matched",
            seed=3,
            decay=0.9,
        ),
    ],
)
def test_an_attack_survives_its_form(attack: AttackSettings) -> None:
    assert build_attack(LABELS)(texts(attack_fields(attack))) == attack


@pytest.mark.parametrize(
    "explain",
    [
        explain_settings(),
        explain_settings(
            "expected",
            score="logit",
            samples=50,
            seconds=2.5,
            standard_error=0.02,
            seed=9,
            smoothing=0.5,
            layer="features.3",
            layer_form="difference",
            background="x/y",
        ),
        explain_settings("integrated", layer="features.3", baseline="mean", background="x/y"),
        explain_settings("lime", superpixels=30, features=5),
        explain_settings("shap", smoothing=0.5, layer="features.0"),
    ],
)
def test_an_explanation_survives_its_form(explain: ExplainSettings) -> None:
    assert build_explain(texts(explain_fields(explain, INFO))) == explain


@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        ("target", "gas pimp", "unknown class 'gas pimp': did you mean gas pump"),
        ("target", "99", "class 99 does not exist"),
        ("epsilon", "3", "epsilon must lie between 0 and 1"),
        ("epsilon", "x", "epsilon must be a number such as 0.01"),
        ("alpha", "-1", "alpha must lie between 0 and 1"),
        ("alpha", "0", "alpha must be a number, above 0"),
        ("steps", "0", "steps must lie between 1 and"),
        ("steps", "2.5", "steps must be a whole number, not '2.5'"),
        ("seed", "-1", "seed must lie between 0 and"),
        ("decay", "nan", "decay must be a number, 0 or more"),
    ],
)
def test_what_is_wrong_with_an_attack_is_said(field: str, typed: str, says: str) -> None:
    form = texts(attack_fields(attack_settings("mifgsm"))) | {field: typed}
    with pytest.raises(UserError, match=says.replace("(", r"\(")):
        build_attack(LABELS)(form)


@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        ("samples", "0", "samples must lie between 1"),
        ("seconds", "-2", "the time limit must be a number, above 0"),
        ("standard_error", "much", "the error to stop at must be a number"),
        ("smoothing", "-0.5", "smoothing must be a number, 0 or more"),
        ("smoothing", "nan", "smoothing must be a number"),
    ],
)
def test_what_is_wrong_with_an_explanation_is_said(field: str, typed: str, says: str) -> None:
    form = texts(explain_fields(explain_settings(layer="features.3"), INFO)) | {field: typed}
    with pytest.raises(UserError, match=says):
        build_explain(form)


def test_what_the_chosen_explainer_has_no_use_for_is_not_shown_and_does_not_count() -> None:
    rows = explain_fields(explain_settings(layer="features.3"), INFO)
    form = texts(rows) | {"explainer": "lime", "superpixels": "30"}
    shown = {row.name for row in rows if row.is_shown(form)}
    assert {"samples", "superpixels", "features"} < shown
    assert not shown & {"layer", "layer_form", "smoothing", "standard_error", "background"}
    assert build_explain(form) == explain_settings("lime", superpixels=30)
    with pytest.raises(UserError, match="superpixels must lie between 2"):
        build_explain(form | {"superpixels": "1"})


def test_a_picked_class_is_kept_by_name_where_the_name_is_its_own() -> None:
    assert target_setting("2", LABELS) == "gas pump"
    assert target_setting("similar", LABELS) == "similar"
    for double_or_odd in ("1", "3", "4", "5"):
        assert target_setting(double_or_odd, LABELS) == double_or_odd


def test_the_best_match_comes_first_and_case_and_underscores_do_not_count() -> None:
    from textual.fuzzy import FuzzySearch

    choices = list(class_choices(("vacuum_cleaner", "gas pump", "pump", "zebra")))
    names = [choices[index].name for index in matches(FuzzySearch(), "PUMP", choices)]
    assert names == ["pump", "gas pump"]
    assert [choices[i].name for i in matches(FuzzySearch(), "vac cl", choices)] == [
        "vacuum cleaner"
    ]
    assert len(matches(FuzzySearch(), "", choices)) == 4
    assert matches(FuzzySearch(), "3", choices) == [3]  # its number


def test_a_query_of_one_letter_over_and_over_ends() -> None:
    from textual.fuzzy import FuzzySearch

    choices = [Choice("x", "ab" * 100), Choice("y", "aa")]
    assert matches(FuzzySearch(), "a" * 40, choices) == [0]
    assert matches(FuzzySearch(), "a" * 39 + "c", choices) == []
