"""Our attributions against shap and captum, on the same draws where there are draws."""

from __future__ import annotations

import captum.attr
import numpy as np
import pytest
import shap
import torch
from torch import Tensor

from engine.explainers import driver
from engine.explainers.explained_input import make_input
from engine.explainers.integrated import blurred
from engine.explainers.path_integral import Draws, Paths
from engine.explainers.single_output import OneScore
from engine.explainers.with_shap import chunk_seed
from engine.models.classifier import Classifier
from engine.types import ExplainSettings, explain_settings
from engine.types.generators import finish
from tests.engine.explaining import exact, pictures, residual, run, small

QUERIES = [(0, 0), (1, 2)]


@pytest.fixture(autouse=True)
def kept_generators():
    """Shap and captum draw from the global generators."""
    state = np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng():
        yield
    np.random.set_state(state)  # noqa: NPY002


def shap_draws(count: int, background: int, seed: int) -> tuple[list[int], list[float]]:
    """The background indices and positions that shap draws from this seed."""
    np.random.seed(seed)  # noqa: NPY002
    pairs = [
        (int(np.random.choice(background)), float(np.random.uniform()))  # noqa: NPY002
        for _ in range(count)
    ]
    return [b for b, _ in pairs], [a for _, a in pairs]


def on_draws(
    network: Classifier,
    shown: Tensor,
    background: Tensor,
    draws: tuple[list[int], list[float]],
    settings: ExplainSettings,
) -> np.ndarray:
    """The mean of our integrand over given draws."""
    indices, positions = draws
    explained = make_input(network, settings, shown)
    paths = Paths(explained, shown, QUERIES)
    a = np.tile(positions, (2, 1))
    given = Draws(explained.embed(background[indices]), a, np.ones_like(a))
    return (finish(paths.integrate(given, [len(indices)]))[0].values / len(indices)).cpu().numpy()


def close(ours: np.ndarray, theirs: np.ndarray, to: float = 1e-5) -> bool:
    return bool(np.abs(ours - theirs).max() <= to * np.abs(theirs).max())


@pytest.mark.parametrize("score", ["logit", "probability"])
@pytest.mark.parametrize("layer", [None, "2", "5"])
def test_the_integrand_agrees_with_shap_on_the_same_draws(score, layer):
    network, shown, background = small(), pictures(1, 2), pictures(2, 7)
    settings = explain_settings(score=score, layer=layer)
    ours = on_draws(network, shown, background, shap_draws(30, 7, 11), settings)
    for q, (p, c) in enumerate(QUERIES):
        model = OneScore(network.module, score, c)
        asked = model if layer is None else (model, network.layer(layer))
        theirs = shap.GradientExplainer(asked, background).shap_values(
            shown[p : p + 1], nsamples=30, rseed=11
        )
        assert close(ours[q], theirs[0, ..., 0])


def test_the_gradient_at_a_layer_counts_bypasses_as_shap_does():
    network, shown, background = residual(), pictures(1, 2), pictures(2, 7)
    settings = explain_settings(score="logit", layer="block")
    ours = on_draws(network, shown, background, shap_draws(20, 7, 3), settings)
    for q, (p, c) in enumerate(QUERIES):
        model = OneScore(network.module, "logit", c)
        explainer = shap.GradientExplainer((model, network.layer("block")), background)
        theirs = explainer.shap_values(shown[p : p + 1], nsamples=20, rseed=3)
        assert close(ours[q], theirs[0, ..., 0])


@pytest.mark.parametrize("layer", [None, "2"])
def test_the_shap_explainer_is_the_mean_of_direct_calls(layer, monkeypatch):
    monkeypatch.setattr(driver, "PACE", 0)  # an estimate after every chunk
    network, shown, background = small(), pictures(1, 2), pictures(2, 7)
    settings = {"samples": 25, "score": "logit", "seed": 5, "layer": layer}
    estimates = run(network, shown, QUERIES, background, explainer="shap", **settings)
    sizes = np.diff([0, *(e.samples for e in estimates)])
    for q, (p, c) in enumerate(QUERIES):
        model = OneScore(network.module, "logit", c)
        asked = model if layer is None else (model, network.layer(layer))
        total = sum(
            size
            * shap.GradientExplainer(asked, background).shap_values(
                shown[p : p + 1], nsamples=int(size), rseed=chunk_seed(5, number)
            )[0, ..., 0]
            for number, size in enumerate(sizes)
        )
        assert close(estimates[-1].values[q], total / 25)


def test_shap_and_ours_estimate_the_same_thing():
    network, shown, background = small(), pictures(1, 2), pictures(2, 7)
    for layer in (None, "2"):
        settings = {"score": "probability", "layer": layer}
        ours = run(network, shown, QUERIES, background, samples=2000, **settings)[-1]
        theirs = run(
            network, shown, QUERIES, background, samples=2000, explainer="shap", **settings
        )[-1]
        z = (ours.values - theirs.values) / np.hypot(ours.standard_error, theirs.standard_error)
        assert np.sqrt(np.nanmean(np.square(z))) < 1.8


def test_the_integrand_agrees_with_captums_gradient_shap():
    network, shown, background = small(), pictures(1, 2), pictures(2, 7)
    ours = run(network, shown, QUERIES, background, samples=2000, score="logit")[-1].values
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002
    for q, (p, c) in enumerate(QUERIES):
        theirs = captum.attr.GradientShap(network.module).attribute(
            shown[p : p + 1], baselines=background, n_samples=4000, stdevs=0.0, target=c
        )
        # Captum's 4000 plain draws have an error of a few per cent.
        assert close(ours[q], theirs[0].detach().numpy(), 0.1)


@pytest.mark.parametrize("baseline", ["black", "blurred", "mean"])
@pytest.mark.parametrize("score", ["logit", "probability"])
def test_integrated_gradients_agree_with_captum(score, baseline):
    network, shown, background = small(), pictures(1, 2), pictures(2, 7)
    settings = {"explainer": "integrated", "samples": 50, "score": score, "baseline": baseline}
    last = run(network, shown, QUERIES, background, **settings)[-1]
    starts = {
        "black": torch.zeros_like(shown),
        "blurred": blurred(shown, 0.6),
        "mean": background.mean(0, keepdim=True).expand_as(shown),
    }[baseline]
    for q, (p, c) in enumerate(QUERIES):
        theirs, gap = captum.attr.IntegratedGradients(OneScore(network.module, score, c)).attribute(
            shown[p : p + 1],
            baselines=starts[p : p + 1],
            n_steps=50,
            method="riemann_middle",
            return_convergence_delta=True,
        )
        assert close(last.values[q], theirs[0].detach().numpy())
        assert last.gap[q] == pytest.approx(float(gap), abs=1e-4)


def test_integrated_gradients_refine_towards_completeness():
    network, shown = small(), pictures(1, 2)
    seen = run(network, shown, QUERIES, None, explainer="integrated", samples=400)
    assert np.abs(seen[-1].gap).max() < 0.01
    assert np.abs(seen[-1].gap).max() < np.abs(seen[0].gap).max()


def test_integrated_gradients_at_a_layer_are_complete_and_agree_with_captum():
    network, shown = small(), pictures(1, 2)
    settings = {"explainer": "integrated", "samples": 200, "score": "logit", "layer": "2"}
    last = run(network, shown, QUERIES, None, **settings)[-1]
    assert last.values.shape == (2, 8, 6, 6)
    assert np.abs(last.gap).max() < 0.02
    assert "difference" in last.note


# --- layers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("score", ["logit", "probability"])
def test_the_difference_form_is_complete_where_nothing_bypasses_the_layer(score):
    network, shown, background = small(), pictures(1, 2), pictures(2, 16)
    settings = {"score": score, "layer": "2", "layer_form": "difference"}
    last = run(network, shown, QUERIES, background, samples=1600, **settings)[-1]
    logits = network(torch.cat([shown, background])).double()
    out = logits if score == "logit" else logits.softmax(1)
    for q, (p, c) in enumerate(QUERIES):
        assert last.expected[q] == pytest.approx(float(out[2:, c].mean()), abs=1e-5)
        assert last.values[q].sum() == pytest.approx(float(out[p, c] - out[2:, c].mean()), abs=0.02)
    assert last.values.shape == (2, 8, 6, 6)
    assert "bypass" not in last.note


def test_the_difference_form_says_where_branches_bypass_the_layer_and_still_sums_up():
    network, shown, background = residual(), pictures(1, 2), pictures(2, 16)
    settings = {"score": "logit", "layer": "block", "layer_form": "difference"}
    last = run(network, shown, QUERIES, background, samples=1600, **settings)[-1]
    assert "bypass" in last.note
    assert np.abs(last.gap).max() < 0.02
    plain = network(background).mean(0)
    assert abs(last.expected[0] - float(plain[0])) > 1e-3


@pytest.mark.parametrize("layer", ["block", "head"])
def test_pictures_that_nothing_is_asked_about_change_nothing(layer):
    network, shown, background = residual(), pictures(1, 3), pictures(2, 16)
    settings = {"score": "logit", "layer": layer, "layer_form": "difference", "samples": 60}
    alone = run(network, shown[2:], [(0, 1)], background, **settings)[-1]
    among = run(network, shown, [(2, 1)], background, **settings)[-1]
    np.testing.assert_allclose(among.values, alone.values, rtol=1e-4, atol=1e-6)


def test_uneven_numbers_of_classes_are_explained_alike():
    network, shown, background = residual(), pictures(1, 2), pictures(2, 16)
    for layer in (None, "block"):
        settings = {"layer": layer, "layer_form": "difference", "samples": 60, "score": "logit"}
        both = run(network, shown, [(0, 0), (1, 1), (1, 2)], background, **settings)[-1]
        one = run(network, shown[:1], [(0, 0)], background, **settings)[-1]
        np.testing.assert_allclose(both.values[0], one.values[0], rtol=1e-3, atol=1e-5)


def test_the_activation_form_promises_no_completeness():
    network, shown, background = small(), pictures(1, 2), pictures(2, 16)
    last = run(network, shown, QUERIES, background, samples=40, layer="2")[-1]
    assert np.isnan(last.gap).all()
    assert "no completeness" in last.note
    assert "gradient x activation" in last.note


def test_layers_that_work_in_place_and_flat_layers_can_be_explained():
    network, shown, background = small(), pictures(1, 2), pictures(2, 16)
    for form in ("activation", "difference"):
        for layer, shape in (("1", (8, 6, 6)), ("5", (72, 1, 1))):
            settings = {"layer": layer, "layer_form": form, "samples": 40}
            last = run(network, shown, QUERIES, background, **settings)[-1]
            assert last.values.shape == (2, *shape)


def test_the_first_layer_in_difference_form_is_the_pixels_up_to_the_normalisation():
    network, shown, background = small(), pictures(1, 2), pictures(2, 16)
    settings = {"score": "logit", "layer": "0", "layer_form": "difference", "samples": 3200}
    last = run(network, shown, QUERIES, background, **settings)[-1]
    assert close(last.values, exact(network, shown, QUERIES, background), 0.02)
