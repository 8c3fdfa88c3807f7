"""The scene a drawing is made on: camera, light, ground, solids, layers of paint, development.

Everything random comes from the scene's own generator, and nothing random depends on the size, so
one seed gives the same picture at every size. Imports numpy and Pillow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from engine.builtin.making.geometry import Point, Sdf, Vec, normals, sphere, trace
from engine.builtin.making.texture import Array, Colour, Noise, mix


@dataclass(frozen=True)
class Surface:
    """What light meets: `albedo` (n, 3) or a colour; `shine` 0..1; `gloss` is Phong's exponent."""

    albedo: Array | Colour
    shine: float | Array = 0.0
    gloss: float = 30.0
    glow: Array | Colour | None = None
    wrap: float = 0.0


Material = Callable[[Vec, Vec, Vec], Surface]


@dataclass(frozen=True)
class Solid:
    """A distance function inside a bounding ball, and what it is made of.

    `bump` is added to the distance where normals are taken only.
    """

    sdf: Sdf
    material: Material
    centre: Point
    radius: float
    bump: Sdf | None = None
    casts: bool = True


def plain(
    colour: Colour, shine: float = 0.0, gloss: float = 30.0, glow: Colour | None = None
) -> Material:
    """A material of one colour."""
    return lambda _p, _n, _v: Surface(colour, shine, gloss, glow)


def ball(centre: Point, radius: float, material: Material, bump: Sdf | None = None) -> Solid:
    """A sphere."""
    return Solid(sphere(centre, radius), material, centre, radius * 1.001, bump)


Ground = Callable[[Array, Array], Surface]


class Scene:
    """A square picture in the making; `rgb` is linear light, shape (n, n, 3), n = twice the size.

    `x` runs from -1 (left) to 1 (right), `y` from -1 (bottom) to 1 (top).
    """

    def __init__(self, name: str, seed: int, size: int) -> None:
        self.size = size
        self.n = size * 2
        self.rng = np.random.default_rng([seed, *name.encode()])
        self.noise = Noise(self.rng)
        line = (np.arange(self.n, dtype=np.float32) + 0.5) * (2.0 / self.n) - 1.0
        self.x, self.y = np.meshgrid(line, -line)
        self.rgb: Array = np.zeros((self.n, self.n, 3), np.float32)
        self.sun: Point = (0.4, 0.8, 0.45)
        self.sun_colour: Colour = (2.4, 2.25, 2.0)
        self.sky_colour: Colour = (0.5, 0.58, 0.7)
        self.bounce: Colour = (0.16, 0.14, 0.12)
        self.camera((0.0, 0.6, 0.0), 4.0, 0.0, 0.25, 0.62)

    def uniform(self, low: float, high: float) -> float:
        """One number from the scene's generator."""
        return float(self.rng.uniform(low, high))

    def chance(self, probability: float) -> bool:
        """True that often."""
        return bool(self.rng.random() < probability)

    def pick(self, *options: str) -> str:
        """One of the options."""
        return options[int(self.rng.integers(len(options)))]

    def light(
        self,
        azimuth: tuple[float, float] = (-1.2, 1.2),
        height: tuple[float, float] = (0.6, 1.2),
        power: tuple[float, float] = (1.9, 2.7),
        warm: tuple[float, float] = (-0.05, 0.18),
        fill: tuple[float, float] = (0.35, 0.7),
    ) -> None:
        """Places the sun: azimuth (0 is behind the camera) and height in radians, power, warmth."""
        a, h = self.uniform(*azimuth), self.uniform(*height)
        self.sun = (math.sin(a) * math.cos(h), math.sin(h), math.cos(a) * math.cos(h))
        p, w, f = self.uniform(*power), self.uniform(*warm), self.uniform(*fill)
        self.sun_colour = (p * (1 + w), p, p * (1 - w))
        self.sky_colour = (f * (1 - w * 0.7), f, f * (1 + w * 0.8))

    def camera(self, target: Point, distance: float, yaw: float, pitch: float, span: float) -> None:
        """Looks at `target` from `distance`; `span` is half the picture's width at distance 1."""
        cp, sp, cy, sy = math.cos(pitch), math.sin(pitch), math.cos(yaw), math.sin(yaw)
        back = (sy * cp, sp, cy * cp)
        right, up = (cy, 0.0, -sy), (-sy * sp, cp, -cy * sp)
        self.eye: Point = (
            target[0] + back[0] * distance,
            target[1] + back[1] * distance,
            target[2] + back[2] * distance,
        )
        self.horizon = math.tan(pitch) / span
        u, v = self.x.ravel() * span, self.y.ravel() * span
        long = np.sqrt(1.0 + u * u + v * v)
        self.rays: Vec = (
            (right[0] * u + up[0] * v - back[0]) / long,
            (right[1] * u + up[1] * v - back[1]) / long,
            (right[2] * u + up[2] * v - back[2]) / long,
        )

    def paint(self, colour: Array | Colour, alpha: Array | float = 1.0) -> None:
        """Lays a colour, or a picture of them, over what is there."""
        self.rgb = mix(self.rgb, np.asarray(colour, np.float32), alpha)

    def gradient(self, bottom: Colour, top: Colour, low: float = -1.0, high: float = 1.0) -> None:
        """Fills the picture from `bottom` to `top`."""
        t = np.clip((self.y - low) / (high - low), 0.0, 1.0)
        self.rgb = mix(bottom, top, t)

    def blur(self, radius: float) -> None:
        """Blurs what is painted so far; `radius` in percent of the picture's width."""
        if radius > 0.05:
            picture = Image.fromarray(encode(self.rgb))
            soft = picture.filter(ImageFilter.GaussianBlur(radius * self.n / 100.0))
            self.rgb = decode(np.asarray(soft))

    def bokeh(self, palette: Sequence[Colour], count: int, low: float, high: float) -> None:
        """Discs out of focus, `low` to `high` in radius."""
        for _ in range(count):
            cx, cy, r = self.uniform(-1.1, 1.1), self.uniform(-1.1, 1.1), self.uniform(low, high)
            colour = palette[int(self.rng.integers(len(palette)))]
            d = np.hypot(self.x - cx, self.y - cy)
            self.paint(colour, np.clip((r - d) / 0.05, 0, 1) * self.uniform(0.25, 0.8))

    def render(self, solids: Sequence[Solid], ground: Ground | None = None) -> None:
        """Draws the solids, and the ground plane y = 0, over what is painted."""
        count = self.n * self.n
        depth = np.full(count, 1e6, np.float32)
        owner = np.full(count, -2, np.int32)
        ox, oy, oz = self.eye
        dx, dy, dz = self.rays
        if ground is not None:
            down = dy < -1e-3
            depth[down] = -oy / dy[down]
            owner[down] = -1
        for number, solid in enumerate(solids):
            cx, cy, cz = (c - o for c, o in zip(solid.centre, self.eye, strict=True))
            along = dx * cx + dy * cy + dz * cz
            inside = solid.radius**2 - (cx * cx + cy * cy + cz * cz - along * along)
            rows = np.flatnonzero((inside > 0.0) & (along > 0.0))
            if rows.size == 0:
                continue
            half = np.sqrt(inside[rows])
            near = np.maximum(along[rows] - half, 0.05)
            far = np.minimum(along[rows] + half, depth[rows])
            rays = (dx[rows], dy[rows], dz[rows])
            found, t = trace(solid.sdf, self.eye, rays, near, far)
            hit = rows[found]
            depth[hit], owner[hit] = t, number
        flat = self.rgb.reshape(-1, 3)
        order = np.argsort(owner, kind="stable")
        starts = np.searchsorted(owner[order], np.arange(-1, len(solids) + 1))
        for number in range(-1, len(solids)):
            rows = order[starts[number + 1] : starts[number + 2]]
            if rows.size == 0:
                continue
            view = (dx[rows], dy[rows], dz[rows])
            t = depth[rows]
            p = (ox + view[0] * t, oy + view[1] * t, oz + view[2] * t)
            if number < 0 and ground is not None:
                zero = np.zeros_like(t)
                n = (zero, zero + 1.0, zero)
                surface = ground(p[0], p[2])
            else:
                solid = solids[number]
                n = normals(_bumped(solid), *p)
                surface = solid.material(p, n, view)
            colour = self._shade(solids, p, n, view, surface)
            if number < 0:
                colour = mix(flat[rows], colour, np.clip(3.0 - t / 14.0, 0.0, 1.0))
            flat[rows] = colour
        self.rgb = flat.reshape(self.n, self.n, 3)

    def _shade(self, solids: Sequence[Solid], p: Vec, n: Vec, view: Vec, surface: Surface) -> Array:
        lx, ly, lz = self.sun
        lit = n[0] * lx + n[1] * ly + n[2] * lz
        lit = np.maximum((lit + surface.wrap) / (1.0 + surface.wrap), 0.0)
        shadow, hidden = self._shadow(solids, p, n)
        lit = lit * shadow
        up = 0.5 + 0.5 * n[1]
        albedo = np.asarray(surface.albedo, np.float32)
        sun = np.asarray(self.sun_colour, np.float32)
        sky = np.asarray(self.sky_colour, np.float32)
        light = (
            lit[:, None] * sun
            + (up * hidden)[:, None] * sky
            + ((1.0 - up) * hidden)[:, None] * np.asarray(self.bounce, np.float32)
        )
        colour = albedo * light * np.float32(0.55)
        shine = np.asarray(surface.shine, np.float32)
        if np.any(shine > 0.0):
            facing = -(n[0] * view[0] + n[1] * view[1] + n[2] * view[2])
            mirror = view[0] * lx + view[1] * ly + view[2] * lz
            mirror = mirror + 2.0 * facing * (n[0] * lx + n[1] * ly + n[2] * lz)
            spot = np.maximum(mirror, 0.0) ** surface.gloss * shadow
            rim = np.clip(1.0 - facing, 0.0, 1.0) ** 4 * hidden
            colour = colour + (shine * spot)[:, None] * sun + (shine * rim * 0.7)[:, None] * sky
        if surface.glow is not None:
            colour = colour + np.asarray(surface.glow, np.float32)
        return np.asarray(colour, np.float32)

    def _shadow(self, solids: Sequence[Solid], p: Vec, n: Vec) -> tuple[Array, Array]:
        """How much of the sun (soft shadows) and of the sky (occlusion) each point sees."""
        lx, ly, lz = self.sun
        sun = np.ones_like(p[0])
        sky = np.ones_like(p[0])
        x, y, z = (a + b * 0.015 for a, b in zip(p, n, strict=True))
        for solid in solids:
            if not solid.casts:
                continue
            cx, cy, cz = solid.centre[0] - x, solid.centre[1] - y, solid.centre[2] - z
            along = cx * lx + cy * ly + cz * lz
            square = cx * cx + cy * cy + cz * cz
            off = square - along * along
            r = solid.radius
            rows = np.flatnonzero((off < (r * 1.25) ** 2) & (along > -r))
            if rows.size:
                px, py, pz = x[rows], y[rows], z[rows]
                t = np.maximum(along[rows] - r * 1.25, 0.03)
                seen = np.ones_like(t)
                for _ in range(14):
                    d = solid.sdf(px + lx * t, py + ly * t, pz + lz * t)
                    seen = np.minimum(seen, 0.5 + 4.0 * d / t)
                    t = t + np.clip(d, 0.03, 0.35 * r)
                seen = np.clip(seen, 0.0, 1.0)
                sun[rows] = np.minimum(sun[rows], seen * seen * (3.0 - 2.0 * seen))
            rows = np.flatnonzero(square < (r * 1.8) ** 2)
            if rows.size:
                for reach in (0.12 * r, 0.4 * r):
                    d = solid.sdf(
                        x[rows] + n[0][rows] * reach,
                        y[rows] + n[1][rows] * reach,
                        z[rows] + n[2][rows] * reach,
                    )
                    sky[rows] *= 1.0 - 0.4 * np.clip(1.0 - d / reach, 0.0, 1.0)
        return sun, sky

    def develop(self, grain: float = 0.006) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        """The finished picture, uint8 (size, size, 3): vignette, exposure, grain, half the size."""
        corner = 1.0 - self.uniform(0.0, 0.16) * (self.x**2 + self.y**2)
        picture = Image.fromarray(encode(self.rgb * corner[..., None]))
        small = np.asarray(picture.reduce(2), np.float32)
        speck = self.rng.normal(0.0, 255.0 * grain, (128, 128)).astype(np.float32)
        rows = np.arange(self.size) * 128 // self.size
        grainy: Array = small + speck[np.ix_(rows, rows)][..., None]
        return np.clip(grainy, 0, 255).astype(np.uint8)


def _bumped(solid: Solid) -> Sdf:
    bump = solid.bump
    if bump is None:
        return solid.sdf
    return lambda x, y, z: solid.sdf(x, y, z) + bump(x, y, z)


def encode(linear: Array) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Linear light to display bytes: highlights roll off, then gamma 2.2."""
    x = np.maximum(linear, 0.0)
    rolled = np.where(x > 0.7, 0.7 + 0.3 * (1.0 - np.exp(-(x - 0.7) / 0.3)), x)
    return (rolled ** np.float32(1 / 2.2) * 255.0 + 0.5).astype(np.uint8)


def decode(display: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Array:
    """Display bytes to linear light (without undoing the roll-off)."""
    return np.asarray((display.astype(np.float32) / 255.0) ** np.float32(2.2))
