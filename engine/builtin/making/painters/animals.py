"""Large animals: elephants of two kinds and the zebra."""

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
    placed,
    rotation,
    sphere,
    tube,
    union,
)
from engine.builtin.making.painters.scenery import blades, foliage, sky, soil
from engine.builtin.making.scene import Material, Scene, Solid, Surface, plain
from engine.builtin.making.texture import Array, mix, rgb, smoothstep, vary


def _hide(s: Scene, base: str, dust: str) -> tuple[Material, Sdf]:
    """Wrinkled skin with dust on it: its colour, and its relief."""
    skin, earth = vary(s.rng, base), vary(s.rng, dust)

    def creases(x: Array, y: Array, z: Array) -> Array:
        a: Array = s.noise.cloud(x * 7.0, y * 11.0, z * 7.0, 2)
        b = s.noise.space(x * 16.0 + 5.0, y * 26.0, z * 16.0)
        folds: Array = np.abs(2.0 * a - 1.0) * 0.65 + np.abs(2.0 * b - 1.0) * 0.35
        return folds

    def material(p: Vec, n: Vec, _v: Vec) -> Surface:
        fold = smoothstep(0.0, 0.35, creases(*p))
        patch = s.noise.cloud(p[0] * 1.7, p[1] * 1.7, p[2] * 1.7)
        base_colour = mix(skin, earth, np.clip(0.9 * patch + 0.25 * n[1] - 0.15, 0, 1))
        return Surface(base_colour * (0.72 + 0.28 * fold)[:, None], 0.06, 10.0)

    return material, lambda x, y, z: -0.005 * smoothstep(0.0, 0.4, creases(x, y, z))


def _elephant(s: Scene, african: bool, hide: tuple[Material, Sdf]) -> list[Solid]:
    """An elephant facing +x; its feet are on y = 0 and its back is at about 2.2."""
    skin, bump = hide
    swing = s.uniform(-0.22, 0.22)
    nod = s.uniform(-0.05, 0.05)
    if african:
        trunk_body = blended(
            0.35,
            ellipsoid((-0.05, 1.42, 0), (1.0, 0.66, 0.6)),
            ellipsoid((0.62, 1.6, 0), (0.55, 0.62, 0.52)),
            ellipsoid((-0.72, 1.5, 0), (0.55, 0.64, 0.54)),
        )
        head = ellipsoid((1.38, 1.92 + nod, 0), (0.46, 0.48, 0.4))
        brow = ellipsoid((1.55, 1.72 + nod, 0), (0.36, 0.34, 0.3))
    else:
        trunk_body = blended(
            0.35,
            ellipsoid((-0.1, 1.52, 0), (1.1, 0.76, 0.64)),
            ellipsoid((0.6, 1.45, 0), (0.5, 0.56, 0.5)),
            ellipsoid((-0.72, 1.4, 0), (0.5, 0.6, 0.54)),
        )
        head = blended(
            0.12,
            ellipsoid((1.38, 1.95 + nod, 0.17), (0.4, 0.44, 0.3)),
            ellipsoid((1.38, 1.95 + nod, -0.17), (0.4, 0.44, 0.3)),
        )
        brow = ellipsoid((1.56, 1.66 + nod, 0), (0.3, 0.36, 0.28))
    neck = cone((0.7, 1.65, 0), (1.3, 1.8, 0), 0.5, 0.4)
    curl = s.uniform(-0.15, 0.45)
    side = s.uniform(-0.18, 0.18)
    path: list[Point] = [
        (1.68, 1.66 + nod, 0),
        (1.92, 1.3 + nod, side * 0.3),
        (1.98, 0.9, side * 0.7),
        (1.96 + curl * 0.2, 0.5 + 0.1 * curl, side),
        (2.0 + curl * 0.8, 0.22 + 0.3 * curl, side * 1.2),
    ]
    trunk = tube(path, [0.27, 0.2, 0.155, 0.12, 0.085], 0.12)
    legs = []
    for x, z, step in ((0.66, 0.34, swing), (0.66, -0.34, -swing),
                       (-0.74, 0.34, -swing), (-0.74, -0.34, swing)):  # fmt: skip
        knee: Point = (x + step * 0.5, 0.62, z)
        legs.append(tube([(x, 1.2, z), knee, (x + step, 0.1, z)], [0.3, 0.215, 0.215], 0.08))
    tail = tube([(-1.2, 1.75, 0), (-1.36, 1.3, side), (-1.36, 0.8, side * 1.5)], [0.08, 0.05, 0.03])
    body = blended(0.2, blended(0.3, trunk_body, neck, head, brow), trunk, *legs)
    body = union(body, tail)
    parts = [Solid(body, skin, (0.35, 1.15, 0), 2.3, bump)]
    spread = s.uniform(0.35, 0.95)
    for sign in (1.0, -1.0):
        if african:
            lobe = blended(
                0.2,
                ellipsoid((-0.42, 0.1, 0), (0.5, 0.56, 0.05)),
                ellipsoid((-0.3, -0.34, 0), (0.3, 0.46, 0.045)),
            )
            at: Point = (1.26, 1.9 + nod, sign * 0.38)
            turn = rotation(sign * spread, s.uniform(-0.1, 0.1), 0.0)
        else:
            lobe = blended(
                0.15,
                ellipsoid((-0.2, -0.08, 0), (0.26, 0.32, 0.05)),
                ellipsoid((-0.18, -0.34, 0), (0.15, 0.26, 0.04)),
            )
            at = (1.22, 1.9 + nod, sign * 0.4)
            turn = rotation(sign * spread * 0.7, 0.0, 0.05)
        parts.append(Solid(placed(lobe, at, turn), skin, at, 1.05 if african else 0.75, bump))
        long = s.uniform(0.75, 1.15) if african else (s.uniform(0.2, 0.7) if spread > 0.5 else 0.0)
        if long > 0.0:
            z = sign * 0.23
            tusk = tube(
                [(1.62, 1.5 + nod, z), (1.95, 1.18, z * 1.25),
                 (1.95 + 0.34 * long, 1.0, z * 1.3), (1.95 + 0.62 * long, 1.08, z * 1.1)],
                [0.075, 0.07, 0.055, 0.02],
            )  # fmt: skip
            ivory = plain(vary(s.rng, "#efe4c8", 0.04), 0.2)
            parts.append(Solid(tusk, ivory, (2.1, 1.25, z), 0.85, casts=False))
        eye: Point = (1.68, 1.86 + nod, sign * 0.315)
        parts.append(Solid(sphere(eye, 0.05), plain(rgb("#0c0806"), 0.6, 60.0), eye, 0.06))
    return parts


def _elephant_view(s: Scene) -> None:
    """From the front quarter or the side, the head always in the picture."""
    yaw = s.uniform(0.25, 1.15) * (1.0 if s.chance(0.5) else -1.0)
    if yaw < 0:
        yaw += math.pi
    near = s.uniform(0.0, 1.0)
    target = (0.45 + 0.35 * near, 1.22 + 0.12 * near, 0.0)
    width = 2.0 - 0.55 * near
    s.camera(target, 9.0, yaw, s.uniform(0.02, 0.16), width / 9.0)


def _acacias(s: Scene, horizon: float) -> None:
    """Flat-topped trees on the horizon."""
    for _ in range(int(s.rng.integers(1, 5))):
        x, tall = s.uniform(-1.0, 1.0), s.uniform(0.15, 0.5)
        top = horizon + tall
        dark = vary(s.rng, "#4d5530", 0.15)
        edge = s.noise.fractal(s.x * 14.0, s.y * 14.0, 2) * 0.12
        crown = ((s.x - x) / (tall * 0.85)) ** 2 + ((s.y - top) / (tall * 0.22)) ** 2
        s.paint(dark, smoothstep(1.0, 0.8, np.sqrt(crown) + edge))
        stem = np.abs(s.x - x) - 0.02 * tall / 0.3
        inside = (s.y > horizon) & (s.y < top)
        s.paint(rgb("#3a3020"), np.clip(0.5 - stem * 90, 0, 1) * inside)


def African_elephant(s: Scene) -> None:  # noqa: N802
    """Large fan ears, tusks, a hollow back; on the savannah."""
    s.light(height=(0.45, 1.1), warm=(0.02, 0.25))
    _elephant_view(s)
    dusk = s.uniform(0.0, 0.6) if s.chance(0.4) else 0.0
    horizon = s.horizon
    sky(s, s.uniform(0.1, 0.8), horizon - 0.1, dusk)
    hills = s.noise.fractal(s.x * 1.5 + 9.0, 0 * s.y, 3) * 0.2 + horizon - 0.03
    s.paint(vary(s.rng, "#7f8f8a"), smoothstep(0.0, -0.02, s.y - hills) * 0.8)
    _acacias(s, horizon - 0.02)
    s.blur(s.uniform(0.4, 1.4))
    dry = s.chance(0.75)
    ground = soil(s, *(("#d8b878", "#94703c") if dry else ("#a8a858", "#5c6a2c")), 1.0)
    hide = _hide(s, s.pick("#8d857c", "#847468", "#978a80", "#7d7a78"), "#a8927a")
    s.render(_elephant(s, True, hide), ground)
    grass = ["#c8aa62", "#a88a44", "#dcc486"] if dry else ["#8a9a40", "#a8b058", "#c0b070"]
    if s.chance(0.8):
        blades(s, -0.66, int(s.uniform(120, 420)), s.uniform(0.12, 0.28), grass)


def Indian_elephant(s: Scene) -> None:  # noqa: N802
    """Small ears, a domed head, an arched back; in a forest clearing."""
    s.light(height=(0.5, 1.1), power=(1.9, 2.7), fill=(0.5, 0.8))
    _elephant_view(s)
    foliage(s, "#14260e", "#6a9440", s.uniform(2.5, 5.0))
    for _ in range(int(s.rng.integers(2, 7))):
        x, w = s.uniform(-1, 1), s.uniform(0.02, 0.09)
        bark = s.noise.fractal(s.x * 20, s.y * 4, 2)
        edge = np.abs(s.x - x - 0.05 * s.y) - w
        s.paint(mix(rgb("#2a2016"), rgb("#6a563c"), bark), np.clip(0.5 - edge * 60, 0, 1) * 0.9)
    s.blur(s.uniform(0.6, 1.8))
    bare = s.chance(0.5)
    ground = soil(s, *(("#a88660", "#6a4a30") if bare else ("#7c9a44", "#3a5420")), 1.3)
    hide = _hide(s, s.pick("#7e7a7a", "#88827f", "#74706f"), "#9a8678")
    s.render(_elephant(s, False, hide), ground)
    if s.chance(0.7):
        blades(s, -0.7, int(s.uniform(150, 420)), s.uniform(0.1, 0.25),
               ["#4a7428", "#6f9a3c", "#2f5218"])  # fmt: skip


def zebra(s: Scene) -> None:
    """Black and white stripes on a horse's body, on grassland."""
    s.light(height=(0.5, 1.1))
    stripe = s.uniform(13.0, 17.0)
    swing = s.uniform(-0.2, 0.2)
    body = blended(
        0.25,
        ellipsoid((0, 1.35, 0), (0.85, 0.46, 0.4)),
        ellipsoid((-0.6, 1.42, 0), (0.42, 0.44, 0.38)),
        cone((0.55, 1.5, 0), (1.12, 2.05, 0), 0.36, 0.2),
    )
    face = blended(0.15, cone((1.12, 2.12, 0), (1.58, 1.72, 0), 0.2, 0.12),
                   ellipsoid((1.2, 2.08, 0), (0.24, 0.2, 0.17)))  # fmt: skip
    legs = []
    for x, z, step in ((0.52, 0.2, swing), (0.52, -0.2, -swing),
                       (-0.68, 0.2, -swing), (-0.68, -0.2, swing)):  # fmt: skip
        legs.append(tube([(x, 1.2, z), (x + step * 0.4, 0.65, z), (x + step, 0.08, z)],
                         [0.2, 0.1, 0.085], 0.05))  # fmt: skip
    ears = [ellipsoid((1.02, 2.36, z), (0.05, 0.16, 0.07)) for z in (0.13, -0.13)]
    tail = tube([(-1.0, 1.55, 0), (-1.12, 1.1, 0), (-1.12, 0.7, 0)], [0.06, 0.05, 0.08])
    whole = union(blended(0.12, body, face, *legs, *ears), tail)

    def coat(p: Vec, _n: Vec, _v: Vec) -> Surface:
        x, y, z = p
        wob = s.noise.space(x * 2.0, y * 2.0, z * 2.0) * 0.5
        head = smoothstep(0.95, 1.1, x - 0.2 * (y - 1.9))
        low = smoothstep(1.05, 0.85, y)
        neck = smoothstep(0.4, 0.7, x)
        across = (x + wob * 0.35) * stripe * 1.4
        across = across + neck * (y - 1.5) * stripe * 1.0
        along = (y + 0.15 * wob) * stripe * 1.9
        phase = across * (1 - low) + along * low
        phase = phase * (1 - head) + (y * 1.2 + x * 0.6 + np.abs(z)) * stripe * 2.3 * head
        band = smoothstep(-0.12, 0.12, np.sin(phase + wob * 2.0))
        nose = smoothstep(1.5, 1.6, x) * smoothstep(1.0, 1.2, y)
        hoof = smoothstep(0.14, 0.1, y)
        base = mix(rgb("#17130f"), rgb("#efeae0"), band)
        return Surface(mix(base, rgb("#1a1512"), np.maximum(nose, hoof)), 0.08, 12.0)

    def mane(p: Vec, _n: Vec, _v: Vec) -> Surface:
        band = smoothstep(-0.2, 0.2, np.sin((p[0] + p[1]) * stripe * 1.6))
        return Surface(mix(rgb("#17130f"), rgb("#e8e2d8"), band))

    hair = tube([(0.45, 1.9, 0), (0.8, 2.15, 0), (1.08, 2.38, 0)], [0.06, 0.1, 0.08])
    eyes = [(1.28, 2.1, z) for z in (0.165, -0.165)]
    solids = [Solid(whole, coat, (0.2, 1.2, 0), 1.9), Solid(hair, mane, (0.8, 2.1, 0), 0.6)]
    solids += [Solid(sphere(e, 0.045), plain(rgb("#080604"), 0.6), e, 0.05) for e in eyes]
    yaw = s.uniform(-0.6, 0.6) + (math.pi if s.chance(0.5) else 0.0)
    near = s.uniform(0.0, 1.0)
    s.camera((0.2 + 0.4 * near, 1.2 + 0.3 * near, 0), 8.0, yaw, s.uniform(0.03, 0.16),
             (1.7 - 0.55 * near) / 8.0)  # fmt: skip
    sky(s, s.uniform(0.0, 0.6), s.horizon - 0.1)
    s.paint(vary(s.rng, "#8a9060"), smoothstep(0.0, -0.04, s.y - s.horizon
            - 0.2 * s.noise.fractal(s.x * 3.0, 0 * s.y, 3)))  # fmt: skip
    s.blur(s.uniform(0.6, 2.0))
    dry = s.chance(0.6)
    s.render(solids, soil(s, *(("#cdb271", "#8d7440") if dry else ("#9fb058", "#57702c"))))
    blades(s, -0.6, 350, 0.25, ["#c8aa62", "#a88a44", "#8a9a40"])
