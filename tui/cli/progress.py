"""A progress bar on standard error, if that is a terminal."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

BYTES = "B"


class ProgressBar:
    """One bar for whatever is being done; gone when it is done. Use as a context manager."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[amount]}", markup=False),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None
        self._what = ""

    def __enter__(self) -> ProgressBar:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def show(self, what: str, done: float, total: float, unit: str) -> None:
        """Show that `done` of `total` units (0: unknown) of `what` are done."""
        amount = f"{done:g} of {total:g} {unit}".rstrip() if total else ""
        if total and unit == BYTES:
            amount = f"{done / 1e6:.1f} of {total / 1e6:.1f} MB"
        if what != self._what:
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._task, self._what = self._progress.add_task(what, amount=amount), what
        assert self._task is not None
        self._progress.update(self._task, completed=done, total=total or None, amount=amount)

    def bytes(self, what: str, done: float, total: float) -> None:
        """A download or what follows it."""
        self.show(what, done, total, BYTES)

    def samples(self, what: str, done: float, total: float) -> None:
        """An explanation."""
        self.show(what, done, total, "samples")
