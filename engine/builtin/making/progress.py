"""A progress bar on standard error for the commands that draw and train. Standard library only."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


class Bar:
    """One line rewritten: title, bar, count, time left, a note; a line now and then in a log."""

    def __init__(self, title: str, total: int, done: int = 0, show: bool = True) -> None:
        self.title, self.total, self.done, self.show = title, max(1, total), done, show
        self.note = ""
        self._first, self._began = done, time.monotonic()
        self._gap = 0.2 if sys.stderr.isatty() else 30.0
        self._last = -1e9

    def step(self) -> None:
        """One more done."""
        self.done += 1
        now = time.monotonic()
        over = self.done >= self.total
        if not self.show or (now - self._last < self._gap and not over):
            return
        self._last = now
        made = max(1, self.done - self._first)
        left = (now - self._began) / made * (self.total - self.done)
        full = 24 * self.done // self.total
        line = (
            f"{self.title} [{'#' * full}{'.' * (24 - full)}] {self.done}/{self.total} "
            f"{int(left) // 60}:{int(left) % 60:02d} left {self.note}"
        )
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{line}\x1b[K" + ("\n" if over else ""))
        else:
            sys.stderr.write(line + "\n")
        sys.stderr.flush()


def watched(items: Iterable[T], title: str, total: int) -> Iterator[T]:
    """The items, with a bar that moves as they are taken."""
    bar = Bar(title, total)
    for item in items:
        yield item
        bar.step()
