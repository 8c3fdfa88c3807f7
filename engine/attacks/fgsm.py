"""FGSM (Goodfellow et al. 2014): x1 = clamp(x0 + s epsilon sign g), one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.types.settings import AttackSettings

if TYPE_CHECKING:
    from torch import Tensor

    from engine.attacks.base import State


@dataclass(frozen=True, kw_only=True)
class Settings(AttackSettings):
    """The one step has the length of epsilon."""


def advance(state: State, gradient: Tensor, x0: Tensor, settings: Settings, sign: int) -> State:
    """The next state: see `engine.attacks.base.Method`."""
    from engine.attacks.base import signed_step

    return signed_step(state, gradient, x0, settings, sign)
