"""How much to do between two yields: bounded by time, and by the memory that is there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.types import OutOfMemory

if TYPE_CHECKING:
    from torch import Tensor

CHUNK_SECONDS = 0.2
"""Time that the first chunks aim at, so that there is soon something to see."""
CHUNK_SHARE = 0.5
"""Later ones may take this part of the time so far: larger batches are quicker by the sample."""
PACE = 0.25
"""Seconds between two estimates: no screen is read faster, and reading one takes time."""
PIXELS_CPU = 8 * 224 * 224
"""Beyond so many pixels in one pass a CPU gains nothing more."""
PIXELS_DEVICE = 128 * 224 * 224
"""The same for a GPU: MobileNetV2 takes 8 GB there, and twice as much would be 2 % quicker."""
ROWS = 256
"""Pictures in one pass at most."""


def most_rows(pictures: Tensor) -> int:
    """How many pictures of the size of `pictures` (P, 3, H, W) one pass should take at most."""
    pixels = PIXELS_CPU if pictures.device.type == "cpu" else PIXELS_DEVICE
    return max(1, min(ROWS, pixels // (pictures.shape[2] * pictures.shape[3])))


class ChunkSize:
    """Number of samples per chunk: starts small, grows with time, halves when memory runs out.

    Below the most that is allowed it is a power of two: cuDNN plans every new size of a batch anew,
    which can take longer than the pass. With `fixed` samples it only ever halves.
    """

    def __init__(self, first: int, most: int, fixed: int | None = None) -> None:
        self.size = fixed or first
        self.most = fixed or most
        self.fixed = fixed is not None
        self.note = ""

    def following(self, left: int, done: int, so_far: float, budget: float | None) -> int:
        """Samples of the next chunk, of `left`, after `done` took `so_far` of `budget` seconds."""
        size = min(self.size, left)
        if budget is not None and done:
            size = min(size, 1 + int((budget - so_far) * done / so_far))
        return max(1, size)

    def took(self, samples: int, seconds: float, so_far: float) -> None:
        """Learn from a chunk; grows fourfold at most, so that one odd measurement does no harm."""
        if self.fixed:
            return
        fitting = samples * max(CHUNK_SECONDS, CHUNK_SHARE * so_far) / max(seconds, 1e-6)
        wanted = max(1, int(min(fitting, 4 * self.size)))
        self.size = min(2 ** (wanted.bit_length() - 1), self.most)

    def halve(self, error: Exception, samples: int) -> None:
        """Go on with half of `samples` if `error` says that memory ran out, and remember it.

        Raises:
            OutOfMemory: a single sample does not fit.
            Exception: `error`, if it says anything else.
        """
        if not is_out_of_memory(error):
            raise error
        if samples <= 1:
            raise OutOfMemory(
                "the device has too little memory for a single sample: explain fewer classes, use"
                " --device cpu or a smaller network; the values so far are kept."
            ) from error
        import torch

        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self.size = self.most = samples // 2
        self.note = f"memory ran out: going on with {self.most} samples at a time"


class Clock:
    """Seconds of our own work: the reader's time between two yields does not count."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds so far."""
        return time.perf_counter() - self._begun

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave out what happens inside."""
        left = time.perf_counter()
        yield
        self._begun += time.perf_counter() - left


def is_out_of_memory(error: Exception) -> bool:
    """Whether torch says so, on whichever device."""
    import torch

    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    phrases = ("can't allocate memory", "not enough memory", "out of memory")
    return isinstance(error, RuntimeError) and any(p in str(error).lower() for p in phrases)
