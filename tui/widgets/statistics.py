"""The table of statistics: clean against adversarial, and whether they differ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.segment import Segment
from textual.strip import Strip

from engine.types import Attribution, Evidence
from engine.types.statistics import STATISTICS
from tui.draw import colors
from tui.draw.cells import line, notice, piece
from tui.draw.text import exponent_of, first_fitting, minus, pad, statistic_name
from tui.state.sentences import UNKNOWN
from tui.widgets.canvas import Canvas


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: numbers in units of ten to the `exponent`."""

    key: str
    exponent: int
    clean: float
    adversarial: float
    difference: float
    error: float
    interval: float

    @property
    def marked(self) -> bool:
        """Is the difference beyond its 95 % interval? Not where its error is not known."""
        reach = self.interval * self.error
        return math.isfinite(reach) and reach > 0 and abs(self.difference) > reach


def rows_of(evidence: Evidence) -> list[Row]:
    """A row for each statistic of the first attribution of each side, in their order."""
    sides: dict[str, Attribution] = {}
    for attribution in evidence.attributions:
        sides.setdefault(attribution.query.side, attribution)
    first = next(iter(sides.values()), None)
    contrasts = evidence.contrasts[0] if evidence.contrasts and len(sides) == 2 else {}
    rows = []
    for key in first.statistics if first else ():
        clean, adversarial = (
            sides[side].statistics.get(key, math.nan) if side in sides else math.nan
            for side in ("clean", "adversarial")
        )
        difference, error = contrasts.get(key, (adversarial - clean, math.nan))
        exponent = exponent_of(clean, adversarial, difference)
        exponent = 0 if -1 <= exponent <= 1 else exponent
        unit = 10.0**exponent
        row = (clean / unit, adversarial / unit, difference / unit, error / unit)
        rows.append(Row(key, exponent, *row, evidence.interval))
    return rows


def number(value: float, *, sign: bool = False) -> str:
    """Three digits of a value below 100: `1.23`, `−12.3`; a dash where there is none."""
    if not math.isfinite(value):
        return "–"
    digits = 2 if abs(value) < 9.995 else 1
    return minus(f"{value:{'+' if sign else ''}.{digits}f}")


def spread(error: float, *, full: bool) -> str:
    """`±.05`, or `±0.05` where there is room; `±?` where it is not known."""
    if not math.isfinite(error):
        return "±?"
    text = f"{error:.1f}" if error >= 0.995 else f"{error:.3f}" if full else f"{error:.2f}"
    return "±" + (text if full else text.removeprefix("0"))


def spared() -> list[str]:
    """What is left out, in this order, where there are too few lines."""
    some = [one for one in STATISTICS.values() if one.spared]
    return [one.name for one in sorted(some, key=lambda one: one.spared)]


def unit_of(row: Row) -> str:
    """The power of ten of a row's numbers: `e−6`."""
    return minus(f"e{row.exponent}") if row.exponent else ""


class Table(NamedTuple):
    """The texts of a table and the cells of its columns."""

    heading: list[str]
    cells: list[list[str]]
    widths: list[int]


def laid_out(rows: Sequence[Row], width: int) -> Table:
    """Names and the columns that `width` cells have room for, with no number cut.

    Where room is short errors lose their leading zero; then the difference is left out with its
    error, then the adversarial value.
    """
    end = 1 + max(len(unit_of(row)) for row in rows)
    gap = min(6, max(0, (width - 44) // 4))
    adversarial = "adversarial" if gap > 5 else "adv."
    for count, full in ((5, True), (5, False), (3, False), (2, False), (1, False)):
        heading = ["", "clean", adversarial, "Δ  ", "±err" if full else "±"][:count]
        cells = [
            [
                statistic_name(row.key),
                number(row.clean),
                number(row.adversarial),
                number(row.difference, sign=True),
                spread(row.error, full=full) if math.isfinite(row.difference) else "",
            ][:count]
            for row in rows
        ]
        longest = [max(map(len, column)) for column in zip(*cells, strict=True)]
        least = [0, 6 + gap, 6 + gap, 6 + gap, 6 if full else 4]
        # Between an error and its value there is no blank.
        widths = [max(a, b + (n < 4)) for n, (a, b) in enumerate(zip(least, longest, strict=False))]
        widths[0] = 8 + 4 * full
        if sum(widths) + end <= width:
            break
    if gap == 0:
        widths[0] += min(6, max(0, width - sum(widths) - end))
    return Table(heading, cells, widths)


class StatisticsTable(Canvas):
    """Rows of statistics with clean, adversarial and their difference with its error.

    The numbers of a row share the power of ten at its end. A star marks a difference of more
    than its 95 % interval, `±?` one whose error is not known.
    """

    DEFAULT_CSS = "StatisticsTable { width: 1fr; height: 1fr; }"

    def __init__(
        self, *, name: str | None = None, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._evidence: Evidence | None = None

    def show(self, evidence: Evidence | None) -> None:
        """Show the first clean beside the first adversarial attribution."""
        self._evidence = evidence
        self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """Heading, rows, and what the star means where there is room."""
        rows = rows_of(self._evidence) if self._evidence else []
        if not rows:
            return notice("No evidence yet.", width, height)
        for key in spared():
            if len(rows) >= height:
                rows = [row for row in rows if row.key != key]
        table = laid_out(rows, width)
        lines = [self._line(table.heading, table.widths, heading=True)]
        for row, cells in zip(rows, table.cells, strict=True):
            marked = row.marked and len(cells) == 5
            lines.append(self._line(cells, table.widths, unit_of(row), marked=marked))
        if len(lines) + 1 < height and any(row.marked for row in rows):
            errors = f"{rows[0].interval:.2f} errors"
            notes = (f"* differs by more than {errors} (95 %)", f"* beyond {errors}")
            lines += [line(piece(first_fitting(notes, width), colors.QUIET))]
        unsure = any(math.isfinite(r.difference) and not math.isfinite(r.error) for r in rows)
        if len(lines) + 1 < height and unsure and self._evidence:
            note = f"±? {UNKNOWN}" + ("" if self._evidence.done else " yet")
            lines += [line(piece(first_fitting((note, f"±? {UNKNOWN}"), width), colors.QUIET))]
        return lines

    def _line(
        self,
        cells: Sequence[str],
        widths: Sequence[int],
        unit: str = "",
        *,
        heading: bool = False,
        marked: bool = False,
    ) -> Strip:
        tones = (colors.TEXT, colors.CLEAN, colors.ADVERSARIAL, colors.TEXT, colors.QUIET)
        if len(widths) > 1:  # A name may run into what the first number leaves of its column.
            spare = max(0, widths[1] - len(cells[1]) - 1)
            widths = [widths[0] + spare, widths[1] - spare, *widths[2:]]
        parts: list[Segment] = []
        for place, (text, width) in enumerate(zip(cells, widths, strict=True)):
            color = colors.ACCENT if marked and place == 3 else tones[place]
            if heading and place not in (1, 2):
                color = colors.QUIET
            parts.append(piece(pad(text, width, right=place not in (0, 4)), color))
        mark = "*" if marked else " "
        return line(*parts, piece(mark, colors.ACCENT, bold=True), piece(unit, colors.QUIET))
