"""LIME: superpixels, weights, the sparse fit, and how it streams."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.explainers.lime import Painter, fit, kernel, segment
from engine.types import UserError, explain_settings
from tests.engine.explaining import classifier, pictures, run, small

SIDE = 24


def quarters() -> Tensor:
    """A picture of four flat squares, in which superpixels are plain."""
    picture = torch.zeros(3, SIDE, SIDE)
    half = SIDE // 2
    picture[0, :half, :half] = 1
    picture[1, :half, half:] = 1
    picture[2, half:, :half] = 1
    picture[:, half:, half:] = 1
    return picture


class Brightness(nn.Module):
    """Class 0 is the red of the upper left quarter, class 1 the blue of the lower left one."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pixels to two logits."""
        half = x.shape[2] // 2
        red = x[:, 0, :half, :half].mean((1, 2)) - x[:, 1, :half, :half].mean((1, 2))
        blue = x[:, 2, half:, :half].mean((1, 2)) - x[:, 0, half:, :half].mean((1, 2))
        return torch.stack([red, blue], 1)


def test_superpixels_are_numbered_without_gaps_and_follow_edges():
    labels = segment(quarters(), 4)
    assert sorted(np.unique(labels)) == list(range(labels.max() + 1))
    assert labels.max() + 1 == pytest.approx(4, abs=1)
    middle = SIDE // 4
    corners = {labels[y, x] for y in (middle, 3 * middle) for x in (middle, 3 * middle)}
    assert len(corners) == 4


def test_a_superpixel_that_is_off_has_its_mean_colour():
    picture = pictures(1, 1, side=SIDE)[0]
    painter = Painter(picture, 6)
    masks = np.ones((2, painter.count), dtype=bool)
    masks[1, 2] = False
    full, painted = painter(masks)
    where = painter.segments == 2
    np.testing.assert_array_equal(full, picture)
    np.testing.assert_array_equal(painted[:, ~where], picture[:, ~where])
    mean = picture[:, where].mean(1, keepdim=True)
    np.testing.assert_allclose(painted[:, where], mean.expand(-1, where.sum()), rtol=1e-5)


def test_weights_fall_with_the_cosine_distance_to_the_full_mask():
    masks = np.array([[1, 1, 1, 1], [1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]], dtype=bool)
    weights = kernel(masks)
    cosine = masks @ np.ones(4) / np.maximum(np.sqrt(masks.sum(1)) * 2, 1e-9)
    np.testing.assert_allclose(weights, np.exp(-((1 - cosine) ** 2) / 0.25**2))
    assert (np.diff(weights) < 0).all()


def test_the_fit_finds_the_k_features_that_matter_and_their_size():
    rng = np.random.default_rng(0)
    masks = rng.random((300, 12)) < 0.5
    values = 2.0 * masks[:, 3] - 1.0 * masks[:, 7] + 0.5 + 0.001 * rng.standard_normal(300)
    model = fit(masks, values, features=2)
    assert np.flatnonzero(model.coefficients).tolist() == [3, 7]
    np.testing.assert_allclose(model.coefficients[[3, 7]], [2, -1], atol=0.01)
    assert model.intercept == pytest.approx(0.5, abs=0.01)
    assert model.r_squared > 0.99
    assert np.count_nonzero(fit(masks, values + masks @ rng.random(12), 4).coefficients) <= 4


def test_a_linear_network_is_explained_exactly():
    network = classifier(Brightness(), 2, side=SIDE)
    # Painting over a flat superpixel changes nothing, so there is some texture.
    noisy = (quarters() + 0.1 * pictures(4, 1, side=SIDE)[0]).clamp(0, 1)[None]
    settings = {"explainer": "lime", "superpixels": 9, "features": 9, "score": "logit"}
    last = run(network, noisy, [(0, 0), (0, 1)], None, samples=200, **settings)[-1]
    for q in range(2):
        assert abs(last.gap[q]) < 1e-3
    assert "weighted R² 1.00, 1.00" in last.note


def test_estimates_stream_and_k_is_respected():
    network, shown = small(), pictures(1, 2)
    settings = {"explainer": "lime", "superpixels": 8, "features": 3, "samples": 64}
    seen = run(network, shown, [(0, 0), (1, 1)], None, **settings)
    assert len(seen) > 1
    assert seen[0].samples < 64
    for q in range(2):
        assert len(np.unique(seen[-1].values[q])) <= 4
    assert seen[-1].standard_error is None


def test_layers_are_refused():
    with pytest.raises(UserError, match="LIME has no use for layer"):
        explain_settings("lime", layer="features.3")
