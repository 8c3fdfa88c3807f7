"""The table of statistics: clean against adversarial, and whether they differ."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rich.segment import Segment
from textual.strip import Strip

from engine.types import Attribution, Evidence
from engine.types.statistics import STATISTICS
from tui.draw import colors
from tui.draw.cells import line, notice, piece
from tui.draw.text import exponent_of, minus, pad, statistic_name
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
        full = width >= 40
        gap = min(6, max(0, (width - 44) // 4))
        widths = [8 + 4 * full, 6 + gap, 6 + gap, 6 + gap, 6 if full else 4]
        if gap == 0:
            widths[0] += min(6, max(0, width - sum(widths) - 4))
        heading = (
            "",
            "clean",
            "adversarial" if gap > 5 else "adv.",
            "Δ  ",
            "±err" if full else "±",
        )
        lines = [self._line(" ", heading, widths, "", heading=True)]
        lines += [self._row(row, widths, full) for row in rows]
        if len(lines) + 1 < height and any(row.marked for row in rows):
            note = f"* differs by more than {rows[0].interval:.2f} errors (95 %)"
            lines += [line(piece(pad(note, width), colors.QUIET))]
        unsure = any(math.isfinite(r.difference) and not math.isfinite(r.error) for r in rows)
        if len(lines) + 1 < height and unsure and self._evidence:
            note = f"±? {UNKNOWN}" + ("" if self._evidence.done else " yet")
            lines += [line(piece(pad(note, width), colors.QUIET))]
        return lines

    def _row(self, row: Row, widths: list[int], full: bool) -> Strip:
        cells = (
            statistic_name(row.key),
            number(row.clean),
            number(row.adversarial),
            number(row.difference, sign=True),
            spread(row.error, full=full) if math.isfinite(row.difference) else "",
        )
        unit = minus(f"e{row.exponent}") if row.exponent else ""
        return self._line("*" if row.marked else " ", cells, widths, unit)

    def _line(
        self,
        mark: str,
        cells: tuple[str, ...],
        widths: list[int],
        unit: str,
        *,
        heading: bool = False,
    ) -> Strip:
        certain = mark == "*"
        tones = (colors.TEXT, colors.CLEAN, colors.ADVERSARIAL, colors.TEXT, colors.QUIET)
        # A name may run into what the first number leaves of its column.
        spare = max(0, widths[1] - len(cells[1]) - 1)
        widths = [widths[0] + spare, widths[1] - spare, *widths[2:]]
        parts: list[Segment] = []
        for place, (text, width, tone) in enumerate(zip(cells, widths, tones, strict=True)):
            color = colors.ACCENT if certain and place == 3 else tone
            if heading and place not in (1, 2):
                color = colors.QUIET
            parts.append(piece(pad(text, width, right=place not in (0, 4)), color))
        return line(*parts, piece(mark, colors.ACCENT, bold=True), piece(unit, colors.QUIET))
