"""Statistics, their errors, histograms and heat grids."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from engine.evidence.statistics import (
    heat_grid,
    histogram,
    interval,
    noise_floor,
    perturbed,
    relative_error,
    standard_errors,
    statistics,
    symmetric_edges,
)
from engine.evidence.summary import Summary
from engine.explainers import Estimate
from engine.types import Query, explain_settings
from engine.types.statistics import STATISTICS, Measured, Statistic

RNG = np.random.default_rng(0)
QUERIES = (Query("clean", 0), Query("clean", 1), Query("adversarial", 0), Query("adversarial", 1))


def estimate(values: np.ndarray, deviations: np.ndarray | None, **changed) -> Estimate:
    zeros = np.zeros(len(values))
    fields = {
        "samples": 50,
        "total": 200,
        "values": values.astype(np.float32),
        "standard_error": None,
        "deviations": None if deviations is None else deviations.astype(np.float32),
        "degrees": None,
        "score_values": zeros + 0.9,
        "expected": zeros + 0.1,
        "gap": zeros,
        "seconds": 2.0,
    }
    return Estimate(**(fields | changed))


def new_summary(queries=QUERIES) -> Summary:
    return Summary(queries, ("elephant", "ball"), explain_settings(), 7)


def turned(running: Estimate, **options):
    return new_summary().take(running, **options)


def test_an_interval_is_wider_where_few_draws_tell_the_error():
    assert interval([1.0], [1e9], 8) == pytest.approx(stats.t.ppf(0.975, 8))
    assert interval([1.0], [8.0], 8) == pytest.approx(stats.t.ppf(0.975, 4))
    # Welch and Satterthwaite: as scipy's test of two samples of ten with unequal variances.
    a, b = RNG.standard_normal(10), 3 * RNG.standard_normal(10)
    welch = stats.ttest_ind(a, b, equal_var=False).df
    both = [a.var(ddof=1) / 10, b.var(ddof=1) / 10]
    assert interval(both, [9, 9], 10**9) == pytest.approx(stats.t.ppf(0.975, welch))
    # A part without error of its own says nothing about the error of the sum.
    tiny = interval([1e-200, 1.0], [1.0, 20.0], 8)
    assert tiny == pytest.approx(interval([1.0], [20.0], 8))
    assert interval([0.0], [0.0], 8) == pytest.approx(1.96)


def test_an_interval_is_finite_whatever_is_not_known():
    assert interval([1.0], [np.nan], 8) == pytest.approx(interval([1.0], [1.0], 8))
    assert interval([np.nan], [np.nan], 8) == pytest.approx(1.96)
    assert interval([1.0], [np.inf], 8) == pytest.approx(stats.t.ppf(0.975, 8))


def test_the_ratio_has_a_symmetric_interval_on_the_logarithm():
    values = RNG.standard_normal((4, 3, 8, 8))
    deviations = 0.02 * RNG.standard_normal((8, 4, 3, 8, 8))
    degrees = np.full(4, 20.0)
    spread = np.full(values.shape, 0.02)
    known = {"standard_error": spread, "degrees": degrees, "done": True}
    evidence = turned(estimate(values, deviations, **known))
    clean, other = (evidence.attributions[k].statistics["mean_abs"] for k in (0, 2))
    ratio, low, high = evidence.ratios[0]["mean_abs"]
    assert ratio == pytest.approx(other / clean)
    assert low * high == pytest.approx(ratio**2)
    # As the difference of relative errors, with as many degrees of freedom.
    up = np.abs(values[[0, 2]] + deviations[:, [0, 2]]).mean((2, 3, 4))
    down = np.abs(values[[0, 2]] - deviations[:, [0, 2]]).mean((2, 3, 4))
    relative = (up - down) / 2 / np.abs(values[[0, 2]]).mean((1, 2, 3))
    error = np.sqrt(np.mean((relative[:, 1] - relative[:, 0]) ** 2))
    assert np.log(high / ratio) == pytest.approx(evidence.interval * error, rel=0.02)
    # What is negative has no ratio.
    assert "negative" not in evidence.ratios[0]
    assert {"mean_abs", "positive", "iqr", "q95", "max"} <= evidence.ratios[0].keys()


def test_the_interval_of_a_ratio_knows_that_draws_are_shared():
    values = np.abs(RNG.standard_normal((2, 3, 8, 8)))
    values[1] = 3 * values[0]
    shared = 0.1 * RNG.standard_normal((8, 1, 3, 8, 8))
    deviations = np.concatenate([shared, 3 * shared], 1)
    known = {"standard_error": 0 * values + 0.1, "degrees": np.array([20.0, 20.0])}
    evidence = new_summary(QUERIES[1:3]).take(estimate(values, deviations, **known))
    ratio, low, high = evidence.ratios[0]["mean_abs"]
    assert (low, ratio, high) == pytest.approx((3, 3, 3), rel=1e-4)
    assert evidence.attributions[0].errors["mean_abs"] > 1e-3


def test_the_interval_of_a_ratio_is_not_known_without_deviations_and_where_the_sign_is_not():
    values = RNG.standard_normal((4, 3, 8, 8))
    assert np.isnan(turned(estimate(values, None)).ratios[0]["mean_abs"][1:]).all()
    running = turned(estimate(values, 0.1 * RNG.standard_normal((8, 4, 3, 8, 8))))
    assert np.isfinite(running.ratios[0]["mean_abs"]).all()
    assert np.isnan(running.ratios[0]["q95"][1:]).all()
    wild = turned(estimate(0.01 + values**2, 30 + 0 * RNG.random((8, 4, 3, 8, 8)), done=True))
    assert np.isnan(wild.ratios[0]["q25"][1:]).all()


def test_the_noise_floor_is_what_pure_noise_shows():
    error = RNG.uniform(0.5, 2.0, 200_000)
    noise = error * RNG.standard_normal(len(error))
    assert noise_floor(error) == pytest.approx(np.abs(noise).mean(), rel=0.01)


def test_every_statistic_is_what_numpy_says():
    values = RNG.standard_normal((3, 20, 21)).astype(np.float32)
    figures = statistics(values)
    wide = values.astype(np.float64)
    assert list(figures) == list(STATISTICS)
    true = {
        "mean": wide.mean(),
        "mean_abs": np.abs(wide).mean(),
        "positive": wide[wide > 0].sum(),
        "negative": wide[wide < 0].sum(),
        "max": wide.max(),
        "iqr": np.quantile(wide, 0.75) - np.quantile(wide, 0.25),
        "coherence": wide.sum() / np.abs(wide).sum(),
    } | {f"q{p:02d}": np.quantile(wide, p / 100) for p in (5, 25, 50, 75, 95)}
    assert set(true) == set(STATISTICS)
    for name, value in true.items():
        assert figures[name] == pytest.approx(value, rel=1e-4, abs=1e-6), name


@pytest.mark.parametrize("cheap", [True, False])
def test_a_statistic_is_one_entry(cheap, monkeypatch):
    def compute(measured: Measured) -> float:
        return measured.total**2 if cheap else measured.quantiles[0.9]

    level = () if cheap else (0.9,)
    entry = Statistic("extra", "extra", "a trial", compute, cheap=cheap, quantiles=level)
    monkeypatch.setitem(STATISTICS, "extra", entry)
    values = RNG.standard_normal((4, 3, 8, 8)).astype(np.float32)
    deviations = 0.1 * RNG.standard_normal((8, 4, 3, 8, 8)).astype(np.float32)
    true = values[0].sum() ** 2 if cheap else np.quantile(values[0], 0.9)
    assert statistics(values[0])["extra"] == pytest.approx(true, rel=1e-4)
    assert standard_errors(values[0], deviations[:, 0])["extra"] > 0
    quick = perturbed(values[0], deviations[:, 0], thorough=False)
    assert all(("extra" in up) == ("extra" in down) == cheap for up, down in quick)
    running = turned(estimate(values, deviations))
    assert running.attributions[0].statistics["extra"] == pytest.approx(true, rel=1e-4)
    assert np.isfinite(running.attributions[0].errors["extra"]) == cheap
    assert np.isfinite(running.contrasts[0]["extra"][1]) == cheap
    ended = turned(estimate(values, deviations, done=True))
    assert ended.attributions[0].errors["extra"] > 0
    assert ended.contrasts[1]["extra"][1] > 0


def test_an_attribution_of_zeros_has_finite_statistics():
    figures = statistics(np.zeros((3, 4, 4)))
    assert all(value == 0 for value in figures.values())


def test_errors_of_statistics_match_their_spread_over_repetitions():
    truth = RNG.standard_normal((3, 16, 16))
    spread, claimed = [], []
    for _ in range(120):
        noise = 0.3 * RNG.standard_normal((1, 3, 16, 16))
        deviations = 0.3 * RNG.standard_normal((8, 1, 3, 16, 16))
        one = new_summary(QUERIES[:1])
        attribution = one.take(estimate(truth + noise, deviations), thorough=True).attributions[0]
        spread.append([attribution.statistics[name] for name in STATISTICS])
        claimed.append([attribution.errors[name] for name in STATISTICS])
    ratio = np.sqrt(np.mean(np.square(claimed), 0)) / np.std(spread, 0)
    for name, value in zip(STATISTICS, ratio, strict=True):
        assert 0.7 < value < 1.4, name


def test_the_error_of_a_contrast_knows_that_draws_are_shared():
    values = RNG.standard_normal((4, 3, 8, 8))
    shared = 0.1 * RNG.standard_normal((8, 1, 3, 8, 8))
    evidence = turned(estimate(values, np.repeat(shared, 4, 1)))
    assert len(evidence.contrasts) == 2
    difference, error = evidence.contrasts[0]["mean"]
    assert difference == pytest.approx(values[2].mean() - values[0].mean(), abs=1e-6)
    assert error == pytest.approx(0, abs=1e-7)
    assert evidence.attributions[0].errors["mean"] > 1e-4


def test_quantile_errors_wait_for_the_end_and_old_ones_shrink_until_then():
    values = RNG.standard_normal((4, 3, 8, 8))
    deviations = 0.1 * RNG.standard_normal((8, 4, 3, 8, 8))
    first = turned(estimate(values, deviations))
    assert np.isnan(first.attributions[0].errors["q95"])
    assert first.attributions[0].errors["mean_abs"] > 0
    summary = new_summary()
    full = summary.take(estimate(values, deviations), thorough=True)
    later = summary.take(estimate(values, deviations, samples=200))
    old = full.attributions[0].errors["q95"]
    assert later.attributions[0].errors["q95"] == pytest.approx(old / 2)
    assert later.contrasts[1]["q95"][1] == pytest.approx(full.contrasts[1]["q95"][1] / 2)
    done = turned(estimate(values, deviations, done=True, reason="all samples drawn"))
    assert done.attributions[0].errors["q95"] == pytest.approx(old)
    assert done.seconds_left == 0
    assert "all samples drawn" in done.note


def test_blocks_of_queries_give_what_all_of_them_together_give():
    values = RNG.standard_normal((4, 3, 8, 8))
    deviations = 0.1 * RNG.standard_normal((8, 4, 3, 8, 8))
    whole = turned(estimate(values, deviations, done=True))
    summary = new_summary()
    first = summary.take(estimate(values[:2], deviations[:, :2], done=True, left=2))
    assert not first.done
    assert [one.query for one in first.attributions] == list(QUERIES[:2])
    assert first.contrasts == ()
    assert "2 of 4" in first.note
    assert first.seconds_left == pytest.approx(8.0)  # 50 of 200 samples took 2 s: as it says
    last = summary.take(estimate(values[2:], deviations[:, 2:], done=True, first=2))
    assert last.done
    assert (last.seconds, last.rate) == (4.0, 25.0)
    assert last.contrasts == whole.contrasts
    for one, other in zip(last.attributions, whole.attributions, strict=True):
        assert (one.query, one.statistics, one.errors) == (
            other.query,
            other.statistics,
            other.errors,
        )
        np.testing.assert_array_equal(one.heat_error, other.heat_error)


def test_a_difference_between_blocks_is_known_as_well_as_the_one_in_work():
    values = RNG.standard_normal((4, 3, 8, 8))
    deviations = 0.1 * RNG.standard_normal((8, 4, 3, 8, 8))
    summary = new_summary()
    summary.take(estimate(values[:2], deviations[:, :2], done=True, left=2))
    running = summary.take(estimate(values[2:], deviations[:, 2:], first=2))
    whole = turned(estimate(values, deviations))
    for name in ("mean_abs", "q95"):
        np.testing.assert_allclose(running.contrasts[0][name], whole.contrasts[0][name], 1e-4)
    assert np.isnan(running.contrasts[0]["q95"][1])


def test_without_deviations_errors_are_unknown_and_not_zero():
    evidence = turned(estimate(RNG.standard_normal((4, 3, 8, 8)), None))
    assert all(np.isnan(error) for error in evidence.attributions[0].errors.values())
    assert evidence.attributions[0].heat_error is None


def test_fields_are_carried_over():
    evidence = turned(estimate(RNG.standard_normal((4, 3, 8, 8)), None))
    one = evidence.attributions[1]
    assert (one.query, one.name) == (Query("clean", 1), "ball")
    assert (one.score_value, one.expected, one.gap) == (0.9, 0.1, 0.0)
    assert (evidence.samples, evidence.total, evidence.step, evidence.done) == (50, 200, 7, False)
    assert evidence.seconds_left == pytest.approx(6.0)


def test_histograms_are_shares_on_common_symmetric_bins():
    values = [RNG.standard_normal((3, 30, 30)), 3 * RNG.standard_normal((3, 30, 30))]
    edges = symmetric_edges(values)
    np.testing.assert_allclose(edges, -edges[::-1], atol=1e-12)
    assert edges[-1] == pytest.approx(10)
    for each in values:
        shares = histogram(each, edges)
        assert shares.sum() == pytest.approx(1)
        expected, _ = np.histogram(np.clip(each, edges[0], edges[-1]), edges)
        np.testing.assert_allclose(shares, expected / each.size, atol=2 / each.size)


def test_bins_stand_still_while_values_change_a_little():
    values = RNG.standard_normal((3, 30, 30))
    np.testing.assert_array_equal(symmetric_edges([values]), symmetric_edges([1.05 * values]))
    assert np.isfinite(symmetric_edges([np.zeros((3, 4, 4))])).all()


@pytest.mark.parametrize("size", [(224, 224), (299, 299), (100, 60), (7, 7), (1, 72)])
def test_heat_is_the_mean_over_blocks_of_the_sum_over_channels(size):
    values = RNG.standard_normal((3, *size)).astype(np.float32)
    grid = heat_grid(values, longest=112)
    assert max(grid.shape) <= 112
    assert grid.dtype == np.float32
    if size == (224, 224):
        blocks = values.sum(0).reshape(112, 2, 112, 2).mean((1, 3))
        np.testing.assert_allclose(grid, blocks, atol=1e-5)
    if max(size) <= 112:
        np.testing.assert_allclose(grid, values.sum(0), atol=1e-5)
    # Nearly equal blocks keep the mean nearly, constants exactly.
    np.testing.assert_allclose(heat_grid(np.ones((1, *size))), 1, rtol=1e-6)


def test_the_relative_error_is_that_of_mean_abs():
    values = RNG.standard_normal((2, 3, 8, 8)).astype(np.float32)
    values[1] = 0
    deviations = 0.001 * np.sign(values)[None] * np.ones((8, 1, 1, 1, 1), dtype=np.float32)
    errors = relative_error(values, deviations)
    assert errors[0] == pytest.approx(0.001 / np.abs(values[0]).mean(), rel=0.02)
    assert errors[1] == 0
