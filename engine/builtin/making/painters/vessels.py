"""Bowls, cups, glasses, candles: turned shapes on a table."""

from __future__ import annotations

import math

import numpy as np

from engine.builtin.making.geometry import (
    Point,
    Sdf,
    Vec,
    blended,
    carved,
    cone,
    cylinder,
    placed,
    rotation,
    torus,
    tube,
    turned,
    union,
)
from engine.builtin.making.painters.scenery import cloth, planks, room
from engine.builtin.making.scene import Ground, Material, Scene, Solid, Surface, ball, plain
from engine.builtin.making.texture import Array, Colour, hsv, mix, rgb, scaled, smoothstep, vary


def _table(s: Scene) -> Ground:
    room(s)
    kind = s.pick("wood", "wood", "cloth", "white")
    if kind == "wood":
        return planks(s, *(("#c99a62", "#7a4a25") if s.chance(0.5) else ("#7a5034", "#3c2414")))
    if kind == "white":
        return cloth(s, vary(s.rng, "#e0deda", 0.05), 10.0)
    return cloth(s, hsv(s.uniform(0, 1), s.uniform(0.1, 0.6), s.uniform(0.3, 0.85)), 45.0)


def steel(s: Scene) -> Material:
    """Brushed metal: it mirrors a bright ceiling, a dark horizon and the table."""
    warm = vary(s.rng, "#c8ccd0", 0.05)

    def material(p: Vec, n: Vec, v: Vec) -> Surface:
        facing = n[0] * v[0] + n[1] * v[1] + n[2] * v[2]
        up = v[1] - 2 * facing * n[1]
        across = v[0] - 2 * facing * n[0]
        band = 0.5 + 0.5 * np.sin(across * 5.0 + up * 3.0)
        tone = 0.16 + 0.75 * smoothstep(-0.1, 0.8, up) + 0.25 * band * smoothstep(0.3, -0.4, up)
        tone = tone - 0.25 * smoothstep(0.22, 0.0, np.abs(up + 0.05))
        glow = np.asarray(warm, np.float32) * np.clip(tone * 0.75, 0.03, 1.0)[:, None]
        return Surface(scaled(warm, 0.12), 0.6, 50.0, glow)

    return material


def _food(s: Scene, level: float, wide: float, kind: str) -> list[Solid]:
    """Soup, batter or flour filling a bowl up to `level`, with bits in it."""
    names = {
        "soup": ("#c8641c", "#b8341c", "#d8a040", "#7a9a38", "#a8783c"),
        "batter": ("#f0dca8", "#e8c888", "#6a3c20", "#f4ead0"),
    }
    base = vary(s.rng, s.pick(*names[kind]))

    def liquid(p: Vec, _n: Vec, _v: Vec) -> Surface:
        swirl = s.noise.fractal(p[0] * 3, p[2] * 3, 3)
        fleck = smoothstep(0.66, 0.72, s.noise.fractal(p[0] * 9, p[2] * 9, 2))
        herb = mix(base, rgb("#2f6a1c"), fleck * (0.9 if kind == "soup" else 0.0))
        return Surface(herb * (0.75 + 0.45 * swirl)[:, None], 0.5, 40.0)

    def waves(x: Array, y: Array, z: Array) -> Array:
        return 0.05 * s.noise.fractal(x * 2.5, z * 2.5, 2)

    solids = [
        Solid(cylinder((0, level - 0.05, 0), wide, 0.05), liquid, (0, level, 0), wide * 1.02, waves)
    ]
    if kind == "soup":
        for _ in range(int(s.rng.integers(0, 12))):
            a, r = s.uniform(0, 6.28), wide * math.sqrt(s.uniform(0, 0.7))
            colour = vary(s.rng, s.pick("#e07820", "#4a8a2c", "#e8d8a0", "#c83020", "#f0e8d0"))
            size = s.uniform(0.05, 0.13)
            solids.append(ball((r * math.cos(a), level, r * math.sin(a)), size, plain(colour, 0.3)))
    return solids


def _spoon(s: Scene, at: Point, turn: Array, material: Material) -> Solid:
    head = turned([(0.0, 0.0), (0.15, 0.03), (0.24, 0.1)], 0.03)
    stem = tube([(0.2, 0.08, 0), (0.5, 0.14, 0), (1.5, 0.1, 0)], [0.04, 0.04, 0.06])
    shape = blended(0.1, head, stem)
    return Solid(placed(shape, at, turn), material, at, 1.7)


def soup_bowl(s: Scene) -> None:
    """A wide china bowl of soup, on a plate or beside a spoon."""
    s.light(height=(0.6, 1.2))
    ground = _table(s)
    high = s.uniform(0.4, 0.65)
    wall = turned(
        [(0.0, 0.08), (0.45, 0.08), (0.8, 0.22), (0.98, high), (s.uniform(1.0, 1.25), high + 0.03)],
        0.04,
    )
    china = vary(s.rng, s.pick("#f4f2ec", "#f4f2ec", "#3a6a9a", "#c8502c", "#e0d8b8"), 0.05)
    stripe: Colour = hsv(s.uniform(0, 1), 0.7, 0.6)
    ringed = s.chance(0.4)

    def glaze(p: Vec, _n: Vec, _v: Vec) -> Surface:
        ring = smoothstep(0.03, 0.02, np.abs(p[1] - high + 0.06)) * float(ringed)
        return Surface(mix(china, stripe, ring), 0.55, 50.0)

    solids = [Solid(wall, glaze, (0, 0.35, 0), 1.4), *_food(s, high - 0.12, 0.9, "soup")]
    if s.chance(0.5):
        plate = turned([(0.0, 0.03), (0.9, 0.03), (1.5, 0.16)], 0.03)
        solids.append(Solid(plate, plain(china, 0.5, 50.0), (0, 0.08, 0), 1.6))
    if s.chance(0.6):
        solids.append(_spoon(s, (s.uniform(1.5, 1.8), 0.0, s.uniform(-0.2, 0.8)),
                             rotation(s.uniform(1.0, 2.1)), steel(s)))  # fmt: skip
    s.camera(
        (0, 0.3, 0), 7.0, s.uniform(-0.6, 0.6), s.uniform(0.5, 1.05), s.uniform(1.35, 1.9) / 7.0
    )
    s.render(solids, ground)


def _whisk(tip: Point, end: Point) -> Sdf:
    """Six wire loops from `tip` to a handle that ends at `end`."""

    def between(t: float, out: float = 0.0, turn: float = 0.0) -> Point:
        x, y, z = (a + (b - a) * t for a, b in zip(tip, end, strict=True))
        return (x + out * math.cos(turn), y, z + out * math.sin(turn))

    middle = between(0.55)
    wires = [
        tube([tip, between(0.165, 0.2, k * 6.28 / 6), middle], [0.02, 0.02, 0.02]) for k in range(6)
    ]
    return union(*wires, cone(middle, end, 0.06, 0.07))


def mixing_bowl(s: Scene) -> None:
    """A deep steel, glass or glazed bowl with batter, a whisk or a spoon in it."""
    s.light(height=(0.6, 1.2))
    ground = _table(s)
    high = s.uniform(0.85, 1.15)
    wall = turned(
        [(0.0, 0.05), (0.5, 0.05), (0.8, 0.3), (0.98, 0.65), (1.05, high), (1.13, high + 0.0)], 0.03
    )
    metal = s.chance(0.65)
    skin = (
        steel(s)
        if metal
        else plain(vary(s.rng, s.pick("#f0e8d8", "#d8b060", "#88b0c8", "#e8e8e8")), 0.5, 50.0)
    )
    solids = [Solid(wall, skin, (0, 0.55, 0), 1.4)]
    filled = s.chance(0.6)
    if filled:
        solids += _food(s, s.uniform(0.35, 0.6), 0.83, "batter")
    if s.chance(0.65):
        lean = s.uniform(-0.8, 0.8)
        tip: Point = (0.5 * math.sin(lean) * -0.6, 0.35, 0.2)
        end: Point = (1.25 * math.cos(lean * 0.5), 1.9, -0.7 + lean)
        if s.chance(0.5):
            stick = union(
                cone(tip, end, 0.06, 0.07),
                cone(tip, (tip[0] + 0.1, tip[1] + 0.2, tip[2]), 0.2, 0.14),
            )
            solids.append(Solid(stick, plain(rgb("#b8854c"), 0.1), (0.5, 1.1, 0.0), 1.5))
        else:
            whisk = _whisk(tip, end)
            solids.append(Solid(whisk, steel(s), (0.5, 1.1, 0.0), 1.5))
    if s.chance(0.4):
        egg = plain(vary(s.rng, s.pick("#e8c8a0", "#f4ece0")), 0.2)
        for x in (1.5, 1.9):
            solids.append(
                ball((x * (1 if s.chance(0.5) else -1), 0.22, s.uniform(0.2, 0.9)), 0.24, egg)
            )
    s.camera(
        (0, 0.5, 0), 7.0, s.uniform(-0.6, 0.6), s.uniform(0.35, 0.8), s.uniform(1.3, 1.8) / 7.0
    )
    s.render(solids, ground)


def _mug(s: Scene, wide: float, high: float, glaze: Material, drink: Colour) -> list[Solid]:
    wall = turned([(0.0, 0.05), (wide * 0.92, 0.05), (wide, 0.14), (wide, high)], 0.045)
    ring = placed(
        torus((0, 0, 0), high * 0.3, 0.075, True), (wide + 0.1, high * 0.52, 0), rotation(0)
    )
    handle = carved(ring, cylinder((0, high / 2, 0), wide, high))
    top = cylinder((0, high - 0.14, 0), wide - 0.02, 0.02)

    def coffee(p: Vec, _n: Vec, _v: Vec) -> Surface:
        rad = np.hypot(p[0], p[2])
        foam = smoothstep(0.7, 0.98, rad / wide) + 0.6 * s.noise.fractal(p[0] * 6, p[2] * 6, 3)
        return Surface(mix(drink, rgb("#b8824c"), np.clip(foam - 0.3, 0, 1)), 0.5, 50.0)

    return [
        Solid(wall, glaze, (0, high / 2, 0), 0.75 * math.hypot(2 * wide, high)),
        Solid(handle, glaze, (wide + 0.1, high * 0.52, 0), high * 0.5),
        Solid(top, coffee, (0, high - 0.14, 0), wide * 1.05),
    ]


def coffee_mug(s: Scene) -> None:
    """A straight mug with a handle, a stripe or a dot pattern on it."""
    s.light(height=(0.5, 1.1))
    ground = _table(s)
    wide, high = s.uniform(0.62, 0.72), s.uniform(1.35, 1.6)
    base = hsv(s.uniform(0, 1), s.uniform(0.0, 0.85), s.uniform(0.35, 0.95))
    mark = hsv(s.uniform(0, 1), s.uniform(0.3, 0.9), s.uniform(0.3, 0.95))
    kind = s.pick("plain", "stripe", "dots", "rings")

    def glaze(p: Vec, _n: Vec, _v: Vec) -> Surface:
        turn = np.arctan2(p[0], p[2])
        u, v = turn * wide, p[1] - high * 0.5
        if kind == "stripe":
            on = smoothstep(0.22, 0.2, np.abs(v))
        elif kind == "dots":
            a, b = u * 3.2, v * 3.2
            on = smoothstep(0.3, 0.26, np.hypot(a - np.round(a), b - np.round(b)))
        elif kind == "rings":
            on = smoothstep(0.3, 0.26, np.abs(v * 4.0 - np.round(v * 4.0)))
        else:
            on = np.zeros_like(u)
        return Surface(mix(base, mark, on * (np.hypot(p[0], p[2]) > wide)), 0.55, 45.0)

    s.camera(
        (0.12, high * 0.48, 0),
        7.0,
        s.uniform(-0.7, 0.8),
        s.uniform(0.2, 0.65),
        s.uniform(1.15, 1.7) / 7.0,
    )
    s.render(_mug(s, wide, high, glaze, rgb("#3a1c0c")), ground)


def candle(s: Scene) -> None:
    """Burning candles in the dark."""
    s.light(power=(0.15, 0.5), fill=(0.05, 0.16))
    s.gradient(vary(s.rng, "#1c1008", 0.3), vary(s.rng, "#0a0604", 0.3))
    warm = rgb("#ff9a38")
    s.bokeh([warm, rgb("#ffcf80")], int(s.rng.integers(0, 14)), 0.03, 0.12)
    s.blur(1.0)
    solids, flames = [], []
    wax = vary(s.rng, s.pick("#f0e8d0", "#f0e8d0", "#b82018", "#e8d8a8", "#e0a050"))
    for i in range(int(s.rng.integers(1, 5))):
        x = s.uniform(-0.15, 0.15) if i == 0 else s.uniform(0.65, 1.3) * (-1) ** i * (1 + 0.2 * i)
        z, r = (0.0 if i == 0 else s.uniform(-0.9, 0.3)), s.uniform(0.2, 0.42)
        high = s.uniform(0.7, 1.7)
        flames.append((x, high, z))

        def skin(p: Vec, _n: Vec, _v: Vec, high: float = high) -> Surface:
            t = np.exp(-np.maximum(high - p[1], 0) * 2.2)
            drip = 0.85 + 0.3 * s.noise.space(p[0] * 6, p[1] * 2, p[2] * 6)
            base = np.asarray(wax, np.float32)
            light = base * np.asarray(rgb("#ffb060"), np.float32) * (1.1 * t * drip + 0.06)[:, None]
            return Surface(wax, 0.1, 20.0, light)

        shape = carved(cylinder((x, high / 2, z), r, high / 2, 0.05),
                       cylinder((x, high + 0.02, z), r * 0.75, 0.07, 0.03))  # fmt: skip
        solids.append(Solid(shape, skin, (x, high / 2, z), math.hypot(high / 2, r) * 1.02))
        wick = cone((x, high - 0.05, z), (x + 0.02, high + 0.12, z), 0.02, 0.015)
        solids.append(Solid(wick, plain(rgb("#201408")), (x, high, z), 0.2))

    def ground(x: Array, z: Array) -> Surface:
        pool = np.zeros_like(x)
        for fx, high, fz in flames:
            pool = pool + 0.5 / (0.25 + high * 0.3 + (x - fx) ** 2 + (z - fz) ** 2) ** 1.5
        tone = 0.6 + 0.6 * s.noise.fractal(x * 3, z * 9, 3)
        glow = np.asarray(rgb("#c8703c"), np.float32) * (0.16 * pool * tone)[:, None]
        return Surface(rgb("#5a3a22"), 0.1, 20.0, glow)

    width, pitch = s.uniform(1.2, 1.9), s.uniform(0.08, 0.3)
    s.camera((0, 1.05, 0), 7.0, 0.0, pitch, width / 7.0)
    s.render(solids, ground)
    for fx, high, fz in flames:
        cp, sp = math.cos(pitch), math.sin(pitch)
        px, py, pz = fx, high + 0.2 - 1.05, fz
        depth = 7.0 - (py * sp + pz * cp)
        u, v = px / depth * 7.0 / width, (py * cp - pz * sp) / depth * 7.0 / width
        tall = 0.3 / width
        a, b = (s.x - u) / (tall * 0.36), (s.y - v) / tall
        body = np.hypot(a * (1 + 0.5 * np.clip(b, -0.6, 2.0)), np.where(b > 0, b * 0.62, b))
        halo = np.exp(-np.hypot(s.x - u, s.y - v) / (0.7 * tall))
        s.rgb = s.rgb + np.asarray(warm, np.float32) * (0.55 * halo)[..., None]
        core = mix(rgb("#ff8a20"), rgb("#fff6d8"), smoothstep(1.0, 0.45, body))
        s.paint(core * 1.3, smoothstep(1.05, 0.75, body))
        blue = smoothstep(0.5, 0.1, np.hypot(a * 0.9, (b + 0.75) * 1.4))
        s.paint(rgb("#4060d0"), blue * 0.5)
