"""The error that expected gradients tell of themselves, against repetitions and exact values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from torch import nn

from engine.evidence.statistics import interval, statistics
from engine.evidence.summary import Summary
from engine.explainers.expected.systematic_error import excess
from engine.models.classifier import Classifier
from engine.types import Query
from tests.engine.explaining import (
    PAIR,
    classifier,
    exact,
    pictures,
    repeated,
    residual,
    run,
    small,
    useful,
    weighted,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def rough() -> Classifier:
    """Six layers with ReLU: gradients jump many times on every path."""
    layers = [nn.Conv2d(3, 16, 3, padding=1), nn.ReLU()]
    for _ in range(5):
        layers += [nn.Conv2d(16, 16, 3, padding=1), nn.ReLU()]
    network = nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * 36, 4))
    return classifier(weighted(network, 4, 2.0))


def smooth() -> Classifier:
    """Gradients change, but never jump."""
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.GELU(), nn.Flatten(), nn.Linear(288, 4)
    )
    return classifier(weighted(network, 5, 1.5))


def lattices(paths: np.ndarray, n: int) -> tuple[float, float, float]:
    """V_n, E and P of `paths` (N, fine), over all shifts: see `expected.systematic_error`."""
    step = paths.shape[1] // n
    every = paths.reshape(len(paths), n, step)
    halves = every[:, 0::2].mean(1), every[:, 1::2].mean(1)
    mean = (halves[0] + halves[1]) / 2
    error = ((mean - paths.mean(1, keepdims=True)) ** 2).mean()
    seen = ((halves[0] - halves[1]) ** 2).mean() / 4
    inner = np.mean([every[:, at::2].var(1).mean() for at in (0, 1)])
    return float(error), float(seen), float(inner)


@pytest.mark.parametrize("n", [4, 8, 16])
@pytest.mark.parametrize("jumps", [0.5, 3, 10, 30])
def test_the_error_of_evenly_spaced_draws_of_values_that_jump(n, jumps):
    rng = np.random.default_rng(7)
    steps = rng.poisson(jumps / 256, (4000, 256)) > 0
    levels = rng.normal(size=(4000, 257))
    paths = np.take_along_axis(levels, np.cumsum(steps, 1), 1)
    error, seen, inner = lattices(paths, n)
    # Near white noise the ratio no longer tells the factor well.
    assert excess(n, seen / inner) == pytest.approx(error / seen, rel=0.05 if jumps < 30 else 0.3)


@pytest.mark.parametrize("n", [4, 8, 16])
def test_the_error_of_evenly_spaced_draws_of_a_slope_and_of_noise(n):
    error, seen, inner = lattices(np.linspace(-1, 1, 4096)[None], n)
    assert error / seen == pytest.approx(1 / 3, abs=0.01)
    assert excess(n, seen / inner) == pytest.approx(1 / 3, abs=0.01)
    noise = np.random.default_rng(8).normal(size=(4000, 16 * n))
    error, seen, inner = lattices(noise, n)
    assert error / seen == pytest.approx(1, abs=0.1)
    assert excess(n, np.array(1.01 / (n - 2))) == 1


NETWORKS = {"plain": small, "rough": rough, "smooth": smooth, "residual": residual}


@pytest.mark.parametrize(
    ("kind", "score", "samples"),
    [
        ("plain", "logit", 96),
        ("plain", "probability", 96),
        ("plain", "logit", 60),
        ("plain", "probability", 200),
        ("plain", "logit", 300),
        ("rough", "logit", 96),
        ("rough", "probability", 192),
        ("smooth", "logit", 96),
        ("residual", "logit", 96),
    ],
)
def test_95_percent_intervals_hold_the_truth_in_92_to_98_percent(kind, score, samples):
    network, shown, background = NETWORKS[kind](), pictures(1, 2), pictures(2, 24)
    values, error, deviations, degrees = repeated(
        network, shown, background, 40, samples=samples, score=score
    )
    wrong = np.abs(values - exact(network, shown, PAIR, background, score))
    reach = stats.t.ppf(0.975, degrees)[:, :, None, None, None]
    covered = (wrong < reach * error).mean()
    assert 0.92 < covered < 0.98
    # The squared error itself is unbiased, per element and for sums over elements.
    assert 0.85 < (error**2).mean() / (wrong**2).mean() < 1.15
    assert 0.85 < (deviations**2).mean() / (wrong**2).mean() < 1.15


@pytest.mark.parametrize(
    ("kind", "score", "samples"),
    [("plain", "logit", 60), ("plain", "probability", 100), ("smooth", "logit", 60)],
)
def test_95_percent_intervals_of_shap_hold_the_truth_in_92_to_98_percent(kind, score, samples):
    network, shown, background = NETWORKS[kind](), pictures(1, 2), pictures(2, 24)
    values, error, deviations, degrees = repeated(
        network, shown, background, 16, explainer="shap", samples=samples, score=score
    )
    # Twenty chunks, of which the mean takes one degree of freedom.
    assert np.isfinite(degrees).all()
    assert ((degrees >= 1) & (degrees <= 19.001)).all()
    wrong = np.abs(values - exact(network, shown, PAIR, background, score))
    reach = stats.t.ppf(0.975, degrees)[:, :, None, None, None]
    assert 0.92 < (wrong < reach * error).mean() < 0.98
    assert 0.8 < (error**2).mean() / (wrong**2).mean() < 1.25
    assert 0.8 < (deviations**2).mean() / (wrong**2).mean() < 1.25


def test_two_chunks_of_shap_have_one_degree_of_freedom():
    e = run(small(), pictures(1, 2), PAIR, pictures(2, 24), explainer="shap", samples=2)[-1]
    assert e.degrees == pytest.approx([1, 1])


def covered(explainer: str, score: str, samples: int, repeats: int) -> dict[str, float]:
    """How often 95 % intervals of mean |phi| hold the truth: single, difference and ratio."""
    network, shown, background = small(), pictures(1, 2), pictures(2, 24)
    true = [statistics(each)["mean_abs"] for each in exact(network, shown, PAIR, background, score)]
    queries = (Query("clean", PAIR[0][1]), Query("adversarial", PAIR[1][1]))
    settings = {"explainer": explainer, "samples": samples, "score": score}
    inside: dict[str, list[bool]] = {"single": [], "difference": [], "ratio": []}
    for seed in range(repeats):
        estimate = run(network, shown, PAIR, background, seed=seed, **settings)[-1]
        summary = Summary(queries, network.labels, useful(**settings), 1)
        evidence = summary.take(estimate)
        for one, truth in zip(evidence.attributions, true, strict=True):
            wrong = abs(one.statistics["mean_abs"] - truth)
            inside["single"].append(wrong < one.interval * one.errors["mean_abs"])
        difference, error = evidence.contrasts[0]["mean_abs"]
        wrong = abs(difference - (true[1] - true[0]))
        inside["difference"].append(wrong < evidence.interval * error)
        _, low, high = evidence.ratios[0]["mean_abs"]
        inside["ratio"].append(low < true[1] / true[0] < high)
    return {name: float(np.mean(each)) for name, each in inside.items()}


def test_intervals_of_ratios_hold_the_truth_in_95_percent():
    parts = [("logit", 32), ("logit", 96), ("probability", 96)]
    shares = [covered("expected", score, samples, 60)["ratio"] for score, samples in parts]
    assert 0.92 < np.mean(shares) < 0.985


@pytest.mark.slow
@pytest.mark.parametrize("score", ["logit", "probability"])
@pytest.mark.parametrize(
    ("explainer", "samples"), [("expected", 60), ("expected", 96), ("shap", 60)]
)
def test_intervals_of_mean_abs_hold_the_truth_in_92_to_98_percent(explainer, score, samples):
    shares = covered(explainer, score, samples, 300)
    # Binomial error of 300 repetitions: 1.3 % each, at two errors.
    assert all(0.92 - 0.025 < share < 0.98 + 0.02 for share in shares.values()), shares


def test_the_interval_of_a_statistic_holds_the_truth_in_95_percent():
    network, shown, background = small(), pictures(1, 2), pictures(2, 24)
    inside = []
    for score, samples in (("logit", 32), ("logit", 96), ("probability", 200)):
        true = exact(network, shown, PAIR, background, score).mean((1, 2, 3))
        for seed in range(60):
            e = run(network, shown, PAIR, background, samples=samples, score=score, seed=seed)[-1]
            error = np.sqrt((e.deviations.mean((2, 3, 4)) ** 2).mean(0))
            wrong = np.abs(e.values.mean((1, 2, 3)) - true)
            spread = (e.standard_error**2).sum((1, 2, 3))
            reach = [
                interval([v], [d], len(e.deviations))
                for v, d in zip(spread, e.degrees, strict=True)
            ]
            inside.append(wrong < reach * error)
    # With 1.96 errors it would be 89 %: eight deviations and few clusters tell the error.
    assert 0.92 < np.mean(inside) < 0.985


def test_the_error_of_a_difference_between_pictures_is_right():
    network, shown, background = small(), pictures(1, 2), pictures(2, 24)
    queries = [(0, 0), (1, 0)]
    true = np.diff(exact(network, shown, queries, background).mean((1, 2, 3)))[0]
    wrong, error = [], []
    for seed in range(40):
        e = run(network, shown, queries, background, samples=96, score="logit", seed=seed)[-1]
        means = e.values.mean((1, 2, 3))
        wrong.append(means[1] - means[0] - true)
        error.append(np.diff(e.deviations.mean((2, 3, 4)), axis=1)[:, 0])
    assert 0.5 < np.mean(np.square(error)) / np.mean(np.square(wrong)) < 2
