"""A daisy and a toadstool."""

from __future__ import annotations

import math

import numpy as np

from engine.builtin.making.geometry import (
    Point,
    Sdf,
    Vec,
    blended,
    cone,
    ellipsoid,
    rotation,
    sphere,
)
from engine.builtin.making.painters.fruit import own
from engine.builtin.making.painters.scenery import blades, foliage, outdoors, soil
from engine.builtin.making.scene import Material, Scene, Solid, Surface, plain
from engine.builtin.making.texture import Array, Colour, mix, rgb, smoothstep, vary


def daisy(s: Scene) -> None:
    """White petals around a yellow middle, in the grass."""
    s.light(height=(0.3, 0.9), azimuth=(-0.8, 0.8))
    foliage(s, "#16300e", "#5f9a34", s.uniform(2.0, 4.0))
    s.bokeh([rgb("#f0f0e8"), rgb("#e0c840"), rgb("#8fc060")], 10, 0.03, 0.12)
    s.blur(s.uniform(2.0, 4.5))
    count = int(s.rng.integers(1, 5))
    solids: list[Solid] = []
    places = sorted(((s.uniform(-1.1, 1.1), s.uniform(-1.0, 1.0), s.uniform(-1.2, -0.2))
                     for _ in range(count - 1)), key=lambda q: q[2])  # fmt: skip
    for at in [*places, (s.uniform(-0.2, 0.2), s.uniform(-0.1, 0.25), 0.0)]:
        solids += _flower(s, at, s.uniform(0.62, 0.85))
    s.camera((0, 0, 0), 6.0, 0.0, 0.0, s.uniform(0.95, 1.4) / 6.0)
    s.render(solids)


def _flower(s: Scene, at: Point, size: float) -> list[Solid]:
    petals = int(s.rng.integers(15, 24))
    turn = rotation(s.uniform(-0.5, 0.5), s.uniform(-0.5, 0.3), s.uniform(0, 6.28))
    lengths = s.rng.uniform(0.85, 1.05, petals).tolist()

    def whorl(x: Array, y: Array, z: Array) -> Array:
        rad, angle = np.hypot(x, y), np.arctan2(y, x) * petals / (2 * math.pi)
        which = np.round(angle)
        far = np.asarray(lengths, np.float32)[which.astype(np.int32) % petals]
        across = (angle - which) * 2 * math.pi / petals * rad
        u, v = (rad - 0.6 * far) / (0.42 * far), across / 0.098
        w = (z + 0.12 * rad * rad - 0.05 - 0.06 * (which % 2)) / 0.035
        k: Array = np.sqrt(u * u + v * v + w * w)
        return (k - 1.0) * 0.03

    def petal(p: Vec, _n: Vec, _v: Vec) -> Surface:
        rad, angle = np.hypot(p[0], p[1]), np.arctan2(p[1], p[0])
        vein = s.noise.plane(angle * 60, rad * 2)
        return Surface(mix(rgb("#c8ccd8"), rgb("#fbfaf6"), 0.4 + 0.6 * vein), wrap=0.4)

    def middle(p: Vec, _n: Vec, _v: Vec) -> Surface:
        grains = s.noise.plane(p[0] * 42, p[1] * 42)
        rad = np.hypot(p[0], p[1])
        base = mix(rgb("#c88a08"), rgb("#ffdc20"), grains)
        return Surface(mix(rgb("#d8c028"), base, smoothstep(0.02, 0.14, rad)), wrap=0.2)

    disc = ellipsoid((0, 0, 0.06), (0.25, 0.25, 0.13))

    def bump(x: Array, y: Array, z: Array) -> Array:
        return 0.02 * s.noise.plane(x * 40, y * 40)

    root = (at[0] + s.uniform(-0.3, 0.3), at[1] - 3, at[2] - 0.4)
    stem = cone((at[0], at[1], at[2] - 0.12), root, 0.05, 0.06)
    return [
        Solid(stem, plain(rgb("#4f8a2c")), (at[0], at[1] - 1.2, at[2]), 1.4),
        own(_grown(whorl, size), _sized(petal, size), at, turn, 1.1 * size),
        own(_grown(disc, size), _sized(middle, size), at, turn, 0.4 * size, _grown(bump, size)),
    ]


def agaric(s: Scene) -> None:
    """Red toadstools with white flecks on the forest floor."""
    s.light(height=(0.6, 1.2))
    outdoors(s)
    ground = soil(s, "#7a6a3c", "#33401c", 2.0)
    solids: list[Solid] = []
    red = vary(s.rng, s.pick("#c8240e", "#d8401a", "#b81c10"))
    for i in range(int(s.rng.integers(1, 4))):
        size, at = 1.0, (0.0, 0.0, 0.0)
        if i > 0:
            size = s.uniform(0.4, 0.75)
            at = (s.uniform(0.9, 1.5) * (-1) ** i, 0.0, s.uniform(-0.9, 0.4))
        solids += _toadstool(s, at, size, red)
    yaw, pitch, width = s.uniform(-0.5, 0.5), s.uniform(0.0, 0.5), s.uniform(1.3, 1.9)
    s.camera((0, 0.85, 0), 7.0, yaw, pitch, width / 7.0)
    s.render(solids, ground)
    blades(s, -0.62, int(s.uniform(100, 400)), 0.22, ["#4a7428", "#7f9a3c", "#6a5a30"])


def _toadstool(s: Scene, at: Point, size: float, red: Colour) -> list[Solid]:
    """Stem and cap, `size` times the full height of about 1.6."""
    flat = s.uniform(0.3, 0.75)
    turn = rotation(s.uniform(0, 6.28), s.uniform(-0.15, 0.15), s.uniform(-0.15, 0.15))
    top = ellipsoid((0, 1.1, 0), (0.95, flat, 0.95))
    where = s.rng.normal(size=(60, 3)).astype(np.float32)
    where[:, 1] = np.abs(where[:, 1])
    where /= np.linalg.norm(where, axis=1, keepdims=True)
    radii = s.rng.uniform(0.035, 0.1, 60).astype(np.float32).tolist()

    def cap(x: Array, y: Array, z: Array) -> Array:
        cut: Array = np.maximum(top(x, y, z), 1.06 - y)
        return cut

    def fleck(p: Vec) -> Array:
        q = np.stack([p[0] / 0.95, (p[1] - 1.1) / flat, p[2] / 0.95], 1)
        best: Array = np.full(len(q), 9.0, np.float32)
        for spot, r in zip(where, radii, strict=True):
            best = np.minimum(best, np.sqrt(((q - spot) ** 2).sum(1)) - r)
        return best

    def skin(p: Vec, n: Vec, _v: Vec) -> Surface:
        tone = s.noise.cloud(p[0] * 3, p[1] * 3, p[2] * 3)
        base = np.asarray(red, np.float32) * (0.7 + 0.45 * tone)[:, None]
        base = mix(base, rgb("#e88830"), smoothstep(0.75, 0.98, np.hypot(p[0], p[2])) * 0.4)
        base = mix(rgb("#f4efe0"), base, smoothstep(-0.01, 0.015, fleck(p)))
        gill = 0.6 + 0.4 * np.cos(np.arctan2(p[2], p[0]) * 70)
        pale = np.asarray(rgb("#e8dcc0"), np.float32) * gill[:, None]
        return Surface(mix(base, pale, smoothstep(-0.3, -0.6, n[1])), 0.35, 25.0)

    def bump(x: Array, y: Array, z: Array) -> Array:
        return -0.03 * smoothstep(0.02, -0.03, fleck((x, y, z)))

    stem = blended(
        0.08,
        cone((0, 0, 0), (0, 1.1, 0), 0.2, 0.14),
        sphere((0, 0.05, 0), 0.28),
        ellipsoid((0, 0.8, 0), (0.28, 0.04, 0.28)),
    )
    pale = plain(vary(s.rng, "#ece4d0", 0.04))
    grown = _sized(skin, size)
    return [
        own(_grown(stem, size), pale, at, turn, 1.25 * size),
        own(_grown(cap, size), grown, at, turn, 2.0 * size, _grown(bump, size)),
    ]


def _grown(part: Sdf, size: float) -> Sdf:
    return lambda x, y, z: part(x / size, y / size, z / size) * size


def _sized(material: Material, size: float) -> Material:
    return lambda p, n, v: material((p[0] / size, p[1] / size, p[2] / size), n, v)
