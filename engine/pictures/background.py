"""Which pictures stand for "no evidence": how they are chosen, told apart, and decoded."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.pictures.finding import find_pictures
from engine.pictures.fitting import Preprocessing
from engine.pictures.likeness import LookAlikes, count_different
from engine.pictures.reading import read
from engine.types import BadBackground, FloatArray, UserError

if TYPE_CHECKING:
    import torch

BACKGROUND_LIMIT = 50
"""Pictures taken from the browsed ones as background (the size of SHAP's own ImageNet set)."""
READ_LIMIT = 64
"""Pictures up to which a digest is over their contents: reading a large folder would take long."""
COMPARED = 1000
"""Pictures that are compared with the explained one at most, at about a millisecond each."""
ENOUGH = 5
"""Different pictures from which on a background can mean "no evidence"."""


@dataclass(frozen=True, slots=True)
class ChosenBackground:
    """Background pictures and their digest; `note` says so if they are not what was asked for.

    `warnings` are sentences that say why they hardly mean "no evidence".
    """

    paths: tuple[str, ...]
    digest: str
    note: str = ""
    warnings: tuple[str, ...] = ()


def choose_background(
    explained: str,
    pictures: FloatArray,
    how: Preprocessing,
    browsed: Sequence[str],
    folder: str | None,
    seed: int,
) -> Generator[None, None, ChosenBackground]:
    """The background for explaining `pictures` (P, 3, H, W): the one at `explained`, and attacked.

    Where `folder` is given, all of its pictures. Otherwise up to `BACKGROUND_LIMIT` of the browsed
    ones, drawn with the seed from the sorted paths, so that neither the order of `browsed` nor its
    repetitions matter. Neither holds a file that shows one of the explained pictures
    (`engine.pictures.likeness`); what is drawn next takes its place. The shipped samples stand in
    where no other pictures are browsed. Yields while files are looked at.

    Raises:
        UserError: the folder does not exist or holds no other pictures.
    """
    alike = LookAlikes(pictures, how)
    note = ""
    if folder is not None:
        paths = yield from _others_in(folder, explained, alike)
        if len(paths) > COMPARED:
            note = f"background: more than {COMPARED} pictures, not searched for the explained one"
    else:
        paths = yield from _draw_others(explained, alike, browsed, seed)
        if not paths:
            from engine.builtin import sample_folder

            samples = list(find_pictures(sample_folder()))
            paths = yield from _draw_others(explained, alike, samples, seed)
            note = "background: the shipped sample pictures"
    different = yield from count_different(paths, how, ENOUGH)
    return ChosenBackground(paths, background_digest(paths), note, _too_few(paths, different))


def _others_in(
    folder: str, explained: str, alike: LookAlikes
) -> Generator[None, None, tuple[str, ...]]:
    paths = list(find_pictures(folder))
    if not paths:
        raise BadBackground(f"{folder} holds no pictures: choose --background.")
    others = yield from other_pictures(explained, alike, paths)
    if not others:
        raise BadBackground(
            f"{folder} holds no picture but the explained one: choose another --background."
        )
    return tuple(others)


def other_pictures(
    explained: str, alike: LookAlikes, paths: Sequence[str]
) -> Generator[None, None, list[str]]:
    """Those of `paths` that are not, and do not show, the picture at `explained`.

    More than `COMPARED` are told apart by their paths alone.
    """
    others = _other_paths(explained, paths)
    if len(others) > COMPARED:
        return others
    return (yield from alike.others(others))


def _draw_others(
    explained: str, alike: LookAlikes, browsed: Sequence[str], seed: int
) -> Generator[None, None, tuple[str, ...]]:
    candidates = _other_paths(explained, sorted(set(browsed)))
    if len(candidates) <= BACKGROUND_LIMIT:
        return tuple((yield from alike.others(candidates)))
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(candidates), BACKGROUND_LIMIT, replace=False)
    others = yield from alike.others([candidates[index] for index in chosen])
    if len(others) < BACKGROUND_LIMIT:
        rest = rng.permutation(np.setdiff1d(np.arange(len(candidates)), chosen))[:COMPARED]
        while len(rest) and (missing := BACKGROUND_LIMIT - len(others)):
            others += yield from alike.others([candidates[index] for index in rest[:missing]])
            rest = rest[missing:]
    return tuple(sorted(others))


def _other_paths(explained: str, paths: Sequence[str]) -> list[str]:
    mine = Path(explained).resolve()
    return [path for path in paths if Path(path).resolve() != mine]


def _too_few(paths: Sequence[str], different: int) -> tuple[str, ...]:
    if different >= ENOUGH:
        return ()
    kind = "background" if different == len(paths) else "different background"
    noun = "picture" if different == 1 else "pictures"
    return (f"Only {different} {kind} {noun}: this says little of evidence.",)


def background_digest(paths: Sequence[str]) -> str:
    """12 hexadecimal digits that tell sets of pictures apart; empty for no pictures.

    A SHA-256 over what the files hold, in order, wherever they lie and whatever they are called;
    over names and sizes where there are more than `READ_LIMIT`. A file is read once as long as
    its size and time of change stay; one that cannot be read counts by its name.
    """
    if not paths:
        return ""
    whole = hashlib.sha256()
    for path in paths:
        name = os.path.basename(path).encode("utf-8", "surrogateescape")  # noqa: PTH119
        try:
            stat = os.stat(path)  # noqa: PTH116
            if len(paths) > READ_LIMIT:
                whole.update(hashlib.sha256(b"%s %d" % (name, stat.st_size)).digest())
            else:
                whole.update(_content(path, stat.st_size, stat.st_mtime_ns))
        except OSError:
            whole.update(hashlib.sha256(name).digest())
    return whole.hexdigest()[:12]


@lru_cache(maxsize=4 * READ_LIMIT)
def _content(path: str, size: int, changed: int) -> bytes:
    """SHA-256 of what a file holds; size and time of change are part of the cache's key."""
    with open(path, "rb") as file:  # noqa: PTH123
        return hashlib.file_digest(file, "sha256").digest()


class PictureSet:
    """Pictures fitted to a network, decoded when asked for; serves as a background.

    At most `cache` pictures are kept in memory, so that a large set costs no more than a small
    one. A picture that cannot be read is listed in `skipped`, and the next readable one stands in
    for it.

    Raises:
        UserError: `paths` is empty.
    """

    def __init__(
        self, paths: Sequence[str], how: Preprocessing, device: torch.device, cache: int = 64
    ) -> None:
        if not paths:
            raise BadBackground("no background pictures: give a folder with --background.")
        self.paths = tuple(paths)
        self.skipped: dict[int, str] = {}
        self._how = how
        self._device = device
        self._cache: OrderedDict[int, FloatArray] = OrderedDict()
        self._limit = cache

    def __len__(self) -> int:
        return len(self.paths)

    def batch(self, indices: Sequence[int]) -> torch.Tensor:
        """Pictures by index: (len(indices), 3, H, W) in [0, 1] on the device.

        Raises:
            UserError: none of the pictures can be read.
        """
        import torch

        stacked = np.stack([self._get(int(index)) for index in indices])
        return torch.from_numpy(stacked).to(self._device)

    def _get(self, index: int) -> FloatArray:
        while True:
            while index in self.skipped:
                index = (index + 1) % len(self.paths)
            if index in self._cache:
                self._cache.move_to_end(index)
                return self._cache[index]
            try:
                picture = read(self.paths[index], self._how)
            except UserError as error:
                self.skipped[index] = str(error)
                if len(self.skipped) == len(self.paths):
                    raise BadBackground(
                        f"none of the {len(self.paths)} background pictures can be read; the"
                        f" last one: {error}"
                    ) from error
                continue
            self._cache[index] = picture
            if len(self._cache) > self._limit:
                self._cache.popitem(last=False)
            return picture
