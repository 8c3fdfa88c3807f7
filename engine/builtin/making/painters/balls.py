"""Balls: each a sphere with its own skin, on the ground it is played on."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from engine.builtin.making.geometry import (
    Point,
    Vec,
    apply,
    box,
    cylinder,
    placed,
    rotation,
    turned,
)
from engine.builtin.making.painters.scenery import cloth, lawn, outdoors, room, soil
from engine.builtin.making.scene import Scene, Solid, Surface, ball, plain
from engine.builtin.making.texture import Array, hsv, mix, rgb, smoothstep, vary


def _turn(s: Scene) -> Array:
    return rotation(s.uniform(0, 6.28), s.uniform(-1.5, 1.5), s.uniform(0, 6.28))


def _local(matrix: Array, centre: Point, radius: float, p: Vec) -> Vec:
    x, y, z = ((a - c) / radius for a, c in zip(p, centre, strict=True))
    return apply(matrix, x, y, z)


def _view(s: Scene, at: Point, radius: float, low: float = 0.42, high: float = 0.75) -> None:
    """Frames a ball so that it fills `low` to `high` of the picture's width."""
    fill = s.uniform(low, high)
    distance = 5.0
    target = (
        at[0] + s.uniform(-0.25, 0.25) * radius,
        at[1] + s.uniform(-0.15, 0.3) * radius,
        at[2],
    )
    span = radius / fill / distance
    s.camera(target, distance, s.uniform(-0.5, 0.5), s.uniform(0.15, 0.6), span)


def ping_pong_ball(s: Scene) -> None:
    """A matt white or orange ball on a table tennis table, often with a paddle."""
    s.light(height=(0.5, 1.1))
    room(s, vary(s.rng, s.pick("#33414a", "#20301f", "#5a4636", "#454545"), 0.2))
    r = 0.5
    colour = vary(s.rng, "#f6f2e8", 0.03) if s.chance(0.75) else vary(s.rng, "#f39a35", 0.05)
    table = rgb(s.pick("#1d5a34", "#1c6a3e", "#20486f", "#174f3a"))
    felt = cloth(s, table, 70.0)
    line, turn = s.uniform(-2.2, 2.2), s.uniform(-1.2, 1.2)
    c, d = math.cos(turn), math.sin(turn)
    lined = s.chance(0.5)

    def top(x: Array, z: Array) -> Surface:
        base = np.asarray(felt(x, z).albedo)
        stripe = smoothstep(0.16, 0.13, np.abs(c * x + d * z - line)) * float(lined)
        return Surface(mix(base, rgb("#e8e8e0"), stripe * 0.9), 0.08, 20.0)

    skin = lambda _p, _n, _v: Surface(colour, 0.12, 22.0, wrap=0.15)  # noqa: E731
    solids = [ball((0, r, 0), r, skin)]
    if s.chance(0.35):
        solids.append(ball((s.uniform(1.0, 1.6) * (1 if s.chance(0.5) else -1), r, -0.9), r, skin))
    if s.chance(0.45):
        side = 1.0 if s.chance(0.5) else -1.0
        at = (side * s.uniform(0.8, 1.3), 0.0, s.uniform(-2.2, -1.2))
        spin = rotation(s.uniform(0, 6.28))
        rubber = vary(s.rng, s.pick("#a01818", "#b02020", "#181818"))
        solids.append(
            Solid(placed(cylinder((0, 0.06, 0), 1.1, 0.06, 0.03), at, spin), plain(rubber, 0.06),
                  at, 1.2)
        )  # fmt: skip
        solids.append(
            Solid(placed(box((0, 0.06, 1.5), (0.17, 0.09, 0.6), 0.05), at, spin),
                  plain(rgb("#c89858"), 0.1), at, 2.2)
        )  # fmt: skip
    _view(s, (0, r, 0), r, 0.3, 0.62)
    s.render(solids, top)


def _dimples(count: int) -> Array:
    i = np.arange(count) + 0.5
    high = 1.0 - 2.0 * i / count
    turn = i * math.pi * (1.0 + math.sqrt(5.0))
    flat = np.sqrt(1.0 - high**2)
    return np.stack([flat * np.cos(turn), high, flat * np.sin(turn)], 1).astype(np.float32)


def golf_ball(s: Scene) -> None:
    """A dimpled white ball on a tee or in the grass."""
    s.light(height=(0.45, 1.0))
    outdoors(s)
    r = 0.5
    dimples = _dimples(300)
    matrix = _turn(s)
    teed = s.chance(0.4)
    high = r + (0.34 if teed else -0.04)
    centre = (0.0, high, 0.0)

    def bump(x: Array, y: Array, z: Array) -> Array:
        q = np.stack(_local(matrix, centre, r, (x, y, z)), 1)
        out = np.empty(x.shape, np.float32)
        for start in range(0, x.size, 16384):
            part = slice(start, start + 16384)
            out[part] = (q[part] @ dimples.T).max(1)
        gap = np.sqrt(np.maximum(2.0 - 2.0 * out, 0.0))
        return 0.022 * smoothstep(0.098, 0.03, gap)

    solids = [ball(centre, r, plain(vary(s.rng, "#f4f3ee", 0.02), 0.35, 40.0), bump)]
    if teed:
        colour = rgb(s.pick("#e8d8b0", "#f0f0f0", "#d03030", "#3050c0"))
        solids.append(
            Solid(turned([(0.05, -0.2), (0.06, 0.22), (0.2, 0.36)], 0.035), plain(colour, 0.2),
                  (0, 0.1, 0), 0.5)
        )  # fmt: skip
    _view(s, centre, r, 0.42, 0.72)
    s.render(solids, lawn(s))
    if not teed:
        from engine.builtin.making.painters.scenery import blades

        blades(s, -0.62, 350, 0.3, ["#4f7f28", "#86b048", "#2f5a1c"])


def _icosahedron() -> Array:
    g = (1.0 + math.sqrt(5.0)) / 2.0
    first = [(0.0, a, b * g) for a in (-1, 1) for b in (-1, 1)]
    corners = [c[i:] + c[:i] for c in first for i in range(3)]
    out = np.asarray(corners, np.float32)
    return out / np.float32(math.hypot(1.0, g))


def soccer_ball(s: Scene) -> None:
    """White hexagons and black pentagons on a pitch."""
    s.light(height=(0.5, 1.1))
    outdoors(s)
    r = 0.8
    matrix, centre = _turn(s), (0.0, r - 0.03, 0.0)
    corners = _icosahedron()
    gaps = corners @ corners.T
    faces = [
        corners[i] + corners[j] + corners[k]
        for i in range(12) for j in range(i) for k in range(j)
        if min(gaps[i, j], gaps[j, k], gaps[i, k]) > 0.4
    ]  # fmt: skip
    hexagons = np.asarray(faces, np.float32)
    hexagons /= np.linalg.norm(hexagons[0])
    dark = vary(s.rng, s.pick("#141414", "#141414", "#16204a", "#501014"), 0.05)

    def skin(p: Vec, _n: Vec, _v: Vec) -> Surface:
        q = np.stack(_local(matrix, centre, r, p), 1)
        pent = (q @ corners.T) * 1.028
        hexa = q @ hexagons.T
        both = np.sort(np.concatenate([pent, hexa], 1), 1)
        black = smoothstep(-0.004, 0.004, pent.max(1) - hexa.max(1))
        seam = smoothstep(0.0, 0.013, both[:, -1] - both[:, -2])
        dirt = s.noise.cloud(p[0] * 4, p[1] * 4, p[2] * 4)
        base = mix(rgb("#f2f2ee"), dark, black) * (0.85 + 0.2 * dirt)[:, None]
        return Surface(base * (0.35 + 0.65 * seam)[:, None], 0.2, 25.0)

    _view(s, centre, r)
    s.render([ball(centre, r, skin)], lawn(s))
    from engine.builtin.making.painters.scenery import blades

    blades(s, -0.6, 300, 0.25, ["#4f7f28", "#86b048", "#2f5a1c"])


def _seam(points: int) -> Array:
    """Points along the closed curve, twice up and down round the ball, where its halves meet."""
    turn = np.linspace(0.0, 2.0 * math.pi, points, endpoint=False)
    wave = 0.62 * np.sin(2 * turn)
    flat = np.cos(wave)
    curve = np.stack([flat * np.cos(turn), np.sin(wave), flat * np.sin(turn)], 1)
    return curve.astype(np.float32)


def tennis_ball(s: Scene) -> None:
    """A yellow felt ball with a white seam on a court."""
    s.light(height=(0.5, 1.1))
    outdoors(s)
    r = 0.6
    matrix, centre = _turn(s), (0.0, r, 0.0)
    seam = _seam(160)
    felt = hsv(s.uniform(0.175, 0.205), s.uniform(0.62, 0.8), s.uniform(0.86, 0.97))

    def skin(at: Point, p: Vec, n: Vec, v: Vec) -> Surface:
        q = np.stack(_local(matrix, at, r, p), 1)
        near = np.sqrt(np.maximum(2.0 - 2.0 * (q @ seam.T).max(1), 0.0))
        fuzz = s.noise.cloud(q[:, 0] * 26, q[:, 1] * 26, q[:, 2] * 26, 2)
        rim = np.clip(1.0 + n[0] * v[0] + n[1] * v[1] + n[2] * v[2], 0, 1) ** 3
        base = np.asarray(felt, np.float32) * (0.55 + 0.75 * fuzz + 0.3 * rim)[:, None]
        return Surface(mix(rgb("#f0f0e4"), base, smoothstep(0.035, 0.055, near)), wrap=0.25)

    def bump(x: Array, y: Array, z: Array) -> Array:
        return 0.02 * s.noise.space(x * 36.0, y * 36.0, z * 36.0)

    second = (s.uniform(1.2, 1.7) * (1 if s.chance(0.5) else -1), r, -1.0)
    _view(s, centre, r)
    kind = s.pick("clay", "hard", "grass")
    court = {
        "clay": soil(s, "#c8744a", "#9a4c2c", 3.0),
        "hard": cloth(s, rgb(s.pick("#2f6a9a", "#3a7a58")), 40.0),
        "grass": lawn(s),
    }[kind]
    solids = [ball(centre, r, partial(skin, centre), bump)]
    if s.chance(0.35):
        solids.append(ball(second, r, partial(skin, second), bump))
    s.render(solids, court)
