"""Clocks: on a wall, with bells, and with glowing figures."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from engine.builtin.making.geometry import (
    Vec,
    box,
)
from engine.builtin.making.painters.scenery import planks, room
from engine.builtin.making.scene import Scene, Solid, Surface, decode, encode, plain
from engine.builtin.making.texture import Colour, hsv, mix, rgb, scaled, smoothstep, vary

_ROMAN = ("XII", "I", "II", "III", "IIII", "V", "VI", "VII", "VIII", "IX", "X", "XI")


def _wall(s: Scene) -> None:
    """A wall close behind: plaster, bricks or boards, lit from one side."""
    kind = s.pick("plaster", "plaster", "brick", "boards")
    u, v = s.x * 3 + s.uniform(0, 40), s.y * 3 + s.uniform(0, 40)
    base = hsv(s.uniform(0, 1), s.uniform(0.03, 0.4), s.uniform(0.5, 0.9))
    if kind == "brick":
        row = np.floor(v * 2)
        a, b = u + 0.5 * (row % 2), v * 2 - row
        gap = np.minimum(np.minimum(a % 1, 1 - a % 1), np.minimum(b, 1 - b) * 0.5)
        tone = s.noise.plane(np.floor(a) * 3.3, row * 5.7)
        brick = (
            mix(rgb("#7a3420"), rgb("#b86a48"), tone)
            * (0.7 + 0.5 * s.noise.fractal(u * 9, v * 9, 2))[..., None]
        )
        s.rgb = mix(rgb("#a8a098"), brick, smoothstep(0.02, 0.05, gap))
    elif kind == "boards":
        tone = s.noise.fractal(u * 12, v * 0.8, 3)
        gap = np.abs(u * 0.8 - np.round(u * 0.8))
        s.rgb = (
            mix(rgb("#5a3a20"), rgb("#b88850"), tone)
            * (0.5 + 0.5 * smoothstep(0.01, 0.03, gap))[..., None]
        )
    else:
        s.rgb = (
            np.asarray(base, np.float32) * (0.8 + 0.3 * s.noise.fractal(u * 3, v * 3, 4))[..., None]
        )
    s.rgb = s.rgb * (0.75 + 0.25 * np.clip(s.x * s.uniform(-1, 1) + s.y * 0.5, -1, 1))[..., None]


def _dial(s: Scene, cx: float, cy: float, r: float, roman: bool, face: Colour, ink: Colour) -> None:
    """A clock's face: figures, minute marks and hands."""
    u, v = (s.x - cx) / r, (s.y - cy) / r
    rad = np.hypot(u, v)
    s.paint(face, smoothstep(1.0, 0.985, rad))
    picture = Image.fromarray(encode(s.rgb))
    pen = ImageDraw.Draw(picture)
    n = s.n
    black = tuple(int(255 * c ** (1 / 2.2)) for c in ink)

    def at(radius: float, hour: float) -> tuple[float, float]:
        a = hour / 12 * 2 * math.pi
        return (
            (cx + r * radius * math.sin(a) + 1) * n / 2,
            (1 - cy - r * radius * math.cos(a)) * n / 2,
        )

    unit = n * r / 2
    for minute in range(60):
        big = minute % 5 == 0
        pen.line([at(0.96, minute / 5), at(0.88 if big else 0.92, minute / 5)], fill=black,
                 width=max(1, round(unit * (0.03 if big else 0.012))))  # fmt: skip
    for hour in range(12):
        x, y = at(0.74, hour)
        text = _ROMAN[hour] if roman else str(hour or 12)
        letters(pen, text, x, y, unit * (0.2 if roman else 0.21), black)
    h, m = s.uniform(0, 12), s.uniform(0, 12)
    for where, long, wide in ((h, 0.52, 0.06), (m, 0.8, 0.04)):
        pen.line([at(-0.12, where), at(long, where)], fill=black, width=max(2, round(unit * wide)))
    if s.chance(0.5):
        second = s.uniform(0, 12)
        pen.line(
            [at(-0.2, second), at(0.84, second)],
            fill=(190, 30, 24),
            width=max(1, round(unit * 0.015)),
        )
    x, y = at(0.0, 0.0)
    k = unit * 0.06
    pen.ellipse((x - k, y - k, x + k, y + k), fill=black)
    s.rgb = decode(np.asarray(picture))


_STROKES = {
    "0": "abcdef", "1": "bc", "2": "abged", "3": "abgcd", "4": "fgbc", "5": "afgcd",
    "6": "afgedc", "7": "abc", "8": "abcdefg", "9": "abcdfg",
}  # fmt: skip


def letters(
    pen: ImageDraw.ImageDraw, text: str, x: float, y: float, size: float, ink: tuple[int, ...]
) -> None:
    """Figures and capitals from strokes, so that no font file is needed."""
    w, h = size * 0.42, size * 0.8
    widths = {"I": 0.45, "1": 0.6}
    total = sum(widths.get(c, 1.0) for c in text) * w * 1.3
    left = x - total / 2
    thick = max(1, round(size * 0.13))
    corner = {"a": (0, 0, 1, 0), "b": (1, 0, 1, 0.5), "c": (1, 0.5, 1, 1), "d": (0, 1, 1, 1),
              "e": (0, 0.5, 0, 1), "f": (0, 0, 0, 0.5), "g": (0, 0.5, 1, 0.5)}  # fmt: skip
    shapes: dict[str, Sequence[tuple[float, float, float, float]]] = {
        "I": [(0.5, 0, 0.5, 1)], "V": [(0, 0, 0.5, 1), (0.5, 1, 1, 0)],
        "X": [(0, 0, 1, 1), (0, 1, 1, 0)], "1": [(0.5, 0, 0.5, 1), (0.2, 0.2, 0.5, 0)],
        "A": [(0, 1, 0.5, 0), (0.5, 0, 1, 1), (0.2, 0.6, 0.8, 0.6)],
        "L": [(0, 0, 0, 1), (0, 1, 1, 1)], "T": [(0, 0, 1, 0), (0.5, 0, 0.5, 1)],
        "E": [(0, 0, 0, 1), (0, 0, 1, 0), (0, 0.5, 0.8, 0.5), (0, 1, 1, 1)],
        "N": [(0, 1, 0, 0), (0, 0, 1, 1), (1, 1, 1, 0)],
        "H": [(0, 0, 0, 1), (1, 0, 1, 1), (0, 0.5, 1, 0.5)],
        "K": [(0, 0, 0, 1), (0, 0.55, 1, 0), (0.3, 0.4, 1, 1)],
        "Y": [(0, 0, 0.5, 0.5), (1, 0, 0.5, 0.5), (0.5, 0.5, 0.5, 1)],
        "S": [corner[k] for k in "afgcd"],
        "O": [corner[k] for k in "abcdef"], "P": [corner[k] for k in "fabge"],
        "R": [*(corner[k] for k in "fabge"), (0.4, 0.5, 1, 1)], "C": [corner[k] for k in "afed"],
        "W": [(0, 0, 0.25, 1), (0.25, 1, 0.5, 0.4), (0.5, 0.4, 0.75, 1), (0.75, 1, 1, 0)],
        "M": [(0, 1, 0, 0), (0, 0, 0.5, 0.6), (0.5, 0.6, 1, 0), (1, 0, 1, 1)],
        "U": [corner[k] for k in "fedcb"],
        "B": [corner[k] for k in "abcdefg"], "D": [corner[k] for k in "abcdef"],
    }  # fmt: skip
    for c in text:
        step = widths.get(c, 1.0) * w
        lines = shapes.get(c) or [corner[k] for k in _STROKES.get(c, "")]
        for x0, y0, x1, y1 in lines:
            ends = [(left + a * step, y - h / 2 + b * h) for a, b in ((x0, y0), (x1, y1))]
            pen.line(ends, fill=ink, width=thick)
        left += step * 1.3


def _disc_clock(
    s: Scene, cx: float, cy: float, r: float, frame: Colour, roman: bool, metal: bool
) -> None:
    a = s.uniform(0, 6.28)
    for k in range(6):
        d = np.hypot(s.x - cx - 0.05 * math.cos(a), s.y - cy + 0.09)
        s.paint((0.0, 0.0, 0.0), smoothstep(r * 1.16 + 0.03 * k, r * 0.9, d) * 0.12)
    u, v = (s.x - cx) / r, (s.y - cy) / r
    rad, turn = np.hypot(u, v), np.arctan2(v, u)
    ring = (rad - 1.09) / 0.11
    high = np.sqrt(np.maximum(1 - ring * ring, 0.0))
    slope = ring * np.cos(turn - 2.2)
    light = 0.35 + 0.5 * high + 0.5 * slope
    if metal:
        light = light * (0.7 + 0.5 * np.cos(turn * 3 + 1) ** 2)
    body = np.asarray(frame, np.float32) * np.clip(light, 0.05, 1.5)[..., None]
    s.paint(body, smoothstep(1.21, 1.19, rad))
    paper = vary(s.rng, s.pick("#f6f4ee", "#f6f4ee", "#f0e6cc", "#e8ecf0"), 0.03)
    _dial(s, cx, cy, r, roman, paper, rgb("#141414"))
    s.paint((0.0, 0.0, 0.0), smoothstep(0.8, 1.0, np.hypot(u + 0.04, v - 0.08)) * (rad < 1) * 0.3)
    gleam = smoothstep(0.5, 0.0, np.abs(u * 0.7 + v * 0.7 - 0.55)) * (rad < 0.99)
    s.paint((1.0, 1.0, 1.0), gleam * s.uniform(0.0, 0.16))


def wall_clock(s: Scene) -> None:
    """A plain round clock hanging on a wall."""
    _wall(s)
    s.light()
    frame = vary(s.rng, s.pick("#202020", "#8a5a30", "#c0c4c8", "#a02820", "#e0e0e0", "#2a4a7a"))
    _disc_clock(s, s.uniform(-0.2, 0.2), s.uniform(-0.15, 0.2), s.uniform(0.42, 0.68), frame,
                s.chance(0.3), s.chance(0.3))  # fmt: skip
    s.blur(s.uniform(0.0, 0.3))


def analog_clock(s: Scene) -> None:
    """A clock with bells and feet, or a face filling the picture."""
    s.light()
    brass = vary(s.rng, s.pick("#c8a050", "#b0b4b8", "#a82a20", "#2a6a8a", "#303030"))
    if s.chance(0.5):
        _wall(s)
        _disc_clock(
            s,
            s.uniform(-0.3, 0.3),
            s.uniform(-0.3, 0.3),
            s.uniform(0.8, 1.1),
            brass,
            s.chance(0.5),
            True,
        )
        s.blur(s.uniform(0.0, 0.3))
        return
    room(s)
    level = s.uniform(-0.6, -0.5)
    grain = s.noise.fractal(s.x * 2, s.y * 20, 3)
    s.paint(mix(rgb("#5a3820"), rgb("#b8844c"), grain), smoothstep(0.01, -0.01, s.y - level))
    cx, cy, r = s.uniform(-0.15, 0.15), s.uniform(-0.08, 0.05), s.uniform(0.42, 0.52)
    for side in (1.0, -1.0):
        u, v = (s.x - cx - side * r * 0.7) / 0.24, (s.y - cy - r * 1.25) / 0.24
        turned_v = v * math.cos(0.6) + side * u * math.sin(0.6)
        k = np.hypot(u, v)
        light = np.clip(0.4 + 0.6 * np.sqrt(np.maximum(1 - k * k, 0)) - 0.5 * u * 0.6, 0.1, 1.3)
        s.paint(
            np.asarray(brass, np.float32) * light[..., None],
            smoothstep(1.0, 0.96, k) * (turned_v > -0.2),
        )
        foot = np.maximum(
            np.abs(s.x - cx - side * (r * 0.75 - 0.25 * (s.y - cy + r))) - 0.035,
            np.abs(s.y - cy + r * 1.15) - 0.16,
        )
        s.paint(scaled(brass, 0.6), smoothstep(0.01, -0.01, foot))
    _disc_clock(s, cx, cy, r, brass, s.chance(0.2), True)


def digital_clock(s: Scene) -> None:
    """Glowing figures on a dark case."""
    s.light(power=(0.6, 1.6))
    room(s, vary(s.rng, "#2a2420", 0.3))
    case = plain(vary(s.rng, s.pick("#181818", "#202024", "#5a3a24", "#c8c8c8")), 0.4, 40.0)
    glow = rgb(s.pick("#ff2010", "#ff2010", "#20ff50", "#30a0ff"))
    wide, high = 1.5, s.uniform(0.5, 0.7)
    shape = box((0, high, 0), (wide, high, 0.6), 0.12)
    hour, minute = int(s.rng.integers(1, 13)), int(s.rng.integers(0, 60))
    text = f"{hour:2d}{minute:02d}"
    spots = (-0.95, -0.38, 0.28, 0.85)
    segments = {"a": (0, 1, 1, 0), "g": (0, 0, 1, 0), "d": (0, -1, 1, 0), "f": (-1, 0.5, 0, 1),
                "b": (1, 0.5, 0, 1), "e": (-1, -0.5, 0, 1), "c": (1, -0.5, 0, 1)}  # fmt: skip

    def skin(p: Vec, n: Vec, v: Vec) -> Surface:
        base = case(p, n, v)
        face = (n[2] > 0.9) & (np.abs(p[0]) < wide - 0.18) & (np.abs(p[1] - high) < high - 0.14)
        lit, halo = np.zeros_like(p[0]), np.zeros_like(p[0])
        hh = high * 0.5
        for digit, at in zip(text, spots, strict=True):
            if digit == " ":
                continue
            for k in _STROKES[digit]:
                sx, sy, horizontal, _vert = segments[k]
                a, b = np.abs(p[0] - at - sx * 0.19), np.abs(p[1] - high - sy * hh)
                d = (
                    np.maximum(a - 0.15, b - 0.04)
                    if horizontal
                    else np.maximum(a - 0.04, b - hh * 0.42)
                )
                lit = np.maximum(lit, smoothstep(0.015, -0.015, d))
                halo = np.maximum(halo, smoothstep(0.25, 0.0, d))
        for sy in (0.35, -0.35):
            d = np.maximum(np.abs(p[0] + 0.05), np.abs(p[1] - high - sy * hh)) - 0.045
            lit = np.maximum(lit, smoothstep(0.015, -0.015, d))
        on = (1.6 * lit + 0.12 * halo) * face
        albedo = mix(np.asarray(base.albedo, np.float32), (0.01, 0.008, 0.008), face * 1.0)
        return Surface(albedo, 0.3, 40.0, np.asarray(glow, np.float32) * on[:, None])

    s.camera(
        (0, high, 0), 8.0, s.uniform(-0.5, 0.5), s.uniform(0.05, 0.35), s.uniform(1.6, 2.3) / 8.0
    )
    s.render([Solid(shape, skin, (0, high, 0), 1.8)], planks(s, "#8a5c38", "#4a2c18"))
