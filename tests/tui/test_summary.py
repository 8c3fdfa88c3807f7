"""The sentence says what the figures carry, and no more."""

from dataclasses import replace
from math import nan

import numpy as np
import pytest

from engine.types import Attribution, Evidence, ExplainSettings, Prediction, Query, Side
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
    return Evidence(
        attributions=(
            attribution("clean", 0, "elephant", clean),
            attribution("adversarial", 1, name, other),
        ),
        edges=np.zeros(3),
        contrasts=({"mean_abs": (other - clean, error)},),
        samples=50,
        total=200,
        seconds=1.0,
        seconds_left=2.4,
        done=False,
        step=20,
        settings=ExplainSettings(),
    )


def test_confidence_ratio_and_standard_errors_are_named() -> None:
    assert summarise(evidence(1.0, 0.62, 0.38 / 4.1), BALL) == (
        "At step 20: ping-pong ball 99.9 %, mean |phi| for it 0.62× the clean picture's for"
        " elephant, a difference of 4.1 standard errors."
    )


def test_the_clean_class_is_named_where_it_is_another() -> None:
    words = summarise(evidence(1.0, 0.62, 0.1, "ping-pong ball"), BALL)
    assert "0.62× the clean picture's for elephant" in words


def test_a_difference_within_its_error_is_said_to_be_so() -> None:
    words = summarise(evidence(1.0, 0.9, 0.1), BALL)
    assert words.endswith("a difference of 1.0 standard errors: not larger than chance allows.")


@pytest.mark.parametrize("error", [nan, 0.0])
def test_no_verdict_without_an_error(error: float) -> None:
    words = summarise(evidence(1.0, 0.5, error), BALL)
    assert words.endswith("a difference whose error is not known.")


def test_equal_evidence_is_no_difference() -> None:
    assert summarise(evidence(1.0, 1.0, 0.1), BALL).endswith("for elephant, no difference.")


def test_a_class_that_is_not_the_prediction_is_named() -> None:
    found = evidence(1.0, 0.14, 0.1)
    same = tuple(replace(a, query=replace(a.query, class_index=0)) for a in found.attributions)
    words = summarise(replace(found, attributions=same), BALL)
    assert "ping-pong ball 99.9 %, mean |phi| for elephant 0.14× the clean picture's," in words


def test_a_huge_ratio_has_no_digits_that_mean_nothing() -> None:
    assert "over 1000× the clean" in summarise(evidence(1.0, 34250.33, 1e4), BALL)


def test_much_noise_is_told() -> None:
    found = evidence(1.0, 0.62, 0.1)
    noisy = tuple(replace(a, noise=0.4) for a in found.attributions)
    words = summarise(replace(found, attributions=noisy), BALL)
    assert words.endswith("; noise alone would show up to 64.5 % as much.")
    words = summarise(replace(found, attributions=noisy[:1]), None)
    assert words.endswith("; noise alone would show up to 40.0 % as much.")
    assert "noise" not in summarise(found, BALL)


def test_an_explanation_that_was_stopped_says_so() -> None:
    words = caption(evidence(1.0, 0.5, 0.1), running=False)
    assert "n 50 of 200, stopped" in words
    assert "left" not in words


def test_without_contrasts_the_error_is_not_known() -> None:
    found = replace(evidence(1.0, 0.5, 0.1), contrasts=())
    assert "whose error is not known" in summarise(found, BALL)


@pytest.mark.parametrize("clean", [0.0, nan])
def test_nothing_is_compared_with_nothing(clean: float) -> None:
    assert "cannot be compared" in summarise(evidence(clean, 0.5, 0.1), BALL)


def test_the_clean_picture_alone_is_described() -> None:
    found = replace(evidence(0.5, 0.5, 0.1), attributions=evidence(0.5, 0.5, 0.1).attributions[:1])
    assert summarise(found, None) == "Clean picture: mean |phi| for elephant is 0.500 ± 2.0 %."


def test_names_cannot_reach_the_terminal_as_commands() -> None:
    words = summarise(evidence(1.0, 0.5, 0.1), Prediction(1, "ball\x1b]0;owned\x07", 0.9))
    assert "\x1b" not in words
    assert "\x07" not in words


def test_the_caption_names_step_samples_error_gap_and_time_left() -> None:
    words = caption(evidence(1.0, 0.5, 0.1))
    for part in ("step 20", "n 50 of 200", "error 1.0 | 2.0 %", "gap 0.0040", "3 s left"):
        assert part in words
    assert "expected gradients, probability" in words


def test_the_caption_of_a_finished_explanation_has_no_time_left() -> None:
    assert "left" not in caption(replace(evidence(1.0, 0.5, 0.1), done=True))


def test_the_caption_carries_the_note() -> None:
    assert caption(replace(evidence(1.0, 0.5, 0.1), note="gradient x activation")).endswith(
        "gradient x activation"
    )
