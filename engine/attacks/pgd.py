"""PGD (Madry et al. 2018): BIM from a random start in the epsilon-ball."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.attacks.fgsm import advance
from engine.types.settings import AttackSettings, SteppedSettings

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Settings", "advance", "start"]


@dataclass(frozen=True, kw_only=True)
class Settings(SteppedSettings):
    """Steps of `alpha`, 2.5 epsilon / steps by default; the start comes from `seed`."""


def start(x0: Tensor, settings: AttackSettings) -> Tensor:
    """Uniform in the epsilon-ball around x0 (N, 3, H, W), the same on every device for a seed."""
    import torch

    generator = torch.Generator().manual_seed(settings.seed)
    noise = torch.rand(x0.shape, generator=generator, dtype=x0.dtype).to(x0.device)
    return (x0 + settings.epsilon * (2.0 * noise - 1.0)).clamp(0.0, 1.0)
