"""The detection figures agree with scikit-learn, and intervals hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from engine.surveys import detectors


def pairs(n: int, shift: float, seed: int = 0, ties: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    common = rng.normal(size=n)
    clean, other = common + rng.normal(size=n) + shift, common + rng.normal(size=n)
    return (clean.round(), other.round()) if ties else (clean, other)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("shift", [-1.0, 0.0, 0.7])
def test_auroc_is_scikit_learns(shift: float, ties: bool) -> None:
    clean, other = pairs(57, shift, ties=ties)
    expected = roc_auc_score(np.repeat([1, 0], 57), np.concatenate([clean, other]))
    assert detectors.auroc(clean, other) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("side", ["below", "above"])
def test_the_roc_is_scikit_learns(side: str) -> None:
    clean, other = pairs(40, 0.7, ties=True)
    false, true, thresholds = detectors.roc(clean, other, side)
    sign = 1 if side == "above" else -1
    score = sign * np.concatenate([clean, other])
    sk_false, sk_true, _ = roc_curve(np.repeat([0, 1], 40), score, drop_intermediate=False)
    np.testing.assert_allclose(false, sk_false, atol=1e-12)
    np.testing.assert_allclose(true, sk_true, atol=1e-12)
    for f, t, threshold in zip(false[1:], true[1:], thresholds[1:], strict=True):
        assert f == pytest.approx((sign * clean >= sign * threshold).mean())
        assert t == pytest.approx((sign * other >= sign * threshold).mean())


def test_the_threshold_gives_the_true_positives_that_are_reported() -> None:
    clean, other = pairs(200, 2.0)
    found = detectors.detect(clean, other, 0)
    assert found.side == "below"
    assert (clean <= found.threshold).mean() <= 0.05
    assert (other <= found.threshold).mean() == pytest.approx(found.tpr)
    turned = detectors.detect(-clean, -other, 0)
    assert turned.side == "above"
    assert turned.tpr == pytest.approx(found.tpr)
    assert turned.auroc == pytest.approx(1 - found.auroc)


def test_the_paired_share_counts_pairs() -> None:
    clean, other = np.array([3.0, 1.0, 2.0, 2.0]), np.array([1.0, 2.0, 1.0, 2.0])
    assert detectors.detect(clean, other, 0).higher == pytest.approx(2.5 / 4)


def test_the_bootstrap_interval_covers_the_truth_as_often_as_it_says() -> None:
    # Independent normals a distance d apart have AUROC Phi(d / sqrt 2); pairing shifts nothing.
    rng, hits, runs = np.random.default_rng(5), 0, 300
    truth = 0.7602  # d = 1
    for seed in range(runs):
        clean, other = rng.normal(1.0, 1.0, 50), rng.normal(0.0, 1.0, 50)
        low, high = detectors.interval(clean, other, seed, 400)
        hits += low <= truth <= high
    assert 0.90 <= hits / runs <= 0.985


def test_a_few_pairs_tell_no_interval() -> None:
    for pairs in (1, 2, 4):
        found = detectors.detect(np.arange(pairs) + 1.0, -np.arange(pairs) - 1.0, seed=0)
        assert found.auroc == 1
        assert np.isnan([found.low, found.high]).all()


def test_paired_values_narrow_the_interval() -> None:
    rng = np.random.default_rng(1)
    common = 5 * rng.normal(size=80)
    clean, other = common + 0.5 + rng.normal(size=80), common + rng.normal(size=80)
    low, high = detectors.interval(clean, other, 0)
    unpaired = detectors.interval(clean, rng.permutation(other), 0)
    assert high - low < 0.6 * (unpaired[1] - unpaired[0])


def test_many_pairs_take_the_other_way_to_the_same_interval(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clean, other = pairs(300, 0.7)
    matrix = detectors.interval(clean, other, 0)
    monkeypatch.setattr(detectors, "LARGE", 10)
    np.testing.assert_allclose(detectors.interval(clean, other, 0), matrix, atol=0.01)


def test_values_that_are_not_finite_are_left_out() -> None:
    clean, other = np.array([1.0, np.nan, 3.0]), np.array([0.0, 1.0, 2.0])
    assert detectors.detect(clean, other, 0).pairs == 2
    empty = detectors.detect(np.array([np.nan]), np.array([1.0]), 0)
    assert empty.pairs == 0
    assert np.isnan(empty.auroc)


def test_learned_detectors_find_what_is_there_and_nothing_where_there_is_nothing() -> None:
    rng = np.random.default_rng(0)
    clean = 1e-6 * np.sort(rng.normal(size=(60, 32)), 1)[:, ::-1]
    other = 2e-6 * np.sort(rng.normal(size=(60, 32)), 1)[:, ::-1]
    for each in detectors.learned(clean, other, 0):
        assert each.detector.auroc > 0.95
        assert each.detector.positive == "adversarial"
        assert each.accuracy > 0.85
    same = 1e-6 * np.sort(rng.normal(size=(60, 32)), 1)[:, ::-1]
    for each in detectors.learned(clean, same, 0):
        assert 0.3 < each.detector.auroc < 0.7


def test_both_sides_of_a_picture_are_held_out_together() -> None:
    # Each picture has a mark of its own that tells nothing about other pictures: a split by
    # picture must not profit from it.
    rng = np.random.default_rng(2)
    mark = rng.normal(size=(40, 30))
    for each in detectors.learned(mark, mark + 1e-9, 0):
        assert 0.35 < each.detector.auroc < 0.65
