"""The bottom line: network, device, memory, rate, what is being done, and how far it is."""

from __future__ import annotations

import math

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from engine.types import ModelInfo
from engine.worker.protocol import Progress, Status
from tui.draw.cells import style
from tui.draw.colors import ACCENT, FAINT, QUIET, TARGET, TEXT
from tui.draw.rows import row, width_of
from tui.draw.text import compact, duration_text, percent, safe, size_text
from tui.widgets.canvas import Canvas

BAR = 20
Parts = list[tuple[str, Style]]


def progress_parts(progress: Progress, bar: int = BAR) -> Parts:
    """Task, bar, amount, rate and time left."""
    parts: Parts = [(safe(progress.task) + " ", style(TEXT))]
    bounded = progress.total > 0
    share = min(1.0, progress.done / progress.total) if bounded else 0.0
    if bounded:
        full = round(share * bar)
        parts += [("━" * full, style(ACCENT)), ("─" * (bar - full), style(FAINT))]
        parts.append((f" {percent(share)}", style(TEXT)))
    if progress.unit in ("B", "bytes", "byte"):
        done = size_text(progress.done)
        amount = f"  {done} of {size_text(progress.total)}" if bounded else f"  {done}"
        rate = f"  {size_text(progress.rate)}/s" if math.isfinite(progress.rate) else ""
    else:
        unit = f" {safe(progress.unit)}" if progress.unit else ""
        amount = f"  {progress.done:,.0f} of {progress.total:,.0f}{unit}" if bounded else ""
        if not bounded and progress.done:
            amount = f"  {progress.done:,.0f}{unit}"
        rate = f"  {compact(progress.rate)}/s" if math.isfinite(progress.rate) else ""
    left = progress.seconds_left
    parts.append((amount + rate, style(QUIET)))
    if math.isfinite(left):
        parts.append((f"  {duration_text(left)} left", style(QUIET)))
    return parts


ERROR_SECONDS = 20.0
"""How long an error keeps the facts from their place."""


class StatusLine(Canvas):
    """One line. What is most needed stays when the window is narrow."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._model = ""
        self._status: Status | None = None
        self._progress: Progress | None = None
        self._error = ""

    def show_model(self, info: ModelInfo | None, name: str, loading: bool) -> None:
        """Which network is loaded, or being loaded."""
        if loading:
            self._model = f"loading {safe(name)}"
        elif info is None:
            self._model = "no network (k: choose one)"
        elif info.name == "builtin":
            self._model = "built-in network (k: another)"
        else:
            self._model = f"{safe(info.name)} (k: another)"
        self.redraw()

    def show_status(self, status: Status) -> None:
        """What the worker does."""
        self._status = status
        self.redraw()

    def show_progress(self, progress: Progress) -> None:
        """How far the work is: the worker does one thing at a time."""
        self._progress = None if progress.finished else progress
        self.redraw()

    def show_error(self, message: str) -> None:
        """What went wrong last; an empty message, or time, takes it away."""
        self._error = safe(message)
        self.redraw()
        if message:
            self.set_timer(ERROR_SECONDS, lambda: self._forget(safe(message)))

    def _forget(self, error: str) -> None:
        if self._error == error:
            self.show_error("")

    def draw(self, width: int, height: int) -> list[Strip]:
        """Facts on the left; on the right the progress, or else the last error."""
        quiet, dot = style(QUIET), (" · ", style(FAINT))
        facts: Parts = [(self._model, style(TEXT))]
        more: Parts = []
        status = self._status
        if status is not None:
            facts += [dot, (safe(status.device), quiet)]
            more += [dot, (size_text(status.memory), quiet)]
            if math.isfinite(status.rate):
                more += [dot, (f"{status.rate:.1f} it/s", quiet)]
            if status.doing and self._progress is None:
                more += [dot, (safe(status.doing), style(TEXT))]
        right: Parts = []
        if self._progress is not None:
            # What is left out first where room is short: facts, then the bar; never the numbers.
            for bar, kept in ((BAR, 3), (10, 3), (BAR, 0), (10, 0), (6, 0), (0, 0)):
                right = progress_parts(self._progress, bar)
                if width_of(right) + width_of(facts[:kept]) + 4 <= width:
                    facts = facts[:kept]
                    break
        elif self._error:
            right = [("! " + self._error, style(TARGET))]
        if width_of(facts) + width_of(more) + width_of(right) + 3 <= width:
            facts += more
        room = width - 2
        if right and width_of(facts) + width_of(right) + 3 > room:
            facts = facts[:1] if width_of(facts[:1]) + width_of(right) + 3 <= room else []
        gap = max(1, room - width_of(facts) - width_of(right)) if right else 0
        parts = [*facts, (" " * gap if facts else "", quiet), *right]
        return [Strip([Segment(" "), *row(parts, room)])]
