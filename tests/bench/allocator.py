"""Whose memory settings a tool runs with: ours, or those that any program finds."""

from __future__ import annotations

import ctypes

from engine import memory

MMAP_THRESHOLD = -3
DEFAULTS = {
    memory.MMAP_MAX: 65536,
    # What glibc's own adaptation reaches once blocks as large as a network's were freed.
    MMAP_THRESHOLD: 32 * 2**20,
    memory.TRIM_THRESHOLD: 64 * 2**20,
    memory.TOP_PAD: 128 * 2**10,
}


def ours() -> None:
    """As in the worker."""
    memory.keep()


def as_found() -> None:
    """As in a program that sets nothing."""
    for name, value in DEFAULTS.items():
        ctypes.CDLL(None).mallopt(name, value)
    memory.give_back()
