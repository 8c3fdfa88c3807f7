"""Small classifiers, and exact values, for the tests of explanations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.explainers import Background, Estimate, TensorBackground, explain
from engine.models.classifier import Classifier
from engine.pictures.fitting import Preprocessing
from engine.types import EXPLAINERS, ExplainSettings, explain_settings
from engine.types.fields import names_of

SIDE = 6
PAIR = [(0, 0), (1, 1)]
"""Queries: class 0 of the first picture, class 1 of the second."""


def classifier(
    network: nn.Module, classes: int = 4, side: int = SIDE, device: str = "cpu"
) -> Classifier:
    """`network` behind the usual normalisation."""
    return Classifier(
        network,
        name="small",
        labels=tuple(f"class {index}" for index in range(classes)),
        preprocessing=Preprocessing(resize=side, crop=side, mean=(0.5,) * 3, std=(0.25,) * 3),
        device=torch.device(device),
    )


def weighted(network: nn.Module, seed: int, gain: float) -> nn.Module:
    """The network with seeded Gaussian weights, scaled by fan-in."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in network.parameters():
            scale = gain / p[0].numel() ** 0.5 if p.dim() > 1 else 0.1
            p.copy_(torch.randn(p.shape, generator=generator) * scale)
    return network


def small(seed: int = 0, gain: float = 1.5, classes: int = 4, device: str = "cpu") -> Classifier:
    """Two convolutions with ReLU and a linear layer; layers are called 0 to 5."""
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(8, 8, 3, padding=1, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(72, classes),
    )
    return classifier(weighted(network, seed, gain), classes, device=device)


class Residual(nn.Module):
    """A block that the identity bypasses, between two layers that nothing bypasses."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.block = nn.Conv2d(4, 4, 3, padding=1)
        self.act = nn.ReLU(inplace=True)
        self.head = nn.Linear(4 * SIDE * SIDE, 4)

    def forward(self, x: Tensor) -> Tensor:
        """Pixels to logits; `act` runs once."""
        x = self.stem(x)
        x = self.act(x + self.block(x))
        out: Tensor = self.head(x.flatten(1))
        return out


def residual() -> Classifier:
    """A `Residual` network with seeded weights."""
    return classifier(weighted(Residual(), 3, 1.5))


def pictures(seed: int, count: int, side: int = SIDE) -> Tensor:
    """Random pictures (count, 3, side, side) in [0, 1]."""
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


def useful(explainer: str = "expected", **settings: Any) -> ExplainSettings:
    """Settings of an explainer, without those that it has no use for."""
    own = names_of(EXPLAINERS.settings(explainer), constants=False)
    return explain_settings(
        explainer, **{name: value for name, value in settings.items() if name in own}
    )


def run(
    network: Classifier,
    shown: Tensor,
    queries: Sequence[tuple[int, int]],
    background: Tensor | Background | None,
    **settings: Any,
) -> list[Estimate]:
    """All estimates of an explanation."""
    if isinstance(background, Tensor):
        background = TensorBackground(background)
    running = explain(network, shown, queries, background, useful(**settings))
    return [estimate for estimate in running if estimate is not None]


def exact(
    network: Classifier,
    shown: Tensor,
    queries: Sequence[tuple[int, int]],
    background: Tensor,
    score: str = "logit",
    steps: int = 400,
) -> np.ndarray:
    """Expected gradients (Q, 3, H, W) by a plain float64 midpoint sum over every path."""
    module = network.module.double()
    out = []
    for p, c in queries:
        x = shown[p].double()
        total = torch.zeros_like(x)
        for b in background.double():
            a = ((torch.arange(steps, dtype=torch.float64) + 0.5) / steps).view(-1, 1, 1, 1)
            z = (b + a * (x - b)).requires_grad_()
            logits = module(z)
            value = logits if score == "logit" else logits.softmax(1)
            (gradient,) = torch.autograd.grad(value[:, c].sum(), z)
            total += (x - b) * gradient.mean(0)
        out.append((total / len(background)).numpy())
    network.module.float()
    return np.stack(out)


def repeated(
    network: Classifier, shown: Tensor, background: Tensor, repeats: int, **settings: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Values, standard errors, deviations and degrees of `PAIR`, with as many seeds."""
    last = [
        run(network, shown, PAIR, background, seed=seed, **settings)[-1] for seed in range(repeats)
    ]
    return (
        np.array([e.values for e in last], dtype=np.float64),
        np.array([e.standard_error for e in last], dtype=np.float64),
        np.array([e.deviations for e in last], dtype=np.float64),
        np.array([e.degrees for e in last]),
    )
