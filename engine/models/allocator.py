"""Memory of the process: freed pages are kept for the next pass, and given back when idle.

A backward pass allocates and frees hundreds of megabytes. glibc hands blocks of that size back to
the kernel at once, and the next pass waits for it to clear them again: on MobileNetV2, in batches
of 8 to 16, that cost 14 to 38 % of the time (`tests/bench/README.md`).
"""

from __future__ import annotations

import ctypes
import sys

# Names and numbers from glibc's malloc.h; see mallopt(3).
TRIM_THRESHOLD = -1
TOP_PAD = -2
MMAP_MAX = -4
ARENA_MAX = -8

PAD = 64 * 2**20
"""Bytes by which the heap grows."""


def keep() -> bool:
    """Let malloc keep what is freed. False where that cannot be set (not glibc).

    To be called before a thread that is to profit starts: it would get an arena of its own, and
    those cannot hold blocks above 64 MiB.
    """
    settings = {MMAP_MAX: 0, TRIM_THRESHOLD: 2**31 - 1, TOP_PAD: PAD, ARENA_MAX: 1}
    libc = _libc()
    if libc is None:
        return False
    done = [libc.mallopt(name, number) for name, number in settings.items()]
    return all(done)


def give_back() -> None:
    """Return all freed pages to the system; the next pass has to ask for them again."""
    libc = _libc()
    if libc is not None:
        libc.malloc_trim(0)


def _libc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
