"""The sentence says what the figures carry, and no more."""

from dataclasses import replace
from io import StringIO
from math import nan

import numpy as np
import pytest
from rich.console import Console

from engine.types import (
    Attribution,
    Evidence,
    ModelInfo,
    Prediction,
    Query,
    Side,
    explain_settings,
)
from tui.cli import report
from tui.state.sentences import caption, summarise

BALL = Prediction(1, "ping-pong ball", 0.9991)


def attribution(side: Side, index: int, name: str, size: float, error: float = 0.01) -> Attribution:
    return Attribution(
        query=Query(side, index),
        name=name,
        heat=np.zeros((2, 2)),
        heat_error=None,
        statistics={"mean_abs": size},
        errors={"mean_abs": error},
        histogram=np.zeros(2),
        score_value=0.9,
        expected=0.1,
        gap=0.004,
    )


def evidence(clean: float, other: float, error: float, name: str = "elephant") -> Evidence:
    """`error` is the relative one of the ratio."""
    ratio = other / clean if clean else nan
    return Evidence(
        attributions=(
            attribution("clean", 0, "elephant", clean),
            attribution("adversarial", 1, name, other),
        ),
        edges=np.zeros(3),
        contrasts=({"mean_abs": (other - clean, error)},),
        ratios=({"mean_abs": (ratio, ratio * (1 - 2 * error), ratio * (1 + 2 * error))},),
        samples=50,
        total=200,
        seconds=1.0,
        seconds_left=2.4,
        done=False,
        step=20,
        settings=explain_settings(),
    )


def test_confidence_and_the_ratio_with_its_interval_are_named() -> None:
    assert summarise(evidence(1.0, 0.62, 0.05), BALL) == (
        "At step 20: ping-pong ball 99.9 %, mean |phi| for it 0.62 [0.56, 0.68]× the clean"
        " picture's for elephant."
    )


def test_the_clean_class_is_named_where_it_is_another() -> None:
    says = summarise(evidence(1.0, 0.62, 0.1, "ping-pong ball"), BALL)
    assert "0.62 [0.50, 0.74]× the clean picture's for elephant" in says


def test_an_interval_that_holds_1_is_from_too_few_samples() -> None:
    says = summarise(evidence(1.0, 0.65, 0.4), BALL)
    assert "0.65 [0.13, 1.17]× the clean picture's" in says
    assert says.endswith(", from 50 samples: too few to tell.")
    assert "samples" not in summarise(evidence(1.0, 0.65, 0.1), BALL)


def test_a_narrow_interval_that_holds_1_shows_no_difference() -> None:
    says = summarise(evidence(1.0, 0.99, 0.03), BALL)
    assert says.endswith(", from 50 samples: no difference seen.")


def test_no_verdict_without_an_error() -> None:
    says = summarise(evidence(1.0, 0.5, nan), BALL)
    assert says.endswith("0.50× the clean picture's for elephant, error not known.")
    assert "[" not in says


def test_equal_evidence_is_no_difference() -> None:
    says = summarise(evidence(1.0, 1.0, 0.1), BALL)
    assert says.endswith("1.00× the clean picture's for elephant, no difference.")


def test_a_class_that_is_not_the_prediction_is_named() -> None:
    shown = evidence(1.0, 0.14, 0.1)
    same = tuple(replace(a, query=replace(a.query, class_index=0)) for a in shown.attributions)
    says = summarise(replace(shown, attributions=same), BALL)
    assert (
        "ping-pong ball 99.9 %, mean |phi| for elephant 0.14 [0.11, 0.17]× the clean picture's."
        in says
    )


def test_a_huge_ratio_has_no_digits_that_mean_nothing() -> None:
    says = summarise(evidence(1.0, 34250.33, 0.499), BALL)
    assert "over 1000 [69, over 1000]× the clean" in says


def test_much_noise_is_told() -> None:
    shown = evidence(1.0, 0.62, 0.1)
    noisy = tuple(replace(a, noise=0.4) for a in shown.attributions)
    says = summarise(replace(shown, attributions=noisy), BALL)
    assert says.endswith("; noise alone would show up to 64.5 % as much.")
    says = summarise(replace(shown, attributions=noisy[:1]), None)
    assert says.endswith("; noise alone would show up to 40.0 % as much.")
    assert "noise" not in summarise(shown, BALL)


def test_an_explanation_that_was_stopped_says_so() -> None:
    says = caption(evidence(1.0, 0.5, 0.1), running=False)
    assert "n 50 of 200, stopped" in says
    assert "left" not in says


def test_without_a_ratio_the_error_is_not_known() -> None:
    shown = replace(evidence(1.0, 0.5, 0.1), contrasts=(), ratios=())
    assert summarise(shown, BALL).endswith("for elephant, error not known.")


@pytest.mark.parametrize("sides", [slice(0, 1), slice(1, 2), slice(0, 2)])
def test_an_error_that_is_not_known_is_said_so_in_sentence_and_caption(sides: slice) -> None:
    shown = evidence(1.0, 0.5, nan)
    unsure = tuple(replace(a, errors={"mean_abs": nan}) for a in shown.attributions[sides])
    shown = replace(shown, attributions=unsure)
    assert "error not known" in summarise(shown, BALL)
    assert "error not known" in caption(shown)
    assert "nan" not in summarise(shown, BALL) + caption(shown)


@pytest.mark.parametrize("clean", [0.0, nan])
def test_nothing_is_compared_with_nothing(clean: float) -> None:
    assert "cannot be compared" in summarise(evidence(clean, 0.5, 0.1), BALL)


def test_the_clean_picture_alone_is_described() -> None:
    shown = replace(evidence(0.5, 0.5, 0.1), attributions=evidence(0.5, 0.5, 0.1).attributions[:1])
    assert summarise(shown, None) == "Clean picture: mean |phi| for elephant is 0.500 ± 2.0 %."


def test_names_cannot_reach_the_terminal_as_commands() -> None:
    says = summarise(evidence(1.0, 0.5, 0.1), Prediction(1, "ball\x1b]0;owned\x07", 0.9))
    assert "\x1b" not in says
    assert "\x07" not in says


def test_the_caption_names_step_samples_error_gap_and_time_left() -> None:
    says = caption(evidence(1.0, 0.5, 0.1))
    for part in ("step 20", "n 50 of 200", "error 1.0 | 2.0 %", "gap 0.0040", "3 s left"):
        assert part in says
    assert "expected gradients, probability" in says


def test_the_caption_of_a_finished_explanation_has_no_time_left() -> None:
    assert "left" not in caption(replace(evidence(1.0, 0.5, 0.1), done=True))


def test_the_caption_carries_the_note() -> None:
    assert caption(replace(evidence(1.0, 0.5, 0.1), note="gradient x activation")).endswith(
        "gradient x activation"
    )


def test_a_warning_comes_first() -> None:
    warned = replace(evidence(1.0, 0.62, 0.1), warnings=("Only 1 background picture: little.",))
    assert summarise(warned, BALL).startswith("Only 1 background picture: little. At step 20:")


def test_a_warning_is_in_the_json_and_in_the_text() -> None:
    warned = replace(evidence(1.0, 0.62, 0.1), warnings=("Only 1 background picture: little.",))
    info = ModelInfo("net", "cpu", ("elephant",), (2, 2), (), 1, "")
    assert report.explain_json(info, "x.png", warned)["warnings"] == list(warned.warnings)
    console = Console(record=True, width=80, file=StringIO())
    report.print_explain(console, info, "x.png", warned)
    assert "Only 1 background picture: little." in console.export_text()
