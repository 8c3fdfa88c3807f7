"""Writes the sample pictures: `python -m engine.builtin.making.samples sample_images [--check]`.

The seeds below were picked by eye and by how well an ImageNet MobileNetV2 recognises the drawing,
out of seeds 0 to 11 of each class; none of them is used in training. The same library versions
give the same bytes.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from operator import methodcaller
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from engine.builtin import LABELS
from engine.builtin.making.classes import draw
from engine.types.files import write_atomically

SIZE = 384
"""Width and height of a sample picture, in pixels."""

SAMPLE_SEEDS: dict[str, tuple[int, ...]] = {
    "jellyfish": (10, 4),
    "ladybug": (1, 5),
    "zebra": (2, 1),
    "Indian elephant": (10, 7, 11),
    "African elephant": (5, 10, 1),
    "analog clock": (3, 7),
    "balloon": (8, 11),
    "candle": (2, 11),
    "coffee mug": (2, 7),
    "digital clock": (5, 8),
    "golf ball": (5, 7),
    "honeycomb": (6, 7),
    "mixing bowl": (5, 1),
    "parachute": (3, 4),
    "ping-pong ball": (1, 3, 8),
    "school bus": (5, 3),
    "soccer ball": (2, 8),
    "soup bowl": (7, 1),
    "spider web": (4, 5),
    "tennis ball": (10, 2),
    "wall clock": (7, 5),
    "window shade": (5, 4),
    "crossword puzzle": (5, 11),
    "street sign": (9, 4),
    "traffic light": (6, 4),
    "Granny Smith": (7, 1),
    "orange": (10, 7),
    "lemon": (2, 4),
    "alp": (1, 10),
    "bubble": (1, 5),
    "daisy": (10, 5),
    "agaric": (3, 9),
}


def file_names() -> Iterator[tuple[str, str, int]]:
    """File name, class and seed of every sample picture."""
    for label in LABELS:
        for number, seed in enumerate(SAMPLE_SEEDS[label], start=1):
            yield f"{label.replace(' ', '_')}_{number}.webp", label, seed


def encoded(label: str, seed: int) -> bytes:
    """One sample picture as a WebP file."""
    buffer = io.BytesIO()
    picture = Image.fromarray(draw(label, seed, SIZE))
    picture.save(buffer, "WEBP", quality=90, method=6)
    return buffer.getvalue()


def difference(have: Path, want: bytes) -> str | None:
    """None if the file holds these bytes; otherwise what differs, in words."""
    if not have.exists():
        return "missing"
    found = have.read_bytes()
    if found == want:
        return None
    with Image.open(io.BytesIO(found)) as a, Image.open(io.BytesIO(want)) as b:
        if a.size != b.size:
            return f"size {a.size}, not {b.size}"
        gap = np.abs(np.asarray(a.convert("RGB"), int) - np.asarray(b.convert("RGB"), int))
    return f"other bytes; pixels differ by at most {gap.max()} of 255, on average {gap.mean():.4f}"


def main(arguments: list[str] | None = None) -> int:
    """The command line; 1 if `--check` finds a difference."""
    parser = argparse.ArgumentParser(
        prog="python -m engine.builtin.making.samples", description=__doc__
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--workers", type=int, default=2, help="processes that draw")
    options = parser.parse_args(arguments)
    folder: Path = options.folder
    names = list(file_names())
    bad = 0
    if not options.check:
        folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(max_workers=max(1, options.workers)) as pool:
        files = pool.map(encoded, [n[1] for n in names], [n[2] for n in names])
        for (name, _, _), want in tqdm(
            zip(names, files, strict=True), "drawing samples", len(names)
        ):
            path = folder / name
            if not options.check:
                write_atomically(path, methodcaller("write", want))
            elif (problem := difference(path, want)) is not None:
                bad += 1
                print(f"{path}: {problem}")
    known = {name for name, _, _ in names}
    strangers = sorted(p.name for p in folder.glob("*.webp") if p.name not in known)
    if strangers:
        print(f"{folder} also holds: {', '.join(strangers)}")
    size = sum((folder / name).stat().st_size for name in known if (folder / name).exists())
    print(f"{len(names)} pictures, {size / 1e6:.2f} MB, {bad} different")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
