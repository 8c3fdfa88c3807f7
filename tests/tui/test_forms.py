"""A form's texts make exactly the settings that they say, or a sentence about what is wrong."""

import pytest

from engine.types import AttackSettings, ExplainSettings, ModelInfo, UserError
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
        AttackSettings(),
        AttackSettings("mifgsm", "gas pump", 8 / 255, 0.002, 7, "matched", 3, 0.9),
    ],
)
def test_an_attack_survives_its_form(attack: AttackSettings) -> None:
    assert build_attack(LABELS)(texts(attack_fields(attack))) == attack


@pytest.mark.parametrize(
    "explain",
    [
        ExplainSettings(),
        ExplainSettings(
            "integrated",
            "logit",
            50,
            2.5,
            0.02,
            9,
            0.5,
            "features.3",
            "difference",
            "mean",
            30,
            5,
            "x/y",
        ),
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
        ("steps", "2.5", "iterations must be a whole number, not '2.5'"),
        ("seed", "-1", "seed must lie between 0 and"),
        ("decay", "nan", "decay must be a number, not 'nan'"),
    ],
)
def test_what_is_wrong_with_an_attack_is_said(field: str, typed: str, says: str) -> None:
    form = texts(attack_fields(AttackSettings())) | {field: typed}
    with pytest.raises(UserError, match=says.replace("(", r"\(")):
        build_attack(LABELS)(form)


@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        ("samples", "0", "samples must lie between 1"),
        ("seconds", "-2", "the time limit must be above 0"),
        ("standard_error", "much", "the error to stop at must be a number"),
        ("smoothing", "-0.5", "smoothing must be a number, 0 or more"),
        ("smoothing", "nan", "smoothing must be a number"),
        ("superpixels", "1", "superpixels must lie between 2"),
        ("explainer", "lime", "LIME explains pixels, not layers"),
    ],
)
def test_what_is_wrong_with_an_explanation_is_said(field: str, typed: str, says: str) -> None:
    form = texts(explain_fields(ExplainSettings(layer="features.3"), INFO)) | {field: typed}
    with pytest.raises(UserError, match=says):
        build_explain(form)


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
