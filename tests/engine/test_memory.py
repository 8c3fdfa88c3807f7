"""Freed memory is kept for the next pass, and given back when asked."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.models import allocator

PROGRAM = """
import resource, sys, threading
from engine.models import allocator

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

def work():
    for _ in range(10):
        block = b"x" * (100 * 2**20)
        del block

if sys.argv[1] == "keep":
    assert allocator.keep()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
thread = threading.Thread(target=work)
thread.start()
thread.join()
faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
held = resident()
allocator.give_back()
print(faults, held - resident())
"""


def run(how: str) -> tuple[int, int]:
    """Page faults of ten allocations, and bytes that were given back after them."""
    command = [sys.executable, "-c", PROGRAM, how]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    faults, given = map(int, out.split())
    return faults, given


@pytest.mark.skipif(allocator._libc() is None, reason="malloc is not glibc's")
def test_kept_blocks_are_not_cleared_again_and_go_back_when_asked() -> None:
    usual, _ = run("leave")
    kept, given = run("keep")
    assert kept < 0.3 * usual
    assert given > 90 * 2**20


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not allocator.keep()
    allocator.give_back()
