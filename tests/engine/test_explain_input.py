"""What can be explained: odd layers; and one clear sentence for what cannot."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.explainers import TensorBackground, explain
from engine.types import UserError, explain_settings
from tests.engine.explaining import classifier, pictures, residual, run, small

PAIR = [(0, 0), (1, 1)]


def refused(words: str, network, queries=PAIR, background=None, shown=None, **settings) -> None:
    with pytest.raises(UserError, match=words):
        run(
            network,
            pictures(1, 2) if shown is None else shown,
            queries,
            pictures(2, 4) if background is None else background,
            **settings,
        )


@pytest.mark.parametrize("explainer", ["expected", "shap", "integrated", "lime"])
def test_every_explainer_refuses_the_same(explainer):
    refused("class 9 does not exist", small(), [(0, 9)], explainer=explainer)
    refused(
        "single output",
        classifier(nn.Sequential(nn.Flatten(), nn.Linear(108, 1)), 1),
        [(0, 0)],
        explainer=explainer,
    )
    refused("choose at least one class", small(), [], explainer=explainer)
    broken = small()
    broken.module.network[5].weight.data[:] = float("nan")
    refused("not a number", broken, explainer=explainer)


@pytest.mark.parametrize("explainer", ["expected", "shap"])
def test_a_background_is_needed_and_must_fit(explainer):
    refused("background", small(), background=pictures(2, 0), explainer=explainer)
    refused("same size", small(), background=pictures(2, 3, side=4), explainer=explainer)


def test_nan_gradients_keep_what_was_computed():
    network, shown, background = small(), pictures(1, 1), pictures(2, 16)
    running = explain(
        network, shown, [(0, 0)], TensorBackground(background), explain_settings(score="logit")
    )
    first = next(estimate for estimate in running if estimate is not None)
    values = first.values.copy()
    network.module.network[5].weight.data[:] = float("nan")
    with pytest.raises(UserError, match="not a number"):
        list(running)
    np.testing.assert_array_equal(first.values, values)
    assert np.isfinite(values).all()


def test_a_layer_that_is_not_there_or_runs_twice_is_named():
    refused("no layer", small(), layer="features.3")
    refused("did you mean", residual(), layer="blok")


class Shared(nn.Module):
    """One activation that is used twice, and one that is never used."""

    def __init__(self) -> None:
        super().__init__()
        self.act = nn.ReLU()
        self.idle = nn.ReLU()
        self.last = nn.Linear(108, 4)

    def forward(self, x: Tensor) -> Tensor:
        """Pixels to logits."""
        out: Tensor = self.last(self.act(self.act(x) - 0.1).flatten(1))
        return out


@pytest.mark.parametrize("form", ["activation", "difference"])
def test_a_layer_must_run_exactly_once(form):
    refused("runs 2 times", classifier(Shared()), layer="act", layer_form=form)
    refused("runs not at all", classifier(Shared()), layer="idle", layer_form=form)


class ChannelsLast(nn.Module):
    """Works on (N, H, W, C) between its ends, as Swin does."""

    def __init__(self) -> None:
        super().__init__()
        self.widen = nn.Conv2d(3, 5, 1)
        self.mix = nn.Linear(5, 5)
        self.last = nn.Linear(180, 4)

    def forward(self, x: Tensor) -> Tensor:
        """Pixels to logits."""
        out: Tensor = self.last(self.mix(self.widen(x).permute(0, 2, 3, 1)).relu().flatten(1))
        return out


@pytest.mark.parametrize("explainer", ["expected", "shap"])
def test_a_layer_with_channels_last_becomes_maps(explainer):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = classifier(ChannelsLast())
    last = run(
        network, pictures(1, 2), PAIR, pictures(2, 8), layer="mix", samples=16, explainer=explainer
    )[-1]
    assert last.values.shape == (2, 5, 6, 6)
