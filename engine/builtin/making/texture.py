"""Seeded value noise, colours and small array helpers that every drawing uses. Imports numpy only.

Images are float32 arrays of linear light in [0, 1], shape (..., 3), until they are developed.
"""

from __future__ import annotations

import colorsys
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
"""Float32 in practice; wider where a step of the arithmetic widens it."""
Colour = tuple[float, float, float]


def smoothstep(low: float, high: float, value: Array) -> Array:
    """0 below `low`, 1 above `high`, a cubic ramp between; `low` > `high` runs the other way."""
    t: Array = np.clip((value - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def mix(a: Array | Colour, b: Array | Colour, t: Array | float) -> Array:
    """Blends colours (..., 3) by the weight `t`, a number or an array of shape (...)."""
    first = np.asarray(a, np.float32)
    second = np.asarray(b, np.float32)
    weight = np.asarray(t, np.float32)[..., None]
    return first + (second - first) * weight


def rgb(text: str) -> Colour:
    """A colour written as screens show it ("#rrggbb"), in linear light."""
    r, g, b = (int(text[i : i + 2], 16) / 255.0 for i in (1, 3, 5))
    return (r**2.2, g**2.2, b**2.2)


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """A colour by hue, saturation and value in [0, 1] (hue wraps), in linear light."""
    r, g, b = colorsys.hsv_to_rgb(hue % 1.0, min(saturation, 1.0), min(value, 1.0))
    return (r**2.2, g**2.2, b**2.2)


def scaled(colour: Colour, factor: float) -> Colour:
    """The colour, brighter or darker by a factor."""
    r, g, b = colour
    return (r * factor, g * factor, b * factor)


def vary(rng: np.random.Generator, text: str, amount: float = 0.08) -> Colour:
    """The colour `text`, brighter or darker and warmer or colder by about `amount`."""
    r, g, b = rgb(text)
    light = math.exp(rng.normal(0.0, amount))
    warm = math.exp(rng.normal(0.0, amount / 2))
    return (min(1.0, r * light * warm), min(1.0, g * light), min(1.0, b * light / warm))


class Noise:
    """Smooth value noise in the plane and in space; the same generator state, the same noise."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._flat = rng.random(128 * 128, np.float32)
        self._deep = rng.random(32 * 32 * 32, np.float32)

    def plane(self, x: Array, y: Array) -> Array:
        """Values in [0, 1], one bump a unit, repeating after 128 units."""
        x0, y0 = np.floor(x), np.floor(y)
        u, v = x - x0, y - y0
        u, v = u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v)
        i, j = x0.astype(np.int32) & 127, (y0.astype(np.int32) & 127) << 7
        i1, j1 = (i + 1) & 127, (j + 128) & 16383
        grid = self._flat
        low = grid[i + j] * (1.0 - u) + grid[i1 + j] * u
        high = grid[i + j1] * (1.0 - u) + grid[i1 + j1] * u
        return np.asarray(low * (1.0 - v) + high * v, np.float32)

    def fractal(self, x: Array, y: Array, octaves: int = 4) -> Array:
        """Octaves of `plane`, each twice as fine and half as strong; values in [0, 1]."""
        total = np.zeros_like(x, np.float32)
        weight, norm = 1.0, 0.0
        for octave in range(octaves):
            scale, shift = 2.0**octave, 17.3 * octave
            total += weight * self.plane(x * scale + shift, y * scale + shift)
            norm += weight
            weight *= 0.5
        return total / norm

    def space(self, x: Array, y: Array, z: Array) -> Array:
        """Values in [0, 1], one bump a unit, repeating after 32 units."""
        x0, y0, z0 = np.floor(x), np.floor(y), np.floor(z)
        u, v, w = x - x0, y - y0, z - z0
        u, v, w = u * u * (3 - 2 * u), v * v * (3 - 2 * v), w * w * (3 - 2 * w)
        i, j = x0.astype(np.int32) & 31, (y0.astype(np.int32) & 31) << 5
        k = (z0.astype(np.int32) & 31) << 10
        i1, j1, k1 = (i + 1) & 31, (j + 32) & 1023, (k + 1024) & 32767
        grid = self._deep
        rows = []
        for plane in (k, k1):
            low = grid[i + j + plane] * (1.0 - u) + grid[i1 + j + plane] * u
            high = grid[i + j1 + plane] * (1.0 - u) + grid[i1 + j1 + plane] * u
            rows.append(low * (1.0 - v) + high * v)
        return np.asarray(rows[0] * (1.0 - w) + rows[1] * w, np.float32)

    def cloud(self, x: Array, y: Array, z: Array, octaves: int = 3) -> Array:
        """Octaves of `space`; values in [0, 1]."""
        total = np.zeros_like(x, np.float32)
        weight, norm = 1.0, 0.0
        for octave in range(octaves):
            scale = 2.0**octave
            total += weight * self.space(x * scale, y * scale, z * scale + 7.7 * octave)
            norm += weight
            weight *= 0.5
        return total / norm


def wood(noise: Noise, x: Array, y: Array, light: Colour, dark: Colour) -> Array:
    """Planks along x, one unit wide in y: grain, seams and a tone for each plank."""
    plank = np.floor(y)
    tone = noise.plane(plank * 3.7, np.zeros_like(y))
    grain = noise.fractal(x * 0.8 + plank * 9.1, y * 14.0, 3)
    seam = smoothstep(0.5, 0.46, np.abs(y - plank - 0.5))
    return mix(dark, light, 0.25 + 0.45 * grain + 0.3 * tone) * (0.45 + 0.55 * seam)[..., None]
