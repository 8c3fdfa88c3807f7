"""Landscapes: volcano, alp, lakeside, seashore, geyser, hay, rapeseed."""

from __future__ import annotations

import numpy as np

from engine.builtin.making.painters.scenery import sky
from engine.builtin.making.scene import Scene
from engine.builtin.making.texture import Array, Colour, mix, rgb, scaled, smoothstep, vary


def _ridge(s: Scene, base: float, tall: float, scale: float, octaves: int = 6) -> Array:
    """The height of a mountain skyline over each column."""
    drift = s.uniform(0.0, 90.0)
    zero = np.zeros_like(s.x)
    rough = s.noise.fractal(s.x * scale + drift, zero + drift, octaves)
    return base + tall * (rough - 0.35) * 2.0


def _slopes(
    s: Scene, top: Array, rock: Colour, snow: Colour, snow_line: float, scale: float
) -> None:
    """A mountain side below `top`: faces in light and shadow, snow above the line."""
    drift = s.uniform(0.0, 60.0)
    below = top - s.y
    x, y = s.x * scale + drift, s.y * scale * 0.8 + drift
    folds = s.noise.fractal(x + below * 1.5, y - below, 6)
    gx = np.gradient(folds, axis=1) * s.n / scale
    side = 1.0 if s.sun[0] > 0 else -1.0
    lit = smoothstep(-0.9, 0.9, gx * side * 1.2)
    cover = smoothstep(-0.12, 0.12, s.y - snow_line + 0.5 * (folds - 0.5) + 0.12 * (lit - 0.5))
    stone = mix(scaled(rock, 0.35), rock, lit)
    white = mix(rgb("#8aa0c4"), snow, lit)
    s.paint(mix(stone, white, cover), smoothstep(-0.004, 0.004, below))


def _forest(s: Scene, base: float, tall: float, dark: str = "#15301a") -> None:
    """A line of conifers in front."""
    shore = _ridge(s, base, 0.1, 1.2, 2)
    spires = np.abs(((s.x * 22 + 3 * s.noise.plane(s.x * 9, 0 * s.x)) % 1.0) - 0.5) * 2
    top = shore + tall * (0.35 + 0.65 * spires) * (0.6 + 0.8 * s.noise.plane(s.x * 14 + 5, 0 * s.x))
    leaf = s.noise.fractal(s.x * 40, s.y * 20, 2)
    s.paint(
        mix(vary(s.rng, dark), rgb("#4a6a34"), leaf * 0.7), smoothstep(-0.006, 0.006, top - s.y)
    )


def alp(s: Scene) -> None:
    """Snowy peaks above dark woods or a meadow."""
    s.light()
    sky(s, s.uniform(0.1, 0.7), -0.2)
    rock, snow = vary(s.rng, "#6a6a72"), vary(s.rng, "#f4f6fa", 0.02)
    far = _ridge(s, s.uniform(0.15, 0.4), 0.35, 1.1)
    _slopes(s, far, _blend(rock, "#8aa0c0"), _blend(snow, "#b0c4e0"), -0.2, 2.0)
    near = _ridge(s, s.uniform(-0.1, 0.3), s.uniform(0.6, 0.95), s.uniform(0.9, 1.5))
    _slopes(s, near, rock, snow, s.uniform(-0.25, 0.15), s.uniform(1.6, 2.8))
    if s.chance(0.7):
        _forest(s, s.uniform(-0.85, -0.5), s.uniform(0.1, 0.22))
    if s.chance(0.6):
        edge = _ridge(s, s.uniform(-0.95, -0.65), 0.12, 1.0, 3)
        grass = s.noise.fractal(s.x * 26, s.y * 40, 3)
        s.paint(
            mix(rgb("#3a5a20"), vary(s.rng, "#8fae50"), grass), smoothstep(-0.01, 0.01, edge - s.y)
        )


def _blend(colour: Colour, other: str, weight: float = 0.5) -> Colour:
    """Two colours mixed, as a colour."""
    a, b, c = (p + (q - p) * weight for p, q in zip(colour, rgb(other), strict=True))
    return (a, b, c)
