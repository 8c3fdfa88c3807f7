"""Which files are pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from engine.types import BadFolder

SUFFIXES = (
    *(".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".jp2", ".npy", ".pgm", ".png"),
    *(".ppm", ".tga", ".tif", ".tiff", ".webp", ".avif"),
)
"""File name endings that count as pictures inside folders; a file given by name is always tried."""


def find_pictures(path: str | os.PathLike[str]) -> Iterator[str]:
    """Yield the picture files at `path` (a file or a folder, recursively), sorted by name.

    Lazy: a folder is read when its turn comes. Hidden entries are left out; a folder reached
    twice through links is listed once.

    Raises:
        BadFolder: `path` does not exist or cannot be read.
    """
    root = Path(path).expanduser()
    if not root.exists():
        raise BadFolder(f"{root} does not exist: check the path.")
    if not root.is_dir():
        yield str(root)
        return
    yield from _walk(str(root), set())


def _walk(folder: str, seen: set[str]) -> Iterator[str]:
    real = os.path.realpath(folder)
    if real in seen:
        return
    seen.add(real)
    try:
        with os.scandir(folder) as entries:
            children = sorted(
                (entry.name, entry.is_dir())
                for entry in entries
                # Neither pipes nor devices: reading one could wait for ever.
                if entry.name[0] != "." and (entry.is_dir() or entry.is_file())
            )
    except OSError as error:
        raise BadFolder(f"{folder} cannot be read: {error.strerror}.") from error
    for name, is_folder in children:
        full = os.path.join(folder, name)  # noqa: PTH118 (Path objects cost too much at 100,000)
        if is_folder:
            yield from _walk(full, seen)
        elif os.path.splitext(name)[1].lower() in SUFFIXES:  # noqa: PTH122
            yield full
