"""Generators that work in steps and return a result at their end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def finish(steps: Iterator[object]) -> Any:
    """Go through all `steps` of a generator; what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
