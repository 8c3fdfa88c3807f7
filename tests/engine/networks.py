"""Small networks with known weights for tests."""

from __future__ import annotations

import torch
from torch import nn


def smooth_network(seed: int = 0, side: int = 8, classes: int = 5) -> nn.Module:
    """A float64 network without kinks, so that gradients are unambiguous."""
    generator = torch.Generator().manual_seed(seed)
    network = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.Tanh(), nn.Flatten(), nn.Linear(6 * side * side, classes)
    ).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator).double())
    return network.eval().requires_grad_(False)


def picture(seed: int = 1, side: int = 8, count: int = 1) -> torch.Tensor:
    """Random pixels (count, 3, side, side) in [0, 1], float64, some of them at the ends."""
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(count, 3, side, side, generator=generator).double() * 1.2 - 0.1).clamp(0, 1)
