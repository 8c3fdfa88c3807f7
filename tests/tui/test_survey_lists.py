"""Lists of a survey, on the command line and in the form: each takes what it has a use for."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.types import (
    Execution,
    Experiment,
    ModelSettings,
    UserError,
    attack_settings,
    explain_settings,
    settings_of,
    thresholds,
)
from tui.cli import survey as survey_cli
from tui.screens.survey_form import build_survey, survey_fields


def asked(*words: str) -> Experiment:
    options = survey_cli.parser().parse_args(["photos", "--out", "run", *words])
    return survey_cli.experiment(options)


def test_arms_are_in_the_order_of_methods_epsilons_and_targets() -> None:
    words = ("--method", "blog,bim", "--epsilon", "0.02,0.01", "--targets", "none,similar")
    arms = [(one.method, one.epsilon, one.target) for one in asked(*words).attacks]
    assert arms == [
        (method, epsilon, target)
        for method in ("blog", "bim")
        for epsilon in (0.02, 0.01)
        for target in ("none", "similar")
    ]


def test_a_field_is_taken_by_those_that_have_a_use_for_it() -> None:
    one = asked("--method", "fgsm,mifgsm", "--targets", "random", "--decay", "0.5", "--steps", "7")
    assert one.attacks == (
        attack_settings("fgsm", target="random"),
        attack_settings("mifgsm", target="random", decay=0.5, steps=7),
    )
    one = asked("--explainer", "expected,lime", "--smoothing", "0,0.2", "--features", "3")
    assert one.explanations == (
        explain_settings(smoothing=0.0),
        explain_settings(smoothing=0.2),
        explain_settings("lime", features=3),  # once: it has no smoothing
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--method", "fgsm", "--alpha", "0.01"), "method fgsm has no use for alpha"),
        (("--method", "fgsm,blog", "--decay", "1"), "none of fgsm, blog has a use for decay"),
        (("--explainer", "lime", "--layer", "features.3"), "lime has no use for layer"),
        (("--explainer", "shap", "--layer", "a:difference"), "shap has no use for layer form"),
        (("--baseline", "mean"), "leave it out or add integrated"),
        (("--method", "bim,bim"), "method must name at least one, and none twice"),
        (("--epsilon", "0.01,0.01"), "epsilon must name at least one, and none twice"),
        (("--smoothing", "much"), "smoothing must be a number, not 'much'"),
        (("--score", "votes"), "score must be one of logit, probability"),
    ],
)
def test_what_cannot_be_asked_is_told_in_a_sentence(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        asked(*words)


EXPERIMENT = Experiment(
    "photos",
    attacks=(
        attack_settings("mifgsm", epsilon=0.01, decay=0.5, alpha=0.002),
        attack_settings("mifgsm", epsilon=8 / 255, decay=0.5, alpha=0.002),
    ),
    explanations=(
        explain_settings(layer="features.3", layer_form="difference", samples=20),
        explain_settings(samples=20),
    ),
    references=("fixed",),
    limit=30,
    seed=4,
)


def test_the_form_holds_what_is_asked_and_asks_it_again() -> None:
    rows = survey_fields(EXPERIMENT, Execution("run"))
    texts = {row.name: row.value for row in rows}
    assert texts["epsilon"] == "0.01,8/255"
    assert texts["layer"] == "features.3:difference,input"
    assert build_survey(texts, ModelSettings()) == (EXPERIMENT, Execution("run"))
    shown = {row.name for row in rows if row.is_shown(texts)}
    assert {"alpha", "decay", "smoothing"} <= shown
    assert not {"superpixels", "baseline"} & shown


def test_rows_that_are_not_shown_do_not_count() -> None:
    rows = survey_fields(EXPERIMENT, Execution("run"))
    texts = {row.name: row.value for row in rows} | {"method": "fgsm, bim", "explainer": "lime"}
    shown = {row.name for row in rows if row.is_shown(texts)}
    assert {"alpha", "superpixels"} <= shown
    assert not {"decay", "layer", "smoothing"} & shown
    experiment, _ = build_survey(texts, ModelSettings())
    assert {one.method for one in experiment.attacks} == {"fgsm", "bim"}
    (lime,) = experiment.explanations
    assert "layer" not in settings_of(lime)


def test_thresholds_of_earlier_versions_are_found(tmp_path: Path) -> None:
    row = (
        '[{"statistic": "mean_abs", "value": 2.0, "side": "below", "arm": "BIM", "pairs": 40,'
        ' "method": "bim", "target": "random", "auroc": 0.8, "low": 0.7, "high": 0.9}]'
    )
    path = tmp_path / "thresholds.json"
    path.write_text(
        f'{{"builtin||expected|probability|||0|4|": {row},'
        f' "net|a.pth|integrated|logit|conv|activation|0|4||mean": {row},'
        f' "builtin||lime|probability|||0|4||6|3": {row}}}'
    )
    kept, attack = thresholds.read(path), ("bim", "random")
    network = ModelSettings("net", "/elsewhere/a.pth")
    integrated = {"score": "logit", "layer": "conv", "samples": 4, "baseline": "mean"}
    for model, explain in (
        (ModelSettings(), explain_settings(samples=4)),
        (network, explain_settings("integrated", **integrated)),
        (ModelSettings(), explain_settings("lime", samples=4, superpixels=6, features=3)),
    ):
        assert thresholds.lookup(kept, model, explain, attack) is not None
    assert thresholds.lookup(kept, network, explain_settings(samples=4), attack) is None
