"""Fruit and flowers: orange, lemon, apple, strawberry, daisy, agaric and the like."""

from __future__ import annotations

import math

import numpy as np

from engine.builtin.making.geometry import (
    Point,
    Sdf,
    Vec,
    apply,
    blended,
    ellipsoid,
    placed,
    rotation,
    sphere,
    tube,
)
from engine.builtin.making.painters.scenery import cloth, planks, room
from engine.builtin.making.scene import Ground, Material, Scene, Solid, Surface, plain
from engine.builtin.making.texture import Array, hsv, mix, rgb, smoothstep, vary


def _spread(s: Scene, count: int, gap: float, deep: float = 1.0) -> list[tuple[float, float]]:
    """Places on the ground at least `gap` apart; the first is near the middle."""
    places = [(s.uniform(-0.1, 0.1), s.uniform(-0.1, 0.1))]
    for _ in range(60):
        if len(places) >= count:
            break
        x, z = s.uniform(-1.9, 1.9) * gap, s.uniform(-1.8 * deep, 0.9 * deep) * gap
        if all(math.hypot(x - a, z - b) > gap for a, b in places):
            places.append((x, z))
    return places


def _table(s: Scene) -> Ground:
    room(s)
    kind = s.pick("wood", "wood", "white", "cloth")
    if kind == "wood":
        return planks(s, *(("#c99a62", "#7a4a25") if s.chance(0.6) else ("#8a5c3a", "#4a2c18")))
    if kind == "white":
        return cloth(s, vary(s.rng, "#dcdcd8", 0.05), 8.0)
    return cloth(s, hsv(s.uniform(0, 1), s.uniform(0.1, 0.5), s.uniform(0.4, 0.9)), 40.0)


def _fruit_view(s: Scene, size: float, count: int) -> None:
    width = size * (s.uniform(1.3, 1.8) if count < 3 else s.uniform(1.7, 2.6))
    s.camera((0, size * 0.75, -0.15 * count * size * 0.3), 6.0, s.uniform(-0.5, 0.5),
             s.uniform(0.25, 0.75), width / 6.0)  # fmt: skip


def _pile(
    s: Scene, count: int, gap: float, make: Sdf, skin: Material, reach: float, lift: float,
    bump: Sdf | None = None, flat: bool = False,
) -> list[Solid]:  # fmt: skip
    """Several of one fruit, each turned its own way; skins are in the fruit's own coordinates."""
    solids = []
    for x, z in _spread(s, count, gap):
        if flat:
            turn = rotation(s.uniform(0, 6.28), s.uniform(-0.25, 0.25), s.uniform(-0.2, 0.2))
        else:
            turn = rotation(s.uniform(0, 6.28), s.uniform(-1.3, 1.3), s.uniform(-0.8, 0.8))
        solids.append(own(make, skin, (x, lift, z), turn, reach, bump))
    return solids


def own(
    make: Sdf, skin: Material, at: Point, turn: Array, reach: float, bump: Sdf | None = None
) -> Solid:
    back = np.ascontiguousarray(turn.T)

    def turned_skin(p: Vec, n: Vec, v: Vec) -> Surface:
        local = apply(back, p[0] - at[0], p[1] - at[1], p[2] - at[2])
        return skin(local, apply(back, *n), v)

    return Solid(placed(make, at, turn), turned_skin, at, reach,
                 None if bump is None else placed(bump, at, turn))  # fmt: skip


def orange(s: Scene) -> None:
    """Oranges with pitted skin, sometimes cut."""
    s.light(height=(0.5, 1.1))
    ground = _table(s)
    peel = hsv(s.uniform(0.065, 0.09), s.uniform(0.9, 0.97), s.uniform(0.93, 1.0))
    r = 0.6

    def skin(p: Vec, _n: Vec, _v: Vec) -> Surface:
        x, y, z = p
        pits = s.noise.space(x * 26, y * 26, z * 26)
        tone = s.noise.cloud(x * 2, y * 2, z * 2)
        base = np.asarray(peel, np.float32) * (0.7 + 0.25 * pits + 0.2 * tone)[:, None]
        navel = np.hypot(x, z) + (y < 0) * 1.0
        return Surface(mix(rgb("#5f6a28"), base, smoothstep(0.05, 0.09, navel)), 0.22, 16.0)

    def flesh(p: Vec, n: Vec, v: Vec) -> Surface:
        x, _, z = p
        rad = np.hypot(x, z) / r
        turn = np.arctan2(z, x) * 10 / (2 * math.pi)
        wall = np.abs(turn - np.round(turn))
        wall = (0.5 - wall) * rad
        juice = s.noise.fractal(rad * 6, turn * 5.0, 2)
        inside = mix(rgb("#f08a10"), rgb("#ffc040"), juice)
        pale = rgb("#f8e2b0")
        cut = mix(
            inside, pale, np.maximum(smoothstep(0.86, 0.9, rad), smoothstep(0.035, 0.01, wall))
        )
        cut = mix(cut, pale, smoothstep(0.12, 0.06, rad))
        face = smoothstep(0.7, 0.9, n[1])
        rind = np.asarray(skin(p, n, v).albedo)
        return Surface(mix(rind, mix(cut, peel, smoothstep(0.95, 0.98, rad)), face), 0.2, 20.0)

    def bump(x: Array, y: Array, z: Array) -> Array:
        return 0.006 * s.noise.space(x * 30, y * 30, z * 30)

    count = int(s.rng.integers(3, 9))
    whole = ellipsoid((0, 0, 0), (r, r * 0.95, r))
    solids = _pile(s, count, 1.22, whole, skin, r * 1.02, r * 0.96, bump)
    if s.chance(0.5):
        ball_ = sphere((0, 0, 0), r)
        half: Sdf = lambda x, y, z: np.maximum(ball_(x, y, z), y)  # noqa: E731
        at = (s.uniform(-0.9, 0.9), 0.5, s.uniform(1.0, 1.3))
        turn = rotation(s.uniform(-0.5, 0.5), s.uniform(0.6, 1.0))
        solids.append(own(half, flesh, at, turn, r * 1.02))
    _fruit_view(s, 0.75, count + 1)
    s.render(solids, ground)


def lemon(s: Scene) -> None:
    """Yellow fruit with a nipple at each end."""
    s.light(height=(0.5, 1.1))
    ground = _table(s)
    peel = hsv(s.uniform(0.135, 0.155), s.uniform(0.85, 0.97), s.uniform(0.93, 1.0))
    make = blended(0.16, ellipsoid((0, 0, 0), (0.68, 0.52, 0.52)),
                   ellipsoid((0.68, 0, 0), (0.15, 0.11, 0.11)),
                   ellipsoid((-0.66, 0, 0), (0.1, 0.12, 0.12)))  # fmt: skip

    def skin(p: Vec, _n: Vec, _v: Vec) -> Surface:
        pits = s.noise.space(p[0] * 22, p[1] * 22, p[2] * 22)
        green = smoothstep(0.55, 0.85, np.abs(p[0])) * 0.35
        base = np.asarray(peel, np.float32) * (0.78 + 0.3 * pits)[:, None]
        return Surface(mix(base, rgb("#8a9a20"), green), 0.25, 18.0)

    def bump(x: Array, y: Array, z: Array) -> Array:
        return 0.007 * s.noise.space(x * 24, y * 24, z * 24)

    count = int(s.rng.integers(2, 8))
    solids = []
    for x, z in _spread(s, count, 1.35):
        turn = rotation(s.uniform(0, 6.28), 0.0, s.uniform(-0.25, 0.25))
        solids.append(own(make, skin, (x, 0.52, z), turn, 0.9, bump))
    _fruit_view(s, 0.75, count)
    s.render(solids, ground)


def Granny_Smith(s: Scene) -> None:  # noqa: N802
    """Green apples with a stalk."""
    s.light(height=(0.5, 1.1))
    ground = _table(s)
    green = hsv(s.uniform(0.2, 0.245), s.uniform(0.65, 0.85), s.uniform(0.68, 0.85))

    def make(x: Array, y: Array, z: Array) -> Array:
        rad = np.sqrt(x * x + z * z)
        lobes = 1.0 + 0.02 * np.cos(np.arctan2(z, x) * 5)
        ring: Array = np.sqrt((rad / lobes - 0.2) ** 2 + (y * 1.06) ** 2) - 0.4
        dent = np.maximum(ring, np.abs(y) - 0.377 - 0.2 * rad)
        return np.where(rad < 0.2, dent, ring) * 0.8

    def skin(p: Vec, _n: Vec, _v: Vec) -> Surface:
        x, y, z = p
        dots = smoothstep(0.8, 0.9, s.noise.space(x * 20, y * 20, z * 20))
        streak = s.noise.fractal(np.arctan2(z, x) * 6, y * 2.0, 3)
        blush = smoothstep(0.5, 0.9, s.noise.space(x * 1.2, y * 1.2, z * 1.2)) * 0.35
        base = np.asarray(green, np.float32) * (0.75 + 0.35 * streak)[:, None]
        base = mix(base, rgb("#d0d860"), blush)
        pit = smoothstep(0.17, 0.03, np.hypot(x, z)) * (y > 0)
        return Surface(
            mix(mix(base, rgb("#dce8a0"), dots * 0.7), rgb("#7a7430"), pit * 0.7), 0.5, 45.0
        )

    stalk = tube([(0, 0.25, 0), (0.03, 0.45, 0), (0.1, 0.62, 0.02)], [0.025, 0.022, 0.035])
    count = int(s.rng.integers(1, 6))
    solids = []
    for x, z in _spread(s, count, 1.22):
        turn = rotation(s.uniform(0, 6.28), s.uniform(-0.3, 0.3), s.uniform(-0.35, 0.35))
        at = (x, 0.42, z)
        solids.append(own(make, skin, at, turn, 0.75))
        solids.append(own(stalk, plain(rgb("#4a3420")), at, turn, 0.7))
    _fruit_view(s, 0.7, count)
    s.render(solids, ground)
