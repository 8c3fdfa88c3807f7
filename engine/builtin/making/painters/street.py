"""Things in the street: traffic lights, name plates, a school bus."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw

from engine.builtin.making.geometry import (
    Point,
    Vec,
    apply,
    box,
    carved,
    cone,
    cylinder,
    ellipsoid,
    placed,
    rotation,
    union,
)
from engine.builtin.making.painters.clocks import letters
from engine.builtin.making.painters.scenery import foliage, outdoors, sky
from engine.builtin.making.scene import Material, Scene, Solid, Surface, ball, plain
from engine.builtin.making.texture import Array, Colour, hsv, mix, rgb, scaled, smoothstep, vary


def traffic_light(s: Scene) -> None:
    """Three lamps in a dark case, one of them on, against the sky or a street."""
    s.light(fill=(0.3, 0.6))
    if s.chance(0.6):
        sky(s, s.uniform(0.0, 0.9), -1.2, s.uniform(0.0, 0.9) if s.chance(0.4) else 0.0)
    else:
        outdoors(s)
    if s.chance(0.5):
        for _ in range(5):
            x, w, top = s.uniform(-1, 1), s.uniform(0.15, 0.4), s.uniform(-0.6, 0.3)
            wall = hsv(s.uniform(0, 0.15), s.uniform(0.1, 0.4), s.uniform(0.25, 0.7))
            lit = smoothstep(0.3, 0.4, np.abs(np.sin(s.x * 30)) * np.abs(np.sin(s.y * 26)))
            inside = smoothstep(0.01, -0.01, np.maximum(np.abs(s.x - x) - w, s.y - top))
            s.paint(np.asarray(wall, np.float32) * (0.6 + 0.4 * lit)[..., None], inside)
        s.blur(s.uniform(1.5, 3.5))
    on = int(s.rng.integers(3))
    hues = ("#ff2a18", "#ffb81c", "#28f088")
    case = plain(vary(s.rng, s.pick("#141614", "#1c2420", "#c89a18", "#202020")), 0.25, 25.0)
    heads = [(0.0, s.uniform(-0.5, 0.5))]
    if s.chance(0.3):
        heads.append(
            (s.uniform(1.5, 2.0) * (1 if s.chance(0.5) else -1), heads[0][1] + s.uniform(-0.3, 0.3))
        )
    solids, lamps = [], []
    for hx, yaw in heads:
        turn = rotation(yaw)
        solids.append(
            Solid(
                placed(box((0, 0, 0), (0.48, 1.28, 0.3), 0.1), (hx, 0, 0), turn),
                case,
                (hx, 0, 0),
                1.45,
            )
        )
        for k in range(3):
            y = 0.8 - 0.8 * k
            colour = rgb(hues[k])
            active = k == on
            out = turn @ np.array([0.0, y, 0.28], np.float32)
            where = (float(out[0]) + hx, float(out[1]), float(out[2]))
            glow = scaled(colour, 1.5) if active else None
            lens = plain(scaled(colour, 0.22), 0.5, 40.0, glow)
            solids.append(
                Solid(
                    placed(ellipsoid((0, y, 0.28), (0.31, 0.31, 0.12)), (hx, 0, 0), turn),
                    lens,
                    where,
                    0.34,
                )
            )
            hood = carved(
                cylinder((0, 0, 0), 0.37, 0.26),
                cylinder((0, 0, 0), 0.33, 0.5),
                box((0, 0, -0.75), (1, 1, 0.6)),
            )
            hood = placed(hood, (0, y, 0.45), rotation(0, math.pi / 2 * -1.0))
            solids.append(Solid(placed(hood, (hx, 0, 0), turn), case, where, 0.6))
            if active:
                lamps.append((where, colour))
    if s.chance(0.6):
        solids.append(
            Solid(
                cone((0, -1.3, -0.1), (0, -5, -0.1), 0.1, 0.12),
                plain(rgb("#6a6e70"), 0.3),
                (0, -3, 0),
                2.2,
            )
        )
    else:
        solids.append(
            Solid(
                cone((-6, 0.4, -0.45), (6, 0.6, -0.45), 0.09, 0.09),
                plain(rgb("#6a6e70"), 0.3),
                (0, 0.5, 0),
                6.2,
            )
        )
    width = s.uniform(1.5, 2.3)
    s.camera(
        (s.uniform(-0.3, 0.3), s.uniform(-0.3, 0.2), 0),
        9.0,
        s.uniform(-0.3, 0.3),
        s.uniform(-0.45, 0.0),
        width / 9.0,
    )
    s.render(solids)
    for (lx, ly, lz), colour in lamps:
        ex, ey, ez = (q - e for q, e in zip((lx, ly, lz), s.eye, strict=True))
        far = math.sqrt(ex * ex + ey * ey + ez * ez)
        dots = (s.rays[0] * ex + s.rays[1] * ey + s.rays[2] * ez) / far
        halo = np.exp(-np.sqrt(np.maximum(2 - 2 * dots, 0)) / 0.05).reshape(s.n, s.n)
        s.rgb = s.rgb + np.asarray(colour, np.float32) * (0.5 * halo)[..., None]


def _name_plate(word: str, at: Point, turn: Array, plate: Colour, ink: Colour) -> Material:
    """The letters and the rim of a sign 2.5 wide and 0.62 high."""
    picture = Image.new("L", (512, 128), 0)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((10, 10, 501, 117), outline=255, width=6)
    letters(pen, word, 256, 64, 96 if len(word) < 8 else 84, (255,))
    mask = np.asarray(picture, np.float32) / 255.0
    back = np.ascontiguousarray(turn.T)

    def skin(p: Vec, _n: Vec, _v: Vec) -> Surface:
        x, y, _ = apply(back, p[0] - at[0], p[1] - at[1], p[2] - at[2])
        i = np.clip((x / 2.5 + 0.5) * 511, 0, 511).astype(np.int32)
        j = np.clip((0.5 - y / 0.62) * 127, 0, 127).astype(np.int32)
        return Surface(mix(plate, ink, mask[j, i]), 0.2, 20.0)

    return skin


def street_sign(s: Scene) -> None:
    """Name plates or a warning sign on a pole."""
    s.light(height=(0.5, 1.2))
    (foliage if s.chance(0.4) else sky)(s)
    s.blur(s.uniform(1.0, 3.0))
    pole = plain(vary(s.rng, "#9a9ea0"), 0.3)
    solids = [Solid(cone((0, -4, -0.06), (0, 1.9, -0.06), 0.06, 0.06), pole, (0, -1, 0), 3.2)]
    words = ["MAIN ST", "OAK ST", "PINE ST", "LAKE AVE", "WEST ST", "HILL RD", "5TH AVE", "ELM ST"]
    s.rng.shuffle(words)
    count = int(s.rng.integers(1, 3))
    plate = vary(s.rng, s.pick("#0a6a3c", "#0a6a3c", "#1c4a9a", "#f0f0ec"))
    ink = rgb("#1a1a1a") if plate[0] > 0.5 else rgb("#f6f6f2")
    for k in range(count):
        at = (0.0, 1.1 - 0.75 * k, 0.0)
        turn = rotation((0.25 if k else -0.35) + s.uniform(-0.3, 0.3) + k * 0.9)
        skin = _name_plate(words[k], at, turn, plate, ink)
        shape = placed(box((0, 0, 0), (1.25, 0.31, 0.03), 0.02), at, turn)
        solids.append(Solid(shape, skin, at, 1.35))
    s.camera(
        (0, 0.7, 0), 8.0, s.uniform(-0.3, 0.3), s.uniform(-0.4, -0.05), s.uniform(1.3, 1.9) / 8.0
    )
    s.render(solids)


def school_bus(s: Scene) -> None:
    """A yellow bus with black stripes on a street."""
    s.light(height=(0.5, 1.1))
    sky(s, s.uniform(0.1, 0.8), -0.1)
    hedge = 0.35 + 0.3 * (s.noise.fractal(s.x * 3, 0 * s.x, 3) - 0.5)
    leaf = mix(rgb("#2a4420"), rgb("#6a8a48"), s.noise.fractal(s.x * 9, s.y * 9, 3))
    s.paint(leaf, smoothstep(-0.02, 0.02, hedge - s.y))
    s.blur(s.uniform(1.0, 2.5))
    yellow = vary(s.rng, "#f0a818", 0.04)

    def paint(p: Vec, n: Vec, v: Vec) -> Surface:
        x, y, z = p
        cell = (x + 2.6) / 0.52
        pane = (
            (np.abs(cell - np.floor(cell) - 0.5) < 0.4)
            & (y > 1.25)
            & (y < 1.72)
            & (x > -2.5)
            & (x < 1.4)
        )
        side = (np.abs(n[2]) > 0.7) & pane
        front = (n[0] > 0.7) & (np.abs(z) < 0.72) & (y > 1.2) & (y < 1.8) & (np.abs(z) > 0.03)
        glass = side | front
        stripe = (np.abs(n[2]) > 0.6) & (
            (np.abs(y - 1.12) < 0.035) | (np.abs(y - 0.72) < 0.03) | (np.abs(y - 0.5) < 0.03)
        )
        grille = (n[0] > 0.7) & (x > 2.2) & (np.abs(z) < 0.4) & (y > 0.55) & (y < 1.0)
        base = mix(yellow, rgb("#14181c"), (glass | grille) * 1.0)
        base = mix(base, rgb("#181408"), stripe * 1.0)
        return Surface(base, 0.35 + 0.3 * glass, 40.0)

    body = union(
        box((-0.6, 1.25, 0), (2.1, 0.85, 0.85), 0.16),
        box((1.85, 0.82, 0), (0.65, 0.42, 0.72), 0.14),
    )
    tyre, hub = plain(rgb("#141414")), plain(rgb("#a0a4a8"), 0.5)
    solids = [Solid(body, paint, (-0.1, 1.15, 0), 2.95)]
    for x in (-1.7, 1.75):
        for z in (0.78, -0.78):
            wheel = placed(
                cylinder((0, 0, 0), 0.42, 0.12, 0.04), (x, 0.42, z), rotation(0, math.pi / 2)
            )
            solids.append(Solid(wheel, tyre, (x, 0.42, z), 0.45))
            cap = placed(
                cylinder((0, 0, 0), 0.2, 0.14, 0.03), (x, 0.42, z), rotation(0, math.pi / 2)
            )
            solids.append(Solid(cap, hub, (x, 0.42, z), 0.25))
    for z in (0.5, -0.5):
        solids.append(
            ball((2.48, 0.85, z), 0.11, plain(rgb("#f8f4e0"), 0.6, glow=(0.15, 0.15, 0.12)))
        )
        solids.append(ball((1.45, 1.98, z), 0.08, plain(rgb("#d82010"), 0.5)))
    yaw = s.uniform(0.3, 1.1) * (1 if s.chance(0.5) else -1)
    yaw = yaw if yaw > 0 else math.pi + yaw
    s.camera((0.1, 1.0, 0), 11.0, yaw, s.uniform(0.05, 0.3), s.uniform(2.3, 3.0) / 11.0)

    def road(x: Array, z: Array) -> Surface:
        tone = 0.8 + 0.4 * s.noise.fractal(x * 8, z * 8, 3)
        line = smoothstep(0.07, 0.05, np.abs(z - 2.2)) * (np.floor(x * 0.4) % 2)
        base = np.asarray(rgb("#77777a"), np.float32) * tone[:, None]
        return Surface(mix(base, rgb("#e8e0c0"), line))

    s.render(solids, road)
