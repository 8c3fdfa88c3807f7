"""BIM (Kurakin et al. 2016): x' = Clip(x + s alpha sign g)."""

from __future__ import annotations

from dataclasses import dataclass

from engine.attacks.fgsm import advance
from engine.types.settings import SteppedSettings

__all__ = ["Settings", "advance"]


@dataclass(frozen=True, kw_only=True)
class Settings(SteppedSettings):
    """Steps of `alpha`, 2.5 epsilon / steps by default."""
