"""The time axis: how sure the network is, and how much evidence it has, over iterations."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip

from engine.types import EvidencePoint, FloatArray, Frame
from tui.draw import charts, colors
from tui.draw.cells import CellGrid, blend, line, notice, pack, piece
from tui.draw.colors import RGB
from tui.draw.text import compact, fit, fit_apart, percent, safe, statistic_name
from tui.state.sentences import UNKNOWN
from tui.widgets.canvas import Canvas
from tui.widgets.time_curves import Curve, evidence_curves, probability_curves

GUTTER = 4
LEAST_NAME = 10
"""Cells of a class's name below which the legend leaves out the step."""
TARGET_MARK, ORIGINAL_MARK = "●", "○"
TARGET_LINE, ORIGINAL_LINE = "━━", "╍╍"


class TimeAxis(Canvas):
    """Probability of target and original class over iterations, with a cursor.

    Target: a solid line with `●`; original: a dashed line with `○`. Points of evidence make a
    second band below, each line within its 95 % interval.
    """

    DEFAULT_CSS = "TimeAxis { width: 1fr; height: 1fr; }"

    class Sought(Message):
        """A click on an iteration that has been computed."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(
        self, *, name: str | None = None, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._frame: Frame | None = None
        self._evidence: tuple[EvidencePoint, ...] = ()
        self._steps = 0
        self._statistic = ""

    def show(
        self,
        frame: Frame | None,
        evidence: tuple[EvidencePoint, ...] = (),
        steps: int = 0,
        statistic: str = "",
    ) -> None:
        """Show the trace of `frame` over 0..`steps`, and `evidence` in a second band.

        `steps` 0 takes the iterations of the attack's settings. `statistic` names the evidence.
        """
        self._frame, self._evidence = frame, evidence
        last = frame.trace[-1].step if frame and frame.trace else 0
        planned = frame.settings.iterations if frame and not steps else steps
        self._steps = max(planned, last, 1)
        self._statistic = statistic_name(statistic)
        self.redraw()

    def on_click(self, event: events.Click) -> None:
        """Seek the iteration under the mouse."""
        offset = event.get_content_offset(self)
        if offset is None or self._frame is None or not self._frame.trace:
            return
        share = (2 * (offset.x - GUTTER) + 0.5) / max(1, self._dots() - 1)
        step = round(min(1.0, max(0.0, share)) * self._steps)
        self.post_message(self.Sought(min(step, self._frame.trace[-1].step)))

    def draw(self, width: int, height: int) -> list[Strip]:
        """Legend, curves, axis."""
        frame = self._frame
        if frame is None or height < 4 or width < 24:
            return notice("" if frame else "No attack yet.", width, height)
        curves = evidence_curves(frame, self._evidence)
        rows = height - 2
        below = max(2, (rows - 1) * 3 // 7) if curves and rows >= 7 else 0
        above = rows - below - (1 if below else 0)
        strips = [self._legend(frame, width)]
        strips += self._panel(probability_curves(frame), (0.0, 1.0), ("1.0", "0.5", "0.0"), above)
        if below:
            reach = [c.values + _or_zero(c.reach) for c in curves]
            # Where no value is finite there is no curve, and the span is of no account.
            top = max(_finite(values).max(initial=-np.inf) for values in reach)
            top = float(top) if np.isfinite(top) and top != 0 else 1.0
            low = float(min(_finite(c.values - _or_zero(c.reach)).min(initial=0.0) for c in curves))
            strips.append(self._evidence_legend(frame, curves, width, top))
            strips += self._panel(curves, (low, top), ("max", "", "0.0"), below)
        return [*strips, self._axis(frame, width)]

    def _dots(self) -> int:
        return 2 * max(1, self.size.width - GUTTER - 1)

    def _place(self, step: FloatArray) -> FloatArray:
        return step / self._steps * (self._dots() - 1)

    def _column(self, step: int) -> int:
        return GUTTER + round(step / self._steps * (self._dots() - 1)) // 2

    def _panel(
        self,
        curves: list[Curve],
        span: tuple[float, float],
        labels: tuple[str, str, str],
        rows: int,
    ) -> list[Strip]:
        assert self._frame is not None
        grid = CellGrid(self.size.width, rows)
        plot = slice(GUTTER, GUTTER + self._dots() // 2)
        size = (4 * rows, self._dots())
        low, high = span
        for row in (0, (rows - 1) / 2, rows - 1):
            label = labels[round(2 * row / (rows - 1))] if rows > 1 else labels[0]
            if row == int(row):
                grid.write(int(row), 0, label.rjust(3), colors.QUIET)
            if row == int(row) and colors.current() != "none":
                grid.write(int(row), GUTTER, "┈" * (size[1] // 2), colors.TRACK)
        if self._frame.success_step is not None:
            column = self._column(self._frame.success_step)
            grid.text[:, column], grid.fg[:, column] = "┊", pack(colors.QUIET)
        cursor = self._column(self._frame.step)
        grid.text[:, cursor], grid.fg[:, cursor] = "│", pack(colors.ACCENT)
        solid = np.zeros(size, dtype=bool)
        for curve in curves:
            places = self._place(curve.steps)
            values = (curve.values - low) / (high - low)
            if curve.reach is not None:
                reach = _or_zero(curve.reach) / (high - low)
                shade = charts.band(places, values - reach, values + reach, size)
                self._put(grid, plot, shade & ~solid, blend(curve.color, colors.GROUND, 0.55))
        for curve in curves:
            values = (curve.values - low) / (high - low)
            dashed = not curve.target
            solid = charts.curve(self._place(curve.steps), values, size, dashed=dashed)
            self._put(grid, plot, solid, curve.color)
        for curve in curves:
            here = curve.at(self._frame.step)
            if here is not None:
                share = min(1.0, max(0.0, (here[0] - low) / (high - low)))
                mark = TARGET_MARK if curve.target else ORIGINAL_MARK
                row = round((1 - share) * (4 * rows - 1)) // 4
                grid.write(row, cursor, mark, curve.color, bold=True)
        return grid.strips()

    def _put(self, grid: CellGrid, plot: slice, dots: charts.Dots, color: RGB) -> None:
        marks = charts.braille(dots)
        here = marks != " "
        grid.text[:, plot][here] = marks[here]
        grid.fg[:, plot][here] = pack(color)

    def _legend(self, frame: Frame, width: int) -> Strip:
        at = next((record for record in frame.trace if record.step == frame.step), None)
        entries = []
        if frame.target is not None:
            value = at.probability_target if at else float("nan")
            entries.append((TARGET_LINE + TARGET_MARK, frame.target.name, value, colors.TARGET))
        value = at.probability_original if at else float("nan")
        entries.append((ORIGINAL_LINE + ORIGINAL_MARK, frame.original.name, value, colors.ORIGINAL))
        where = f"step {frame.step}/{self._steps}"
        if width < sum(len(mark) + len(percent(p)) + 4 for mark, _, p, _ in entries):
            entries = [(mark[-1], name, value, color) for mark, name, value, color in entries]
        # Names share what marks, figures and blanks leave; a short one leaves its part to the next.
        left = width - sum(len(mark) + len(percent(p)) + 4 for mark, _, p, _ in entries)
        names = [safe(name) for _, name, *_ in entries]
        shortest = min(map(cell_len, names))
        room = max(left // len(entries), left - shortest) if len(entries) > 1 else left
        after = len(where) + 1
        if room - after // len(entries) < min(LEAST_NAME, room):
            where, after = "", 0  # the mark on the axis says it as well
        names = fit_apart(names, max(0, room - after // len(entries)))
        parts: list[Segment] = []
        used = 0
        for name, (mark, _, probability, color) in zip(names, entries, strict=True):
            figure = percent(probability)
            used += len(mark) + cell_len(name) + len(figure) + 4
            if used > width - after + 2:  # no blanks are needed after the last
                break
            parts.append(piece(mark + " ", color, bold=True))
            parts.append(piece(name + " ", color))
            parts.append(piece(figure + "  ", colors.TEXT, bold=True))
        before = Strip(parts).crop(0, max(0, width - after))
        gap = " " * max(0, width - before.cell_length - len(where))
        return line(*before, piece(gap), piece(where, colors.ACCENT))

    def _evidence_legend(self, frame: Frame, curves: list[Curve], width: int, top: float) -> Strip:
        name = self._statistic or "evidence"
        here = [
            (f"{TARGET_MARK if curve.target else ORIGINAL_MARK} ", curve.color, *value)
            for curve in reversed(curves)
            if (value := curve.at(frame.step)) is not None
        ]
        said = [
            (mark + compact(v), f" ±{compact(e, 2)}" if math.isfinite(e) else f" {UNKNOWN}", color)
            for mark, color, v, e in here
        ]
        plain = [(value, "", color) for value, _, color in said]
        # What is left out first where room is short: the axis' end, errors, the name, the original.
        for head, values in (
            (f"{name}, max {compact(top)}  ", said),
            (f"{name}  ", said),
            (f"{name}  ", plain),
            ("", said),
            ("", plain),
            ("", plain[:1]),
            ("", []),
        ):
            parts = [piece(head, colors.QUIET)]
            for text, error, color in values:
                parts += [piece(text, color), piece(error + "  ", colors.QUIET)]
            if sum(cell_len(part.text) for part in parts) <= width + 2:
                break
        return line(*parts).crop(0, width)

    def _axis(self, frame: Frame, width: int) -> Strip:
        grid = CellGrid(width, 1)
        count = max(1, min(self._steps, self._dots() // 16))
        stride = next(s for s in _strides() if self._steps / s <= count)
        for step in range(0, self._steps + 1, stride):
            self._number(grid, step, colors.QUIET)
        if frame.success_step is not None:
            self._number(grid, frame.success_step, colors.TEXT, f"✓{frame.success_step}")
        self._number(grid, frame.step, colors.ACCENT, f"▲{frame.step}")
        return grid.strips()[0]

    def _number(self, grid: CellGrid, step: int, color: RGB, text: str = "") -> None:
        marked = bool(text)
        text = text or str(step)
        column = self._column(step)
        start = column if marked else column - len(text) // 2
        start = max(0, min(start, grid.width - len(text)))
        if marked:
            # Clear what of a tick's number would stick out on either side.
            left = start
            while left > 0 and grid.text[0, left - 1] != " ":
                left -= 1
            right = start + len(text)
            while right < grid.width and grid.text[0, right] != " ":
                right += 1
            grid.write(0, left, " " * (right - left))
        elif "".join(grid.text[0, max(0, start - 1) : start + len(text) + 1]).strip():
            return
        grid.write(0, start, fit(text, grid.width), color, bold=marked)


def _finite(values: FloatArray) -> FloatArray:
    return values[np.isfinite(values)]


def _or_zero(error: FloatArray | None) -> FloatArray:
    return np.zeros(1) if error is None else np.nan_to_num(error)


def _strides() -> Iterable[int]:
    unit = 1
    while True:
        yield from (unit, 2 * unit, 5 * unit)
        unit *= 10
