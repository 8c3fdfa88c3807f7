"""Expected gradients: right, unbiased, streaming, bounded. Their error: test_explain_error.py."""

from __future__ import annotations

import gc
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.explainers import TensorBackground, driver, explain
from engine.explainers.pacing import ChunkSize
from engine.types import explain_settings
from tests.engine.explaining import PAIR, classifier, exact, pictures, repeated, run, small

pytestmark = pytest.mark.usefixtures("one_thread")


class Quadratic(nn.Module):
    """Logit c is a sum of squares, so that expected gradients have a closed form."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(5)
        self.weight = nn.Parameter(torch.randn(2, 3, 6, 6, generator=generator))

    def forward(self, x: Tensor) -> Tensor:
        """Sum w_c x^2."""
        return (self.weight * x[:, None] ** 2).sum((2, 3, 4))


@pytest.mark.parametrize("score", ["logit", "probability"])
@pytest.mark.parametrize(
    ("samples", "count"),
    [(64, 16), (40, 16), (31, 16), (150, 16), (60, 1)],
    ids=["one pass", "part of a pass", "odd", "two passes", "one background"],
)
def test_the_mean_over_repetitions_is_the_exact_value(score, samples, count):
    network, shown, background = small(), pictures(1, 2), pictures(2, count)
    values, *_ = repeated(network, shown, background, 12, samples=samples, score=score)
    true = exact(network, shown, PAIR, background, score)
    z = (values.mean(0) - true) / (values.std(0, ddof=1) / np.sqrt(len(values)))
    # z has Student's distribution with 11 degrees of freedom if the estimate is unbiased.
    assert np.sqrt(np.mean(z**2)) < 1.8
    assert np.abs(z.mean()) < 0.7


def test_a_quadratic_network_gives_its_closed_form():
    network, shown, background = classifier(Quadratic(), 2), pictures(1, 1), pictures(2, 12)
    last = run(network, shown, [(0, 0)], background, samples=48 * 20, score="logit")[-1]
    # In normalised pixels u: integral of 2 w (b + a (x - b)) (x - b) da = w (x^2 - b^2).
    x, b = (shown - 0.5) / 0.25, (background - 0.5) / 0.25
    true = (network.module.network.weight[0] * (x[0] ** 2 - (b**2).mean(0))).detach().numpy()
    assert np.abs(last.values[0] - true).max() < 0.03 * np.abs(true).max()
    assert np.abs(last.values[0] - true).max() < 6 * last.standard_error[0].max()


def test_samples_are_worth_several_of_the_plain_estimator():
    network, shown, background = small(), pictures(1, 2), pictures(2, 24)
    for score, least in (("logit", 3.0), ("probability", 3.0)):
        true = exact(network, shown, PAIR, background, score)
        values, *_ = repeated(network, shown, background, 12, samples=96, score=score)
        plain = run(network, shown, PAIR, background, explainer="shap", samples=400, score=score)
        ours = ((values - true) ** 2).mean((0, 2, 3, 4))
        # Shap's squared error at 400 samples, at 96 of them:
        theirs = ((plain[-1].values - true) ** 2).mean((1, 2, 3)) * 400 / 96
        assert (theirs / ours).mean() > least


@pytest.mark.parametrize("score", ["logit", "probability"])
def test_values_sum_to_the_score_less_its_mean_over_the_background(score):
    network, shown, background = small(), pictures(1, 2), pictures(2, 16)
    last = run(network, shown, PAIR, background, samples=1600, score=score)[-1]
    logits = network(torch.cat([shown, background])).double()
    out = logits if score == "logit" else logits.softmax(1)
    for q, (p, c) in enumerate(PAIR):
        assert last.score_values[q] == pytest.approx(float(out[p, c]), abs=1e-5)
        assert last.expected[q] == pytest.approx(float(out[2:, c].mean()), abs=1e-5)
        total = last.values[q].sum(dtype=np.float64)
        assert last.gap[q] == pytest.approx(
            total - (last.score_values[q] - last.expected[q]), abs=1e-5
        )
        assert abs(last.gap[q]) < 0.02 * abs(last.score_values[q] - last.expected[q]) + 1e-3


def test_the_same_seed_gives_the_same_values_and_another_seed_others():
    network, shown, background = small(), pictures(1, 2), pictures(2, 16)
    settings = {"samples": 40, "smoothing": 0.1}
    # However many draws are made at a time: that depends on the speed of the machine.
    first, again, other = (
        run(network, shown, PAIR, background, seed=seed, draws=draws, **settings)[-1]
        for seed, draws in ((3, 5), (3, 16), (4, 16))
    )
    np.testing.assert_allclose(first.values, again.values, rtol=1e-4, atol=1e-7)
    assert np.abs(first.values - other.values).max() > 1e-3 * np.abs(first.values).max()


def test_global_random_generators_are_left_alone():
    network, shown, background = small(), pictures(1, 2), pictures(2, 16)
    for explainer in ("expected", "shap", "integrated", "lime"):
        state, torch_state = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
        settings = {"samples": 12, "superpixels": 4, "smoothing": 0.1}
        run(network, shown, PAIR, background, explainer=explainer, **settings)
        assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002
        assert torch.equal(torch_state, torch.get_rng_state())


def test_estimates_stream_and_are_not_changed_afterwards():
    network, shown, background = small(), pictures(1, 2), pictures(2, 16)
    seen = []
    for estimate in explain(
        network, shown, PAIR, TensorBackground(background), explain_settings(samples=96)
    ):
        if estimate is None:
            continue
        seen.append((estimate, estimate.values.copy(), estimate.samples))
    assert seen[0][2] <= 8
    assert [samples for *_, samples in seen] == sorted({samples for *_, samples in seen})
    assert [e.done for e, *_ in seen] == [False] * (len(seen) - 1) + [True]
    assert seen[-1][2] == 96
    assert seen[-1][0].reason
    for estimate, values, _ in seen:
        np.testing.assert_array_equal(estimate.values, values)


@pytest.mark.parametrize("explainer", ["expected", "shap", "integrated", "lime"])
@pytest.mark.parametrize("samples", [1, 2, 5, 13])
def test_exactly_as_many_samples_are_drawn_as_asked_for(explainer, samples):
    last = run(
        small(),
        pictures(1, 1),
        [(0, 0)],
        pictures(2, 5),
        samples=samples,
        explainer=explainer,
        superpixels=4,
    )[-1]
    assert (last.samples, last.total, last.done) == (samples, samples, True)
    assert np.isfinite(last.values).all()


def test_a_target_error_stops_early_and_is_met():
    network, shown, background = small(), pictures(1, 1), pictures(2, 16)
    last = run(network, shown, [(0, 0)], background, samples=100_000, standard_error=0.05)[-1]
    assert last.done
    assert last.samples < 20_000
    assert "standard error" in last.reason


def test_time_that_is_up_stops():
    network, shown, background = small(), pictures(1, 1), pictures(2, 16)
    last = run(network, shown, [(0, 0)], background, samples=1_000_000, seconds=0.3)[-1]
    assert last.done
    assert last.samples < 1_000_000
    assert last.reason == "time is up"


def test_chunks_grow_in_powers_of_two_to_what_time_and_memory_allow():
    chunk = ChunkSize(4, 100)
    sizes = []
    for _ in range(4):
        sizes.append(chunk.following(1000, 0, 0.0, None))
        chunk.took(sizes[-1], 0.001, 0.0)
    assert sizes == [4, 16, 64, 100]
    chunk.took(100, 0.5, 0.0)
    assert chunk.size == 32
    assert chunk.following(7, 0, 0.0, None) == 7
    chunk.halve(MemoryError(), 32)
    chunk.took(16, 0.001, 0.0)
    assert chunk.size == 16


def test_memory_that_runs_out_halves_the_chunk_and_says_so(monkeypatch):
    network, shown, background = small(), pictures(1, 2), pictures(2, 16)
    forward = network.module.forward
    largest = []

    def cramped(x: Tensor) -> Tensor:
        if len(x) > 8:
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")
        largest.append(len(x))
        return forward(x)

    monkeypatch.setattr(network.module, "forward", cramped)
    asked = {"samples": 96, "score": "logit", "smoothing": 0.1}
    last = run(network, shown, PAIR, background, **asked)[-1]
    assert last.samples == 96
    assert "memory ran out" in last.note
    assert max(largest) <= 8
    monkeypatch.undo()
    whole = run(network, shown, PAIR, background, **asked)[-1]
    np.testing.assert_allclose(last.values, whole.values, rtol=1e-4, atol=1e-7)


def test_chunks_do_not_grow_with_samples_classes_or_background(monkeypatch):
    network, shown = small(), pictures(1, 2)
    forward = network.module.forward
    rows: list[int] = []
    monkeypatch.setattr(network.module, "forward", lambda x: (rows.append(len(x)), forward(x))[1])
    run(network, shown, [(p, c) for p in (0, 1) for c in range(4)], pictures(2, 300), samples=600)
    assert max(rows) <= 256


class Lazy:
    """A background that counts how many pictures are asked for at once."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.largest = 0

    def __len__(self) -> int:
        return self.count

    def batch(self, indices: Sequence[int]) -> Tensor:
        self.largest = max(self.largest, len(indices))
        return torch.cat([pictures(index, 1) for index in indices])


@pytest.mark.parametrize("explainer", ["expected", "shap"])
def test_a_large_background_is_decoded_a_few_at_a_time(explainer):
    background = Lazy(1000)
    last = run(small(), pictures(1, 1), [(0, 0)], background, samples=100, explainer=explainer)[-1]
    assert last.done
    assert background.largest <= 50


def test_background_pictures_are_scored_together_and_count_once_they_are_drawn(monkeypatch):
    linear = classifier(nn.Sequential(nn.Flatten(), nn.Linear(108, 4)))
    background = Lazy(30)
    monkeypatch.setattr(driver, "PACE", 0)
    estimates = run(
        linear, pictures(1, 1), [(0, 2)], background, samples=120, draws=8, score="logit"
    )
    assert len(estimates) > 5
    assert background.largest == 8
    for estimate in estimates:  # exact for whichever pictures were drawn from, if no others count
        np.testing.assert_allclose(estimate.gap, 0, atol=1e-5)


def test_gradients_are_taken_wherever_the_caller_stands():
    with torch.no_grad():
        last = run(small(), pictures(1, 2), PAIR, pictures(2, 16), samples=8)[-1]
    assert last.done


def test_a_generator_may_be_closed_at_any_time():
    network, shown, background = small(), pictures(1, 2), pictures(2, 16)
    running = explain(
        network, shown, PAIR, TensorBackground(background), explain_settings(layer="2")
    )
    next(running)
    running.close()
    assert not network.module.network[2]._forward_pre_hooks
    gc.collect()


def test_smoothing_adds_seeded_noise_to_the_picture():
    network, shown, background = small(), pictures(1, 2), pictures(2, 16)
    settings = {"samples": 3200, "score": "logit", "smoothing": 0.2}
    last = run(network, shown, PAIR, background, **settings)[-1]
    noise = torch.randn(4000, 3, 6, 6, generator=torch.Generator().manual_seed(9)) * 0.2
    base = network(background).mean(0)
    for q, (p, c) in enumerate(PAIR):
        # Complete on average: the sum is the noisy pictures' mean score less the background's.
        mean = float(network(shown[p] + noise).mean(0)[c] - base[c])
        error = np.sqrt(np.mean(last.deviations[:, q].sum((1, 2, 3)) ** 2))
        assert abs(last.values[q].sum() - mean) < 5 * error + 0.02
    assert "smoothed" in last.note
