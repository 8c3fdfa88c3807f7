"""Small animals: the ladybug and the jellyfish."""

from __future__ import annotations

import math

import numpy as np

from engine.builtin.making.geometry import (
    Point,
    Vec,
    apply,
    blended,
    ellipsoid,
    placed,
    rotation,
    tube,
    union,
)
from engine.builtin.making.painters.scenery import foliage
from engine.builtin.making.scene import Material, Scene, Solid, Surface, plain
from engine.builtin.making.texture import Array, mix, rgb, scaled, smoothstep, vary


def ladybug(s: Scene) -> None:
    """A red beetle with black spots on a leaf."""
    s.light(height=(0.6, 1.2))
    foliage(s, "#24441a", "#8fbf50", s.uniform(1.5, 3.0))
    s.blur(s.uniform(3.0, 6.0))
    red = vary(s.rng, s.pick("#c8200e", "#d63a10", "#b81a14"))
    spots = [(0.0, 0.62), (0.42, 0.42), (0.72, 0.1), (0.35, -0.1), (0.66, -0.42), (0.3, -0.62)]
    spots += [(-a, b) for a, b in spots]
    shell = ellipsoid((0, 0.28, 0), (0.78, 0.66, 0.95))

    def wings(p: Vec, _n: Vec, _v: Vec) -> Surface:
        u, w = p[0] / 0.78, p[2] / 0.95
        near = np.full(u.shape, 9.0, np.float32)
        for a, b in spots:
            near = np.minimum(near, np.hypot(u - a, w - b * 0.95))
        dark = np.maximum(smoothstep(0.17, 0.14, near), smoothstep(0.03, 0.015, np.abs(u)))
        dark = np.maximum(dark, smoothstep(0.2, 0.12, p[1]))
        return Surface(mix(red, rgb("#0e0b0a"), dark), 0.55, 45.0)

    def front(p: Vec, _n: Vec, _v: Vec) -> Surface:
        white = smoothstep(0.22, 0.3, np.abs(p[0])) * smoothstep(1.16, 1.05, p[2])
        return Surface(mix(rgb("#0e0b0a"), rgb("#efe9dc"), white), 0.4, 40.0)

    turn, leaf = rotation(s.uniform(-1.2, 1.2)), vary(s.rng, "#5f9a34")
    zero: Point = (0.0, 0.0, 0.0)
    head = blended(0.1, ellipsoid((0, 0.3, 0.95), (0.5, 0.34, 0.32)),
                   ellipsoid((0, 0.24, 1.22), (0.27, 0.2, 0.2)))  # fmt: skip
    legs = [
        tube([(0.4 * a, 0.2, z), (0.95 * a, 0.22, z * 1.15), (1.12 * a, 0.02, z * 1.3)],
             [0.06, 0.05, 0.04])
        for a in (1, -1) for z in (-0.5, 0.1, 0.62)
    ]  # fmt: skip
    horns = [tube([(0.12 * a, 0.35, 1.3), (0.3 * a, 0.42, 1.6)], [0.03, 0.05]) for a in (1, -1)]
    black = plain(rgb("#0e0b0a"), 0.3)
    solids = [
        Solid(placed(shell, zero, turn), _turned(wings, turn), (0, 0.28, 0), 1.0),
        Solid(placed(head, zero, turn), _turned(front, turn), (0, 0.28, 0), 1.5),
        Solid(placed(union(*legs, *horns), zero, turn), black, (0, 0.28, 0), 1.9),
    ]

    def ground(x: Array, z: Array) -> Surface:
        vein = np.minimum(np.abs(x) * 1.2, np.abs(((z + np.abs(x) * 0.8) % 0.9) - 0.45) + 0.03)
        tone = 0.75 + 0.5 * s.noise.fractal(x * 2, z * 2, 3)
        base = np.asarray(leaf, np.float32) * tone[:, None]
        return Surface(mix(base * 1.5, base, smoothstep(0.0, 0.06, vein)), 0.12, 20.0)

    width = s.uniform(1.6, 2.6)
    s.camera((0, 0.25, 0.1), 6.0, s.uniform(-0.7, 0.7), s.uniform(0.5, 1.1), width / 6.0)
    s.render(solids, ground)


def _turned(material: Material, matrix: Array) -> Material:
    """The material in the coordinates of a thing turned by `matrix` about the origin."""
    back = np.ascontiguousarray(matrix.T)
    return lambda p, n, v: material(apply(back, *p), n, v)


def jellyfish(s: Scene) -> None:
    """A glowing bell with trailing arms in dark water."""
    deep = vary(s.rng, s.pick("#041a4a", "#06306a", "#02102e", "#0a3a6a"), 0.2)
    s.gradient(scaled(deep, 0.5), scaled(deep, 1.6))
    tint = vary(s.rng, s.pick("#f0a060", "#e8d0f0", "#b0d8f8", "#f07880", "#e8b070"), 0.1)
    lean = s.uniform(-0.5, 0.5)
    c, d = math.cos(lean), math.sin(lean)
    cx, cy, r = s.uniform(-0.2, 0.2), s.uniform(0.15, 0.4), s.uniform(0.36, 0.58)
    u, v = ((s.x - cx) * c + (s.y - cy) * d) / r, (-(s.x - cx) * d + (s.y - cy) * c) / r
    wob, pulse = s.uniform(0, 6), s.uniform(0.75, 1.0)
    for i in range(int(s.rng.integers(12, 22))):
        start = s.uniform(-0.9, 0.9)
        wide = s.uniform(0.012, 0.03) if i % 3 else s.uniform(0.06, 0.14)
        long = s.uniform(1.2, 3.2) if i % 3 else s.uniform(0.8, 1.8)
        k, amp = s.uniform(1.5, 4.0), s.uniform(0.04, 0.16)
        frill = 0.6 * wide * np.sin(v * 26 + i) if i % 3 == 0 else 0.0
        path = start * (1 + 0.15 * v) + amp * np.sin(v * k + wob + i) * np.clip(-v, 0, 1)
        fade = smoothstep(-long, -0.2, v) * (v < 0.05)
        s.paint(tint, np.clip(1 - np.abs(u - path + frill) / wide, 0, 1) * fade * 0.55)
    high = np.sqrt(np.maximum(1.0 - u * u, 0.0))
    rim = -0.18 + 0.05 * np.cos(u * 18 + wob)
    inside = smoothstep(0.0, 0.05, high * pulse - v) * smoothstep(0.0, 0.06, v - rim * high)
    inside = inside * (np.abs(u) < 1)
    edge = smoothstep(0.35, 0.0, high * pulse - v) + smoothstep(0.2, 0.0, v - rim * high) * 0.7
    ribs = 0.5 + 0.5 * np.cos(np.arcsin(np.clip(u / np.maximum(high, 0.2), -1, 1)) * 14)
    body = np.asarray(tint, np.float32) * (0.35 + 0.5 * edge + 0.2 * ribs)[..., None]
    s.paint(body, inside * np.clip(0.55 + 0.4 * edge, 0, 1))
    core = np.hypot(u * 1.6, (v - 0.3) * 2.0)
    s.paint(mix(tint, rgb("#ffffff"), 0.4), smoothstep(0.75, 0.2, core) * inside * 0.6)
    glow = np.exp(-((u * 0.8) ** 2) - (v * 0.8) ** 2)
    s.rgb = s.rgb + np.asarray(tint, np.float32) * (0.08 * glow)[..., None]
    s.bokeh([rgb("#c8e0ff")], 20, 0.004, 0.012)
    s.blur(s.uniform(0.1, 0.6))
