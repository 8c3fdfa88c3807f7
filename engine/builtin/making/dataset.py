"""Drawings as training data: drawn once by several processes, kept in a folder the user names.

A class's file carries a fingerprint of its renderer, so a changed drawing is drawn again. Seeds of
the splits never meet: the shipped sample pictures use seeds below `SPLITS["train"]`'s first.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from engine.builtin import LABELS
from engine.builtin.making.classes import draw
from engine.types.files import write_atomically

SPLITS = {"train": 10_000, "calibration": 20_000, "fresh": 30_000}
"""The first seed of each split."""

SIDE = 128
"""Width and height of the cached drawings in pixels; a picture is resized to as many."""

Pictures = NDArray[np.uint8]


def fingerprint(name: str) -> str:
    """Eight hexadecimal digits that change when the class's drawing changes."""
    small = draw(name, 0, 32).tobytes() + draw(name, 1, 32).tobytes()
    return hashlib.sha256(small).hexdigest()[:8]


def _make(name: str, first: int, count: int, path: Path) -> None:
    pictures = np.stack([draw(name, first + i, SIDE) for i in range(count)])
    write_atomically(path, lambda file: np.save(file, pictures))


def drawings(
    folder: Path, split: str, count: int, workers: int = 2, labels: tuple[str, ...] = LABELS
) -> tuple[Pictures, NDArray[np.int64]]:
    """`count` drawings a class: uint8 (n, SIDE, SIDE, 3) and class numbers (n,), class by class.

    Missing ones are drawn into `folder`, a file a class; what is there already is kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [
        folder / f"{split}_{name.replace(' ', '_')}_{fingerprint(name)}_{count}.npy"
        for name in labels
    ]
    todo = [(n, p) for n, p in zip(labels, paths, strict=True) if not p.exists()]
    if todo:
        with ProcessPoolExecutor(max_workers=max(1, workers)) as pool:
            jobs = [pool.submit(_make, n, SPLITS[split], count, p) for n, p in todo]
            for job in tqdm(as_completed(jobs), f"drawing {split}", len(jobs)):
                job.result()
    pictures = np.concatenate([np.load(p, allow_pickle=False) for p in paths])
    return pictures, np.repeat(np.arange(len(labels)), count)
