"""What a survey without a screen prints: plain lines, or a Rich display in a terminal."""

from __future__ import annotations

import time
from contextlib import suppress

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from engine.types import SurveyFrame
from tui.draw.survey_text import status_text, success_text
from tui.draw.text import safe

EVERY = 10.0
"""Seconds between two plain lines."""
SHOWN = ("confidence", "mean", "mean_abs", "coherence")
"""Statistics printed at the end; the report has all."""


class Lines:
    """Shows frames as they come. Use as a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, transient=True) if console.is_terminal else None
        self._next = 0.0
        self._notes: tuple[str, ...] = ()

    def __enter__(self) -> Lines:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, frame: SurveyFrame) -> None:
        """Show a frame; without a terminal, a line now and then."""
        with suppress(OSError):  # the terminal may be gone: the work goes on to its end
            self._show(frame)

    def _show(self, frame: SurveyFrame) -> None:
        for note in frame.notes:
            if note not in self._notes:
                self._console.print(safe(note), soft_wrap=True)
        self._notes = frame.notes
        if self._live is not None:
            self._live.update(display(frame))
        elif frame.state != "running" or time.monotonic() >= self._next:
            self._next = time.monotonic() + EVERY
            parts = filter(None, (status_text(frame), success_text(frame)))
            self._console.print("; ".join(parts), soft_wrap=True)


def display(frame: SurveyFrame) -> RenderableType:
    """The live display: a bar, the rates, and how well the first figures separate."""
    bar = ProgressBar(total=max(1, frame.total), completed=frame.done, width=40)
    parts: list[RenderableType] = [bar, Text(status_text(frame)), Text(success_text(frame))]
    if frame.separations:
        parts.append(results_table(frame, ("confidence", frame.statistic), frame.explanations[:1]))
    return Group(*parts)


def results_table(
    frame: SurveyFrame, statistics: tuple[str, ...], explanations: tuple[str, ...]
) -> Table:
    """AUROC with its interval: a row an arm and explanation, a column a statistic."""
    table = Table(box=None, pad_edge=False)
    table.add_column("arm")
    table.add_column("explanation")
    table.add_column("pairs", justify="right")
    for statistic in statistics:
        table.add_column(statistic, justify="right")
    rows = {(row.arm, row.explanation, row.statistic): row for row in frame.separations}
    alone = {row.arm: row for row in frame.separations if row.statistic == "confidence"}
    for arm in frame.arms:
        for name in explanations:
            figures = [
                alone.get(arm.key) if one == "confidence" else rows.get((arm.key, name, one))
                for one in statistics
            ]
            own = (row for row in figures if row is not None and row.statistic != "confidence")
            filled = next((row for row in own if row.pairs), None)
            if filled is not None:
                cells = ["–" if row is None else row.auroc_text for row in figures]
                table.add_row(Text(safe(arm.name)), Text(safe(name)), str(filled.pairs), *cells)
    return table


def print_results(console: Console, frame: SurveyFrame) -> None:
    """The end of a run, in short; the report has all of it."""
    with suppress(OSError):  # the terminal may be gone
        console.print()
        console.print(Text("AUROC: is the figure higher for the clean picture? [95 % interval]"))
        console.print(results_table(frame, SHOWN, frame.explanations))
        console.print(f"Report: {safe(frame.out)}/report.md", soft_wrap=True)
