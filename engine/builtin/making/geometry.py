"""Signed distance functions and sphere tracing (Hart 1996), vectorised over rays. Imports numpy.

A distance function takes flat float32 coordinates x, y (up), z and gives a lower bound of the
distance to the surface, negative inside.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.builtin.making.texture import Array

Sdf = Callable[[Array, Array, Array], Array]
Point = tuple[float, float, float]
Vec = tuple[Array, Array, Array]


def sphere(centre: Point, radius: float) -> Sdf:
    """A ball."""
    cx, cy, cz = centre
    return lambda x, y, z: (
        np.sqrt((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2, dtype=np.float32) - radius
    )


def ellipsoid(centre: Point, radii: Point) -> Sdf:
    """An ellipsoid along the axes; the bound is tight near the surface."""
    cx, cy, cz = centre
    a, b, c = radii

    def distance(x: Array, y: Array, z: Array) -> Array:
        u, v, w = (x - cx) / a, (y - cy) / b, (z - cz) / c
        outer: Array = np.sqrt(u * u + v * v + w * w)
        slope: Array = np.sqrt((u / a) ** 2 + (v / b) ** 2 + (w / c) ** 2)
        return outer * (outer - 1.0) / np.maximum(slope, 1e-4)

    return distance


def cone(a: Point, b: Point, ra: float, rb: float) -> Sdf:
    """A rounded rod from `a` to `b` whose radius goes from `ra` to `rb`."""
    dx, dy, dz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    square = dx * dx + dy * dy + dz * dz
    slack = math.sqrt(max(0.3, 1.0 - (ra - rb) ** 2 / square))

    def distance(x: Array, y: Array, z: Array) -> Array:
        px, py, pz = x - a[0], y - a[1], z - a[2]
        t: Array = np.clip((px * dx + py * dy + pz * dz) / square, 0.0, 1.0)
        gap: Array = np.sqrt((px - t * dx) ** 2 + (py - t * dy) ** 2 + (pz - t * dz) ** 2)
        radius: Array = ra + (rb - ra) * t
        return (gap - radius) * slack

    return distance


def tube(points: Sequence[Point], radii: Sequence[float], blend: float = 0.05) -> Sdf:
    """A bent rod through `points`, with a radius at each."""
    pairs = zip(points[:-1], points[1:], radii[:-1], radii[1:], strict=True)
    return blended(blend, *(cone(a, b, ra, rb) for a, b, ra, rb in pairs))


def box(centre: Point, half: Point, rounding: float = 0.0) -> Sdf:
    """A box along the axes with rounded edges; `half` counts the rounding in."""
    cx, cy, cz = centre
    hx, hy, hz = (h - rounding for h in half)

    def distance(x: Array, y: Array, z: Array) -> Array:
        u, v, w = np.abs(x - cx) - hx, np.abs(y - cy) - hy, np.abs(z - cz) - hz
        out: Array = np.sqrt(np.maximum(u, 0) ** 2 + np.maximum(v, 0) ** 2 + np.maximum(w, 0) ** 2)
        deep: Array = np.minimum(np.maximum(u, np.maximum(v, w)), 0.0)
        return out + deep - rounding

    return distance


def cylinder(centre: Point, radius: float, half_height: float, rounding: float = 0.0) -> Sdf:
    """An upright cylinder with rounded rims."""
    cx, cy, cz = centre

    def distance(x: Array, y: Array, z: Array) -> Array:
        u = np.sqrt((x - cx) ** 2 + (z - cz) ** 2) - (radius - rounding)
        v = np.abs(y - cy) - (half_height - rounding)
        out: Array = np.sqrt(np.maximum(u, 0) ** 2 + np.maximum(v, 0) ** 2)
        deep: Array = np.minimum(np.maximum(u, v), 0.0)
        return out + deep - rounding

    return distance


def torus(centre: Point, ring: float, thick: float, upright: bool = False) -> Sdf:
    """A ring lying flat, or standing upright in the x-y plane."""
    cx, cy, cz = centre

    def distance(x: Array, y: Array, z: Array) -> Array:
        u, v, w = x - cx, y - cy, z - cz
        if upright:
            v, w = w, v
        across: Array = np.sqrt(u * u + w * w) - ring
        gap: Array = np.sqrt(across**2 + v * v)
        return gap - thick

    return distance


def turned(profile: Sequence[tuple[float, float]], thick: float, centre: Point = (0, 0, 0)) -> Sdf:
    """A thin wall turned about the vertical axis through `centre`: (radius, height) corners."""
    cx, cy, cz = centre

    def distance(x: Array, y: Array, z: Array) -> Array:
        r, h = np.sqrt((x - cx) ** 2 + (z - cz) ** 2), y - cy
        best = np.full(r.shape, 1e9, np.float32)
        for (r0, h0), (r1, h1) in pairwise(profile):
            dr, dh = r1 - r0, h1 - h0
            square = dr * dr + dh * dh
            pr, ph = r - r0, h - h0
            t = np.clip((pr * dr + ph * dh) / square, 0.0, 1.0)
            best = np.minimum(best, (pr - t * dr) ** 2 + (ph - t * dh) ** 2)
        return np.sqrt(best) - thick

    return distance


def union(*parts: Sdf) -> Sdf:
    """All parts, with hard creases."""

    def distance(x: Array, y: Array, z: Array) -> Array:
        best = parts[0](x, y, z)
        for part in parts[1:]:
            best = np.minimum(best, part(x, y, z))
        return best

    return distance


def blended(width: float, *parts: Sdf) -> Sdf:
    """All parts, melted together over `width` with a polynomial smooth minimum."""

    def distance(x: Array, y: Array, z: Array) -> Array:
        best = parts[0](x, y, z)
        for part in parts[1:]:
            other = part(x, y, z)
            h = np.maximum(width - np.abs(best - other), 0.0)
            best = np.minimum(best, other) - h * h * (0.25 / width)
        return best

    return distance


def carved(whole: Sdf, *holes: Sdf) -> Sdf:
    """`whole` without the holes."""

    def distance(x: Array, y: Array, z: Array) -> Array:
        best = whole(x, y, z)
        for hole in holes:
            best = np.maximum(best, -hole(x, y, z))
        return best

    return distance


def rotation(yaw: float, pitch: float = 0.0, roll: float = 0.0) -> Array:
    """The matrix that turns by `roll` about z, then `pitch` about x, then `yaw` about y."""
    cy, sy, cp, sp = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
    cr, sr = math.cos(roll), math.sin(roll)
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_y @ about_x @ about_z, np.float32)


def apply(matrix: Array, x: Array, y: Array, z: Array) -> Vec:
    """The matrix times each vector."""
    m = matrix.tolist()
    return (
        m[0][0] * x + m[0][1] * y + m[0][2] * z,
        m[1][0] * x + m[1][1] * y + m[1][2] * z,
        m[2][0] * x + m[2][1] * y + m[2][2] * z,
    )


def placed(part: Sdf, at: Point, matrix: Array, scale: float = 1.0) -> Sdf:
    """`part` scaled, turned by `matrix` and moved to `at`."""
    back = np.ascontiguousarray(matrix.T)

    def distance(x: Array, y: Array, z: Array) -> Array:
        u, v, w = apply(back, (x - at[0]) / scale, (y - at[1]) / scale, (z - at[2]) / scale)
        return part(u, v, w) * scale

    return distance


def trace(
    sdf: Sdf, origin: Point, rays: Vec, near: Array, far: Array, steps: int = 56
) -> tuple[NDArray[np.intp], Array]:
    """Indices of the rays that hit, and how far along each. `rays` are unit directions."""
    dx, dy, dz = rays
    alive = np.arange(near.size)
    t = near.copy()
    hits, lengths = [], []
    for _ in range(steps):
        d = sdf(origin[0] + dx * t, origin[1] + dy * t, origin[2] + dz * t)
        close = d < 0.0012 * t
        if close.any():
            hits.append(alive[close])
            lengths.append(t[close])
        t = t + d * 0.92
        go = ~close & (t < far)
        if not go.all():
            alive, t, far, dx, dy, dz = alive[go], t[go], far[go], dx[go], dy[go], dz[go]
        if alive.size == 0:
            break
    else:
        grazing = sdf(origin[0] + dx * t, origin[1] + dy * t, origin[2] + dz * t) < 0.008 * t
        hits.append(alive[grazing])
        lengths.append(t[grazing])
    if not hits:
        return np.zeros(0, np.intp), np.zeros(0, np.float32)
    return np.concatenate(hits), np.concatenate(lengths)


def normals(sdf: Sdf, x: Array, y: Array, z: Array, step: float = 0.004) -> Vec:
    """Unit normals from the distance at the corners of a tetrahedron around each point."""
    nx, ny, nz = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    for sx, sy, sz in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):
        d = sdf(x + sx * step, y + sy * step, z + sz * step)
        nx, ny, nz = nx + sx * d, ny + sy * d, nz + sz * d
    length = np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9
    return nx / length, ny / length, nz / length
