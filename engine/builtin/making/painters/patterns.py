"""Patterns that fill the picture: honeycomb, web, fence, blinds, crossword, jigsaw, coral."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw

from engine.builtin.making.painters.scenery import foliage, room
from engine.builtin.making.scene import Scene, decode, encode
from engine.builtin.making.texture import Array, Colour, mix, rgb, smoothstep, vary


def _warped(s: Scene, scale: float, turn: float, tilt: float) -> tuple[Array, Array]:
    """Picture coordinates turned, and leaned back so that one side is farther away."""
    c, d = math.cos(turn), math.sin(turn)
    u, v = c * s.x + d * s.y, c * s.y - d * s.x
    far = 1.0 + tilt * v + 0.5 * tilt * u
    return u * scale * far, v * scale * far


def _relief(height: Array, strength: float, azimuth: float) -> tuple[Array, Array]:
    """Lambert light and a highlight from the slopes of a height field, scale-free."""
    n = height.shape[0]
    gy, gx = np.gradient(height)
    gx, gy = gx * n * strength, -gy * n * strength
    long = np.sqrt(gx * gx + gy * gy + 1.0)
    lx, ly, lz = math.cos(azimuth) * 0.6, 0.6 * math.sin(azimuth), 0.6
    lit = np.maximum((lz - gx * lx - gy * ly) / long, 0.0)
    return np.asarray(lit, np.float32), np.asarray(np.clip(lit, 0, 1) ** 12, np.float32)


def honeycomb(s: Scene) -> None:
    """Wax cells, some of them filled or capped, with bees on them."""
    u, v = _warped(s, s.uniform(5.0, 9.0), s.uniform(0, 6.28), s.uniform(-0.15, 0.15))
    bend = s.noise.fractal(s.x * 1.5 + 3, s.y * 1.5, 2)
    u, v = u + 0.7 * bend, v + 0.7 * s.noise.fractal(s.x * 1.5, s.y * 1.5 + 9, 2)
    root = math.sqrt(3.0)
    ax, ay = u - np.round(u), v - root * np.round(v / root)
    bx, by = u - np.floor(u) - 0.5, v - root * (np.floor(v / root) + 0.5)
    first = ax * ax + ay * ay < bx * bx + by * by
    cx, cy = np.where(first, ax, bx), np.where(first, ay, by)
    ix, iy = np.round((u - cx) * 2.0), np.round((v - cy) * 2.0 / root)
    hexa = np.maximum(np.abs(cx), np.abs(cx) * 0.5 + np.abs(cy) * root / 2.0)
    edge = 0.5 - hexa
    wax, deep = vary(s.rng, "#e8b040", 0.1), vary(s.rng, "#4a2606", 0.15)
    kind = s.noise.plane(ix * 0.31 + 50, iy * 0.31) * 0.7 + 0.3 * s.noise.plane(ix * 3.3, iy * 3.7)
    honey = smoothstep(0.52, 0.55, kind)
    capped = smoothstep(0.70, 0.72, kind) * float(s.chance(0.6))
    wall = smoothstep(0.13, 0.05, edge)
    height = wall * 0.5 + capped * 0.45 * (1 - wall) * (0.8 + 0.2 * np.cos(hexa * 6))
    lit, spot = _relief(height, 0.018, s.uniform(0, 6.28))
    depth = np.clip(edge * 3.2, 0, 1)
    inside = mix(
        mix(wax, deep, depth), mix(vary(s.rng, "#d87808"), rgb("#6a3204"), depth * 0.6), honey
    )
    inside = mix(inside, mix(wax, rgb("#c89048"), s.noise.fractal(u * 6, v * 6, 2)), capped)
    colour = mix(inside, mix(wax, rgb("#f8dc90"), 0.5), wall)
    s.rgb = colour * (0.35 + 0.95 * lit)[..., None] + (honey * 0.25 * spot)[..., None]
    glint = smoothstep(0.12, 0.04, np.hypot(cx - 0.12, cy - 0.16)) * honey * (1 - capped)
    s.paint(rgb("#fff0c0"), glint * 0.7)
    for _ in range(int(s.rng.integers(0, 5))):
        _bee(s, s.uniform(-0.85, 0.85), s.uniform(-0.85, 0.85), s.uniform(0.16, 0.26))
    s.paint((0.0, 0.0, 0.0), 0.35 * s.uniform(0, 1) * smoothstep(0.3, 1.4, np.hypot(s.x, s.y)))


def _bee(s: Scene, cx: float, cy: float, size: float) -> None:
    turn = s.uniform(0, 6.28)
    c, d = math.cos(turn), math.sin(turn)
    u, v = ((s.x - cx) * c + (s.y - cy) * d) / size, ((s.y - cy) * c - (s.x - cx) * d) / size
    shade = smoothstep(1.5, 0.2, np.hypot(u * 0.9, (v + 0.25) * 1.6))
    s.paint((0.0, 0.0, 0.0), shade * 0.5)
    for a, r, w, dark in (
        (-0.5, 0.62, 0.32, False),
        (0.25, 0.36, 0.32, True),
        (0.68, 0.2, 0.24, True),
    ):
        k = np.hypot((u - a) / r, v / w)
        band = smoothstep(-0.3, 0.3, np.sin(u * 16)) if not dark else 0 * u
        base = mix(
            rgb("#1a1008"), rgb("#d89020" if not dark else "#6a4a20"), np.maximum(band, 0.25)
        )
        light = np.sqrt(np.maximum(1 - k * k, 0)) * 0.8 + 0.25
        s.paint(base * light[..., None], smoothstep(1.0, 0.9, k))
    for sign in (1, -1):
        k = np.hypot((u + 0.35 - 0.0 * v) / 0.6, (v - sign * (0.28 - 0.3 * u)) / 0.16)
        s.paint(rgb("#d8d0c0"), smoothstep(1.0, 0.8, k) * 0.45)


def spider_web(s: Scene) -> None:
    """An orb web with dew, in front of something dark and blurred."""
    foliage(s, "#081006", "#2f5020", s.uniform(1.5, 4.0))
    s.rgb = s.rgb * s.uniform(0.35, 0.9)
    s.blur(s.uniform(3.0, 6.0))
    picture = Image.fromarray(encode(s.rgb)).convert("RGB")
    pen = ImageDraw.Draw(picture)
    n = s.n
    cx, cy = s.uniform(-0.35, 0.35), s.uniform(-0.3, 0.3)
    spokes = int(s.rng.integers(16, 28))
    angles = np.linspace(0, 2 * math.pi, spokes, endpoint=False)
    angles = np.sort(angles + s.rng.normal(0, 0.04, spokes)).tolist()
    squash, lean = s.uniform(0.7, 1.0), s.uniform(-0.6, 0.6)
    grey = int(s.uniform(190, 245))

    def at(angle: float, radius: float) -> tuple[float, float]:
        a, b = radius * math.cos(angle), radius * math.sin(angle) * squash
        x = cx + a * math.cos(lean) - b * math.sin(lean)
        y = cy + a * math.sin(lean) + b * math.cos(lean)
        return ((x + 1) * n / 2, (1 - y) * n / 2)

    width = max(1, round(n * 0.0032))
    reach = s.rng.uniform(1.3, 2.2, spokes).tolist()
    for angle, far in zip(angles, reach, strict=True):
        pen.line([at(angle, 0.0), at(angle, far)], fill=(grey, grey, grey), width=width)
    gap = s.uniform(0.035, 0.06)
    radius = gap
    while radius < 1.35:
        jitter = s.rng.normal(0, 0.12 * gap, spokes).tolist()
        for i in range(spokes):
            j = (i + 1) % spokes
            r0, r1 = radius + jitter[i], radius + jitter[j]
            step = (angles[j] - angles[i]) % (2 * math.pi)
            bow = [
                at(
                    angles[i] + step * t,
                    (r0 + (r1 - r0) * t) * (1 - 0.28 * step * math.sin(math.pi * t)),
                )
                for t in (0.0, 0.25, 0.5, 0.75, 1.0)
            ]
            tone = int(grey * s.uniform(0.55, 1.0))
            pen.line(bow, fill=(tone, tone, tone), width=width)
            if s.chance(0.25):
                x, y = bow[2]
                r = n * s.uniform(0.002, 0.005)
                pen.ellipse((x - r, y - r, x + r, y + r), fill=(250, 250, 250))
        radius += gap * s.uniform(0.9, 1.25)
    s.rgb = decode(np.asarray(picture))
    if s.chance(0.3):
        d = np.hypot((s.x - cx) / 0.05, (s.y - cy) / 0.08)
        s.paint(rgb("#2a1a0c"), smoothstep(1.0, 0.85, d))
        d = np.hypot((s.x - cx) / 0.03, (s.y - cy - 0.09) / 0.035)
        s.paint(rgb("#3a2410"), smoothstep(1.0, 0.85, d))


def window_shade(s: Scene) -> None:
    """A slatted blind in a window, light coming through."""
    room(s)
    wide, high = s.uniform(0.7, 1.1), s.uniform(0.75, 1.1)
    cx, cy = s.uniform(-0.15, 0.15), s.uniform(-0.1, 0.1)
    u, v = s.x - cx, s.y - cy
    inside = smoothstep(0.01, -0.01, np.maximum(np.abs(u) - wide, np.abs(v) - high))
    frame = smoothstep(0.01, -0.01, np.maximum(np.abs(u) - wide - 0.08, np.abs(v) - high - 0.08))
    s.paint(vary(s.rng, s.pick("#e8e4dc", "#8a6240", "#d8d8d8")), frame)
    glow = mix(rgb("#c8dcf4"), rgb("#fff4d8"), s.noise.fractal(s.x * 2, s.y * 2, 2))
    s.paint(glow * s.uniform(0.7, 1.1), inside)
    count = s.uniform(9.0, 18.0)
    row = (v + high) / (2 * high) * count
    t = row - np.floor(row)
    closed = s.uniform(0.72, 0.93)
    slat = smoothstep(0.0, 0.06, t) * smoothstep(closed, closed - 0.06, t)
    tint = vary(s.rng, s.pick("#f0ece0", "#e0d4bc", "#b88a58", "#d8dce0"), 0.06)
    shade = (0.35 + 0.6 * t) * (0.85 + 0.3 * s.noise.plane(u * 0.8, v * 0.8))
    s.paint(np.asarray(tint, np.float32) * shade[..., None], slat * inside)
    for x in (-0.7 * wide, 0.0, 0.7 * wide)[:: int(s.rng.integers(1, 3))]:
        s.paint(rgb("#d0ccc0"), smoothstep(0.014, 0.008, np.abs(u - x)) * inside * 0.8)
    s.rgb = s.rgb * (0.75 + 0.25 * smoothstep(1.3, 0.2, np.hypot(u, v)))[..., None]
    s.blur(s.uniform(0.0, 0.3))


def crossword_puzzle(s: Scene) -> None:
    """A printed grid of black and white squares with letters, on paper."""
    u, v = _warped(s, s.uniform(4.0, 7.0), s.uniform(-0.5, 0.5), s.uniform(-0.15, 0.15))
    u, v = u + s.uniform(0, 1), v + s.uniform(0, 1)
    i, j = np.floor(u).astype(np.int32), np.floor(v).astype(np.int32)
    grid = s.rng.random((64, 64)) < s.uniform(0.15, 0.24)
    dark = (grid | grid[::-1, ::-1])[i & 63, j & 63]
    a, b = u - i, v - j
    line = np.minimum(np.minimum(a, 1 - a), np.minimum(b, 1 - b))
    paper = mix(
        vary(s.rng, "#e8e4d8", 0.05), rgb("#cfc8b8"), s.noise.fractal(u * 3, v * 3, 4) * 0.5
    )
    s.rgb = mix(paper, rgb("#161616"), np.maximum(smoothstep(0.05, 0.02, line), dark * 0.96))
    ink = rgb(s.pick("#1a2a6a", "#222222", "#223a8a"))
    strokes = s.rng.random((64, 64, 6))
    p, q = a - 0.5, b - 0.47
    cell = strokes[i & 63, j & 63]
    filled = (cell[..., 0] < s.uniform(0.0, 0.9)) & ~dark
    shapes = (
        np.abs(p + 0.16), np.abs(p - 0.16), np.abs(q), np.abs(q - 0.24), np.abs(q + 0.24),
        np.abs(p * 1.3 + q * 0.8) * 0.7,
    )  # fmt: skip
    box = (np.abs(p) < 0.2) & (np.abs(q) < 0.27)
    for k, d in enumerate(shapes):
        on = filled & box & (cell[..., (k + 1) % 6] > 0.55)
        s.paint(ink, smoothstep(0.06, 0.03, d.astype(np.float32)) * on * 0.9)
    number = (cell[..., 5] > 0.6) & ~dark
    d = np.hypot((a - 0.14) * 1.4, b - 0.82)
    s.paint(rgb("#303030"), smoothstep(0.1, 0.06, np.abs(d - 0.05)) * number * 0.8)
    s.rgb = s.rgb * (0.7 + 0.35 * smoothstep(-1.5, 1.5, s.x * s.uniform(-1, 1) + s.y))[..., None]
    if s.chance(0.5):
        _pencil(s)


def _pencil(s: Scene) -> None:
    turn, off = s.uniform(0, 6.28), s.uniform(-0.2, 0.5)
    c, d = math.cos(turn), math.sin(turn)
    along, across = s.x * c + s.y * d + off, s.y * c - s.x * d - 0.25
    body: Colour = vary(s.rng, s.pick("#e0b020", "#c02020", "#2050a0"))
    s.paint((0.0, 0.0, 0.0), smoothstep(0.14, 0.02, np.abs(across + 0.06)) * (along > -0.3) * 0.45)
    w = 0.075 * smoothstep(-0.36, -0.1, along)
    lit = 0.45 + 0.55 * np.clip(0.6 + across / 0.1, 0, 1)
    tip = mix(rgb("#202020"), mix(rgb("#d8b080"), body, smoothstep(-0.12, -0.1, along)),
              smoothstep(-0.3, -0.28, along))  # fmt: skip
    inside = smoothstep(0.01, -0.005, np.abs(across) - w) * (along > -0.36)
    s.paint(tip * lit[..., None], inside)
