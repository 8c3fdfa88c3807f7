"""Things in the air: hot-air balloons, soap bubbles, a parachute."""

from __future__ import annotations

import math

import numpy as np

from engine.builtin.making.geometry import (
    Point,
    Sdf,
    Vec,
    blended,
    box,
    cone,
    ellipsoid,
    sphere,
    union,
)
from engine.builtin.making.painters.scenery import outdoors, sky
from engine.builtin.making.scene import Material, Scene, Solid, Surface, plain
from engine.builtin.making.texture import Colour, hsv, mix, rgb, smoothstep, vary


def _envelope(at: Point, gores: int, palette: list[Colour], bands: bool, phase: float) -> Material:
    """Sewn cloth in three colours: stripes, or stripes shifted from band to band."""
    x, y, z = at

    def skin(p: Vec, _n: Vec, _v: Vec) -> Surface:
        turn = np.arctan2(p[2] - z, p[0] - x) * gores / (2 * math.pi) + phase
        shift = np.floor((p[1] - y) * 3) if bands else np.zeros_like(p[1])
        which = np.floor(turn + shift) % 3
        seam = smoothstep(0.0, 0.06, np.abs(turn - np.round(turn)))
        base = mix(palette[0], palette[1], (which == 1) * 1.0)
        base = mix(base, palette[2], (which == 2) * 1.0)
        return Surface(base * (0.6 + 0.4 * seam)[:, None], 0.12, 14.0, wrap=0.35)

    return skin


def balloon(s: Scene) -> None:
    """Hot-air balloons in the sky."""
    s.light(height=(0.3, 1.0), fill=(0.5, 0.8))
    sky(s, s.uniform(0.0, 0.7), -0.6)
    if s.chance(0.6):
        edge = -0.75 + 0.3 * (s.noise.fractal(s.x * 1.5 + 7, 0 * s.x, 4) - 0.3)
        land = mix(rgb("#3a5a2c"), rgb("#98a868"), s.noise.fractal(s.x * 8, s.y * 16, 3))
        s.paint(mix(land, rgb("#a8c0d8"), 0.35), smoothstep(-0.01, 0.01, edge - s.y))
    solids: list[Solid] = []
    spots = [(s.uniform(-0.3, 0.3), s.uniform(0.0, 0.3), 0.0, 1.0)]
    for _ in range(int(s.rng.integers(0, 4))):
        spots.append((s.uniform(-4, 4), s.uniform(-2, 3), s.uniform(-9, -4), 1.0))
    for x, y, z, _k in spots:
        gores = int(s.rng.integers(6, 12)) * 2
        palette = [hsv(s.uniform(0, 1), s.uniform(0.7, 1), s.uniform(0.7, 1)) for _ in range(3)]
        bands = s.chance(0.4)
        phase = s.uniform(0, 6)
        envelope = blended(
            0.55, sphere((x, y + 0.35, z), 1.0), cone((x, y + 0.2, z), (x, y - 1.1, z), 0.72, 0.22)
        )

        skin = _envelope((x, y, z), gores, palette, bands, phase)
        solids.append(Solid(envelope, skin, (x, y - 0.05, z), 1.5))
        solids.append(
            Solid(
                box((x, y - 1.75, z), (0.17, 0.14, 0.17), 0.03),
                plain(rgb("#7a5230")),
                (x, y - 1.75, z),
                0.3,
            )
        )
        corners = [(a, b) for a in (1, -1) for b in (1, -1)]
        ropes = union(
            *(
                cone(
                    (x + 0.15 * a, y - 1.6, z + 0.15 * b),
                    (x + 0.22 * a, y - 1.15, z + 0.22 * b),
                    0.012,
                    0.012,
                )
                for a, b in corners
            )
        )
        solids.append(Solid(ropes, plain(rgb("#302820")), (x, y - 1.4, z), 0.45))
    s.camera((0, -0.15, 0), 9.0, 0.0, s.uniform(-0.3, 0.1), s.uniform(1.7, 2.6) / 9.0)
    s.render(solids)


def bubble(s: Scene) -> None:
    """Soap bubbles: thin films with coloured rims and window reflections."""
    (outdoors if s.chance(0.6) else sky)(s)
    s.rgb = s.rgb * s.uniform(0.35, 0.8)
    s.blur(3.0)
    spots = [(s.uniform(-0.2, 0.2), s.uniform(-0.15, 0.15), s.uniform(0.4, 0.68))]
    for _ in range(int(s.rng.integers(0, 8))):
        spots.append((s.uniform(-1, 1), s.uniform(-1, 1), s.uniform(0.06, 0.22)))
    for cx, cy, r in spots[::-1]:
        u, v = (s.x - cx) / r, (s.y - cy) / r
        rad = np.hypot(u, v)
        inside = smoothstep(1.0, 0.985, rad)
        z = np.sqrt(np.maximum(1 - rad * rad, 0.0))
        film = (
            1.2 * (1 - z) ** 0.7
            + 0.7 * s.noise.fractal(u * 1.8 + cx * 20, v * 2.6 + 3 * z, 3)
            + 0.4 * v
        )
        tint = np.stack(
            [0.5 + 0.5 * np.cos(6.28 * (film * 1.4 + k)) for k in (0.0, 0.33, 0.67)], -1
        )
        rim = (1 - z) ** 2.2
        s.rgb = s.rgb + tint.astype(np.float32) * (inside * (0.06 + 0.75 * rim))[..., None]
        for sx, sy, k in ((-0.45, 0.5, 1.0), (0.42, -0.48, 0.45)):
            a, b = u - sx, v - sy
            bend = np.maximum(np.abs(a + 0.5 * b * sx) - 0.17, np.abs(b + 0.35 * a * sy * 2) - 0.2)
            cross = smoothstep(0.0, 0.03, np.minimum(np.abs(a + 0.5 * b * sx), np.abs(b)))
            pane = smoothstep(0.03, -0.03, bend) * cross * inside
            s.rgb = s.rgb + np.asarray((0.75, 0.82, 0.9), np.float32) * (pane * k * 0.75)[..., None]


def parachute(s: Scene) -> None:
    """A canopy with lines and a jumper under it."""
    s.light(height=(0.4, 1.0), fill=(0.5, 0.8))
    sky(s, s.uniform(0.0, 0.7), -1.0)
    gores = int(s.rng.integers(8, 14))
    palette = [hsv(s.uniform(0, 1), s.uniform(0.4, 1), s.uniform(0.7, 1)) for _ in range(2)]
    top: Sdf = ellipsoid((0, 0.6, 0), (1.25, 0.8, 1.25))
    hollow = ellipsoid((0, 0.5, 0), (1.2, 0.76, 1.2))
    canopy: Sdf = lambda x, y, z: np.maximum(np.maximum(top(x, y, z), -hollow(x, y, z)), 0.55 - y)  # noqa: E731

    def skin(p: Vec, _n: Vec, _v: Vec) -> Surface:
        turn = np.arctan2(p[2], p[0]) * gores / (2 * math.pi)
        which = np.floor(turn) % 2
        return Surface(mix(palette[0], palette[1], which), 0.1, wrap=0.4)

    lines = union(*(cone((1.2 * math.cos(a), 0.6, 1.2 * math.sin(a)), (0, -1.1, 0), 0.01, 0.01)
                    for a in np.linspace(0, 6.28, gores, endpoint=False).tolist()))  # fmt: skip
    limbs = [
        cone((side * 0.06, -1.4, 0), (side * 0.11, -1.8, 0), 0.06, 0.05) for side in (1, -1)
    ] + [cone((side * 0.1, -1.1, 0), (side * 0.22, -0.75, 0), 0.04, 0.04) for side in (1, -1)]
    man = union(cone((0, -1.1, 0), (0, -1.4, 0), 0.12, 0.1), sphere((0, -0.92, 0), 0.09), *limbs)
    solids = [
        Solid(canopy, skin, (0, 0.8, 0), 1.4),
        Solid(lines, plain(rgb("#d8d8d8")), (0, -0.2, 0), 1.6, casts=False),
        Solid(man, plain(vary(s.rng, s.pick("#2a2a30", "#3a4a2a", "#a03020"))), (0, -1.3, 0), 0.7),
    ]
    s.camera((0, -0.1, 0), 9.0, s.uniform(0, 6), s.uniform(-0.55, 0.05), s.uniform(1.7, 2.6) / 9.0)
    s.render(solids)
