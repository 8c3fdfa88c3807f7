"""How much to do between two yields: bounded by time, and by the memory that is there."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.types import UserError

CHUNK_SECONDS = 0.2
"""Time between two yields that the chunk size aims at."""
PIXELS_CPU = 8 * 224 * 224
"""Beyond so many pixels in one pass a CPU's caches overflow, and it gets slower."""
ROWS = 256
"""Pictures in one pass at most."""


def most_rows(pictures: Tensor) -> int:
    """How many pictures of the size of `pictures` (P, 3, H, W) one pass should take at most."""
    if pictures.device.type != "cpu":
        return ROWS
    return max(1, min(ROWS, PIXELS_CPU // (pictures.shape[2] * pictures.shape[3])))


class ChunkSize:
    """Number of draws per chunk: starts small, aims at `seconds`, halves when memory runs out."""

    def __init__(self, first: int, most: int, seconds: float) -> None:
        self.size = first
        self.most = most
        self.seconds = seconds
        self.note = ""

    def took(self, draws: int, seconds: float) -> None:
        """Learn from a chunk; at most doubles, so that one odd measurement does no harm."""
        fitting = draws * self.seconds / max(seconds, 1e-6)
        self.size = int(max(1, min(fitting, 2 * self.size, self.most)))

    def halve(self, error: Exception, draws: int) -> None:
        """Go on with half of `draws` if `error` says that memory ran out, and remember it.

        Raises:
            UserError: a single draw does not fit.
            Exception: `error`, if it says anything else.
        """
        if not is_out_of_memory(error):
            raise error
        if draws <= 1:
            raise UserError(
                "the device has too little memory for a single sample: explain fewer classes, use"
                " --device cpu or a smaller network; the values so far are kept."
            ) from error
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self.size = self.most = draws // 2
        self.note = f"memory ran out: going on with {self.most} samples at a time"


def is_out_of_memory(error: Exception) -> bool:
    """Whether torch says so, on whichever device."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    words = ("can't allocate memory", "not enough memory", "out of memory")
    return isinstance(error, RuntimeError) and any(w in str(error).lower() for w in words)
