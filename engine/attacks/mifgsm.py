"""MI-FGSM (Dong et al. 2018): m' = mu m + g / |g|_1, x' = Clip(x + s alpha sign m')."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.types.fields import setting
from engine.types.settings import SteppedSettings

if TYPE_CHECKING:
    from torch import Tensor

    from engine.attacks.base import State


@dataclass(frozen=True, kw_only=True)
class Settings(SteppedSettings):
    """Steps of `alpha`, epsilon / steps by default; `decay` is the momentum's mu."""

    decay: float = setting(
        1.0,
        "number",
        "decay",
        metavar="MU",
        hint="the momentum's mu",
        help="the momentum's mu",
        panel=7,
    )

    @property
    def default_alpha(self) -> float:
        """Epsilon / steps (Dong et al. 2018)."""
        return self.epsilon / self.steps


def advance(state: State, gradient: Tensor, x0: Tensor, settings: Settings, sign: int) -> State:
    """The next state; its memory is the momentum m."""
    import torch

    from engine.attacks.base import State, signed_step

    size = gradient.abs().sum(dim=(1, 2, 3), keepdim=True)
    momentum = gradient / size.clamp_min(torch.finfo(gradient.dtype).tiny)
    if state.memory is not None:
        momentum = settings.decay * state.memory + momentum
    moved = signed_step(state, momentum, x0, settings, sign)
    return State(moved.step, moved.x, momentum)
