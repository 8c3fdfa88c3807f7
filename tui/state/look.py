"""How heatmaps are drawn, on every screen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import get_args

from tui.draw.pixels import HeatMode

HEAT_MODES: tuple[HeatMode, ...] = get_args(HeatMode)


@dataclass(frozen=True, slots=True)
class Look:
    """`mode`: what of the values is drawn; `overlay`: over the picture; `shared`: one scale."""

    mode: HeatMode = "signed"
    overlay: bool = True
    shared: bool = True

    def next_mode(self) -> Look:
        """Signed, absolute, positive, and signed again."""
        at = HEAT_MODES.index(self.mode)
        return replace(self, mode=HEAT_MODES[(at + 1) % len(HEAT_MODES)])

    def turn_overlay(self) -> Look:
        """Over the picture, or alone."""
        return replace(self, overlay=not self.overlay)

    def turn_scale(self) -> Look:
        """One scale of colours for all heatmaps, or one each."""
        return replace(self, shared=not self.shared)
