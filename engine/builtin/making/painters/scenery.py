"""Grounds, skies and backdrops that several drawings share."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw

from engine.builtin.making.scene import Ground, Scene, Surface, decode, encode
from engine.builtin.making.texture import Array, Colour, hsv, mix, rgb, smoothstep, vary, wood


def cloth(s: Scene, colour: Colour, weave: float = 60.0) -> Ground:
    """Woven cloth or felt of one colour."""

    def ground(x: Array, z: Array) -> Surface:
        fine = s.noise.plane(x * weave, z * weave)
        broad = s.noise.fractal(x * 2.0, z * 2.0, 3)
        return Surface(np.asarray(colour, np.float32) * (0.7 + 0.3 * fine + 0.3 * broad)[:, None])

    return ground


def planks(s: Scene, light: str = "#c99a62", dark: str = "#7a4a25", width: float = 0.8) -> Ground:
    """A wooden floor or table top, its boards at a random angle."""
    a, b = vary(s.rng, light), vary(s.rng, dark)
    turn = s.uniform(-0.6, 0.6)
    c, d = math.cos(turn), math.sin(turn)

    def ground(x: Array, z: Array) -> Surface:
        u, v = (c * x + d * z) / width, (c * z - d * x) / width
        return Surface(wood(s.noise, u, v, a, b), 0.1, 40.0)

    return ground


def soil(s: Scene, light: str, dark: str, scale: float = 1.0) -> Ground:
    """Sand, earth, dry or green grass seen from some way off: patches and specks."""
    a, b = vary(s.rng, light), vary(s.rng, dark)

    def ground(x: Array, z: Array) -> Surface:
        patch = s.noise.fractal(x * scale * 0.7, z * scale * 0.7, 3)
        speck = s.noise.fractal(x * scale * 8.0, z * scale * 8.0, 2)
        return Surface(mix(b, a, np.clip(0.2 + 1.1 * (patch - 0.5) + 0.9 * (speck - 0.2), 0, 1)))

    return ground


def lawn(s: Scene, light: str = "#8fb648", dark: str = "#2f5a1c") -> Ground:
    """Mown grass: fine upright streaks."""
    a, b = vary(s.rng, light), vary(s.rng, dark)

    def ground(x: Array, z: Array) -> Surface:
        blades = s.noise.fractal(x * 34.0, z * 9.0, 3)
        patch = s.noise.fractal(x * 1.3, z * 1.3, 3)
        return Surface(mix(b, a, np.clip(1.6 * (blades - 0.5) + 0.9 * patch, 0, 1)))

    return ground


def blades(
    s: Scene, top: float, count: int, tall: float, palette: list[str], lean: float = 0.3
) -> None:
    """Grass blades in front, from the bottom edge to the height `top`, painted back to front."""
    picture = Image.fromarray(encode(s.rgb))
    pen = ImageDraw.Draw(picture)
    n = s.n
    order = np.sort(s.rng.random(count))
    for part in order.tolist():
        y = top - (top + 1.15) * part
        size = tall * (0.35 + 0.65 * part) * s.uniform(0.6, 1.3)
        x = s.uniform(-1.05, 1.05)
        tip = x + size * s.uniform(-lean, lean)
        colour = np.asarray(vary(s.rng, palette[int(s.rng.integers(len(palette)))], 0.2))
        ink = tuple(int(255 * c ** (1 / 2.2)) for c in colour.tolist())
        points = [((x + 1) * n / 2, (1 - y) * n / 2), ((tip + 1) * n / 2, (1 - y - size) * n / 2)]
        pen.line(points, fill=ink, width=max(1, int(n * 0.004 * (0.4 + part))))
    s.rgb = decode(np.asarray(picture))


def sky(s: Scene, clouds: float = 0.5, horizon: float = -0.2, dusk: float = 0.0) -> None:
    """A sky with soft clouds; `clouds` 0 to 1 is how much they cover."""
    top = mix(vary(s.rng, "#3f78c0"), rgb("#3a4a7c"), dusk)
    low = mix(vary(s.rng, "#bcd4ea"), rgb("#f2b27a"), dusk)
    t = np.clip((s.y - horizon) / (1.0 - horizon), 0.0, 1.0)
    s.rgb = mix(low, top, t**0.8)
    drift = s.uniform(0.0, 60.0)
    far = 1.0 / (0.7 + np.maximum(s.y - horizon, 0.0))
    cover = s.noise.fractal(s.x * 1.6 * far + drift, s.y * 4.0 * far + drift, 5)
    white = mix(rgb("#ffffff"), rgb("#ffcfa8"), dusk)
    s.paint(white, smoothstep(0.68 - 0.3 * clouds, 0.9 - 0.25 * clouds, cover) * 0.9)


def foliage(s: Scene, dark: str = "#13240f", light: str = "#6f9a3c", scale: float = 5.0) -> None:
    """Leaves filling the picture, with gaps where light comes through."""
    drift = s.uniform(0.0, 90.0)
    x, y = s.x * scale + drift, s.y * scale + drift
    leaf = s.noise.fractal(x, y, 4)
    glint = s.noise.fractal(x * 3.0, y * 3.0, 2)
    s.rgb = mix(
        vary(s.rng, dark), vary(s.rng, light), smoothstep(0.3, 0.8, leaf * 0.6 + glint * 0.4)
    )
    s.paint(rgb("#e6f0d0"), smoothstep(0.72, 0.85, leaf) * 0.6)


def room(s: Scene, wall: Colour | None = None) -> None:
    """A room far out of focus: a wall with a few large dim shapes."""
    hue = s.uniform(0.0, 1.0)
    base = wall or hsv(hue, s.uniform(0.05, 0.4), s.uniform(0.35, 0.8))
    red, green, blue = (c * s.uniform(0.6, 1.1) for c in base)
    s.gradient(base, (red, green, blue))
    for _ in range(int(s.rng.integers(3, 7))):
        x, y = s.uniform(-1, 1), s.uniform(-0.6, 1)
        w, h = s.uniform(0.1, 0.5), s.uniform(0.1, 0.6)
        colour = hsv(s.uniform(0, 1), s.uniform(0.1, 0.6), s.uniform(0.15, 0.9))
        edge = np.maximum(np.abs(s.x - x) - w, np.abs(s.y - y) - h)
        s.paint(colour, np.clip(0.5 - edge * 20.0, 0, 1) * s.uniform(0.3, 0.8))
    s.blur(s.uniform(3.0, 7.0))


def outdoors(s: Scene) -> None:
    """Trees and sky far out of focus."""
    foliage(s, "#1c3014", "#86a858", s.uniform(2.0, 5.0))
    if s.chance(0.5):
        s.paint(vary(s.rng, "#c8dcee"), smoothstep(0.2, 0.6, s.y))
    s.bokeh([rgb("#b8d488"), rgb("#e8f0c8"), rgb("#48702c")], 14, 0.05, 0.2)
    s.blur(s.uniform(2.5, 5.0))
