"""The blog post's loop: G' = G + g where x was not clamped, x' = clamp(x0 + s epsilon sign G').

It restarts from x0 at every iteration and never clears the gradient. Kept as it is, so that the
post's figures can be checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.types.settings import IteratedSettings

if TYPE_CHECKING:
    from torch import Tensor

    from engine.attacks.base import State


@dataclass(frozen=True, kw_only=True)
class Settings(IteratedSettings):
    """Every step has the length of epsilon."""


def advance(state: State, gradient: Tensor, x0: Tensor, settings: Settings, sign: int) -> State:
    """The next state; its memory is the sum of gradients G."""
    from engine.attacks.base import State

    total, reach = gradient, sign * settings.epsilon
    # Autograd's clamp passes no gradient where it cut; step 0 is x0 itself, never cut.
    if state.memory is not None:
        candidate = x0 + reach * state.memory.sign()
        inside = (candidate >= 0.0) & (candidate <= 1.0)
        total = state.memory + gradient * inside
    return State(state.step + 1, (x0 + reach * total.sign()).clamp(0.0, 1.0), total)
