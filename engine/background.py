"""Which pictures stand for "no evidence" where the user names none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.pictures import find_pictures
from engine.types import ExplainSettings, UserError

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
