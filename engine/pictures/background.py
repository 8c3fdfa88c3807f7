"""Which pictures stand for "no evidence" where the user names none."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.pictures.finding import find_pictures
from engine.pictures.fitting import Preprocessing
from engine.pictures.reading import read
from engine.types import ExplainSettings, FloatArray, UserError

if TYPE_CHECKING:
    import torch

BACKGROUND_LIMIT = 50
"""Pictures taken from the browsed ones as background (the size of SHAP's own ImageNet set)."""


def background_paths(
    explained: str, browsed: Sequence[str], settings: ExplainSettings
) -> tuple[list[str], str]:
    """The background pictures, and a note if they are not what was asked for.

    `settings.background` is a folder whose pictures are all taken. Otherwise up to
    `BACKGROUND_LIMIT` of the browsed pictures, drawn with the seed, without the explained one; and
    the shipped samples where there are no others.

    Raises:
        UserError: the folder holds no pictures.
    """
    if settings.background is not None:
        paths = list(find_pictures(settings.background))
        if not paths:
            raise UserError(f"{settings.background} holds no pictures: choose --background.")
        return paths, ""
    mine = Path(explained).resolve()
    paths, note = [path for path in browsed if Path(path).resolve() != mine], ""
    if not paths:
        from engine.builtin import sample_folder

        paths = [path for path in find_pictures(sample_folder()) if Path(path).resolve() != mine]
        note = "background: the shipped sample pictures"
    if len(paths) > BACKGROUND_LIMIT:
        rng = np.random.default_rng(settings.seed)
        chosen = rng.choice(len(paths), BACKGROUND_LIMIT, replace=False)
        paths = [paths[index] for index in sorted(chosen)]
    return paths, note


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
            raise UserError("no background pictures: give a folder with --background.")
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
                    raise UserError(
                        f"none of the {len(self.paths)} background pictures can be read; the"
                        f" last one: {error}"
                    ) from error
                continue
            self._cache[index] = picture
            if len(self._cache) > self._limit:
                self._cache.popitem(last=False)
            return picture
