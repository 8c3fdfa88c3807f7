"""Juxtaposition: clean above adversarial, a heatmap for each class, one colour scale."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.strip import Strip

from engine.types import Attribution, ByteArray, Evidence, Side
from tui.draw import colors, half_blocks, pixels
from tui.draw.cells import joined, line, notice, piece
from tui.draw.pixels import HeatMode
from tui.draw.text import compact, fit, percent, safe
from tui.state.sentences import noise_share
from tui.widgets.canvas import Canvas
from tui.widgets.grid_caption import caption_lines

GAP = 2
LEAST_WIDTH = 13
ROOMY = 36
"""Height from which captions take two lines."""


class JuxtapositionGrid(Canvas, can_focus=True):
    """Rows clean and adversarial, columns the classes asked for; arrows choose a cell.

    Shift and arrows, or the mouse, read single values.
    """

    DEFAULT_CSS = "JuxtapositionGrid { width: 1fr; height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1, 0)", "Up", show=False),
        Binding("down", "choose(1, 0)", "Down", show=False),
        Binding("left", "choose(0, -1)", "Left", show=False),
        Binding("right", "choose(0, 1)", "Right", show=False),
        Binding("shift+up", "read(-1, 0)", "Read up", show=False),
        Binding("shift+down", "read(1, 0)", "Read down", show=False),
        Binding("shift+left", "read(0, -1)", "Read left", show=False),
        Binding("shift+right", "read(0, 1)", "Read right", show=False),
    ]

    def __init__(
        self, *, name: str | None = None, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._evidence: Evidence | None = None
        self._pictures: dict[Side, ByteArray] = {}
        self._fitted: dict[Side, ByteArray] = {}
        self._mode: HeatMode = "signed"
        self._overlay = False
        self._shared = True
        self._scale = 1.0
        self._choice = 0
        self._cursor: tuple[int, int] | None = None
        self._first = 0

    @property
    def selected(self) -> int:
        """Index of the chosen attribution."""
        count = len(self._evidence.attributions) if self._evidence else 0
        return min(self._choice, max(0, count - 1))  # the rest may be yet to come

    def show(
        self,
        evidence: Evidence | None,
        pictures: dict[Side, ByteArray],
        *,
        mode: HeatMode,
        overlay: bool,
        shared_scale: bool = True,
    ) -> None:
        """Show every attribution of `evidence` in its cell.

        With `overlay` a heatmap lies over its side's picture in `pictures`. `shared_scale`
        gives all cells one scale (the largest of their 99th percentiles).
        """
        self._evidence, self._pictures = evidence, pictures
        self._mode, self._overlay, self._shared = mode, overlay, shared_scale
        self.redraw()

    def value_at_cursor(self) -> float | None:
        """The value that is read, of the chosen cell."""
        chosen = self._chosen()
        if chosen is None or self._cursor is None:
            return None
        row, column = self._cursor
        high, wide = chosen.heat.shape
        return float(chosen.heat[min(row, high - 1), min(column, wide - 1)])

    # --- drawing ------------------------------------------------------------------------------

    def draw(self, width: int, height: int) -> list[Strip]:
        """Both rows of cells, and the colour scale or the value that is read."""
        rows = self._rows()
        if not rows:
            return notice("No evidence yet.", width, height)
        assert self._evidence is not None
        cell_width, visible = self._columns(width)
        heat_rows, captions, blank = self._split(cell_width, height)
        cells = (cell_width, heat_rows)
        scales = [pixels.default_scale(a.heat, cells) for a in self._evidence.attributions]
        self._scale = max(scales) if self._shared else scales[self.selected]
        self._fit_pictures(cell_width, heat_rows)
        strips: list[Strip] = []
        for side, indices in rows:
            strips.append(self._heading(side, indices, visible, width, captions))
            blocks = [
                self._cell(index, cell_width, heat_rows, captions)
                for index in indices[self._first : self._first + visible]
            ]
            block_height = max(len(block) for block in blocks) if blocks else 0
            strips += joined(blocks, [cell_width] * len(blocks), block_height, GAP)
            strips += [Strip([], 0)] * blank
        strips = strips[: height - 1]
        strips += [Strip([], 0)] * (height - 1 - len(strips))
        return [*strips, self._legend(width)]

    def _fit_pictures(self, width: int, rows: int) -> None:
        """Bring the pictures to the size of the heatmaps once, not once a class."""
        assert self._evidence is not None
        high, wide = self._evidence.attributions[0].heat.shape
        size = pixels.fitted_size(high, wide, width, rows)
        self._fitted = {
            side: pixels.resample(picture, *size).astype(np.uint8)
            for side, picture in self._pictures.items()
            if self._overlay
        }

    def _rows(self) -> list[tuple[Side, list[int]]]:
        cells: dict[Side, list[int]] = {}
        for index, attribution in enumerate(self._evidence.attributions if self._evidence else ()):
            cells.setdefault(attribution.query.side, []).append(index)
        sides: tuple[Side, ...] = ("clean", "adversarial")
        return [(side, cells[side]) for side in sides if side in cells]

    def _columns(self, width: int) -> tuple[int, int]:
        """Width of a cell and how many are visible; scrolls to the chosen one."""
        most = max(len(cells) for _, cells in self._rows())
        visible = max(1, min(most, (width + GAP) // (LEAST_WIDTH + GAP)))
        column = self._place()[1]
        self._first = min(max(self._first, column - visible + 1), column, most - visible)
        return (width + GAP) // visible - GAP, visible

    def _split(self, width: int, height: int) -> tuple[int, int, int]:
        """Rows of a heatmap, of its caption, and blank ones below, for cells of this width."""
        assert self._evidence is not None
        high, wide = self._evidence.attributions[0].heat.shape
        useful = math.ceil(width * high / wide / 2)
        room = (height - 1) // len(self._rows()) - 1
        captions = 2 if height >= ROOMY or room >= useful + 2 else 1
        heat = max(2, min(useful, room - captions))
        return heat, captions, min(2, max(0, room - captions - heat))

    def _heading(
        self, side: Side, cells: list[int], visible: int, width: int, captions: int
    ) -> Strip:
        assert self._evidence is not None
        color = colors.CLEAN if side == "clean" else colors.ADVERSARIAL
        title = side if side == "clean" else f"adversarial, step {self._evidence.step}"
        notes = f"  {self._evidence.settings.score}" + (", mean |φ|" if captions > 1 else "")
        if len(cells) > visible:
            last = min(self._first + visible, len(cells))
            notes += f"  classes {self._first + 1} to {last} of {len(cells)}"
        chosen = self._chosen()
        if chosen is not None and self.selected in cells:  # in its cell the name may be cut
            share = noise_share(chosen)
            notes += f"  ▸ {safe(chosen.name)}"
            notes += f", noise alone {percent(share)}" if math.isfinite(share) else ""
        return line(
            piece(fit(title, width), color, bold=True),
            piece(fit(notes, width - len(title)), colors.FAINT),
        )

    def _cell(self, index: int, width: int, rows: int, captions: int) -> list[Strip]:
        assert self._evidence is not None
        attribution = self._evidence.attributions[index]
        scale = (
            self._scale if self._shared else pixels.default_scale(attribution.heat, (width, rows))
        )
        chosen = index == self.selected
        heat = half_blocks.heat_strips(
            pixels.in_mode(attribution.heat, self._mode),
            scale,
            (width, rows),
            underlay=self._fitted.get(attribution.query.side) if self._overlay else None,
            cursor=self._cursor if chosen else None,
        )
        block = half_blocks.centred(heat, width, rows)
        block += [Strip([], 0)] * (rows - len(block))
        settings = self._evidence.settings
        return block + caption_lines(attribution, settings.score, width, captions, chosen=chosen)

    def _legend(self, width: int) -> Strip:
        value, chosen = self.value_at_cursor(), self._chosen()
        if value is not None and chosen is not None and self._cursor is not None:
            row, column = self._cursor
            reading = f"{compact(value, sign=True)} at row {row}, column {column}"
            if chosen.heat_error is not None:
                error = float(chosen.heat_error[row, column])
                reading += f", standard error {compact(error, 2)}"
            return line(piece(fit(reading, width), colors.ACCENT))
        note = "one scale for all" if self._shared else "a scale for each; this is the chosen one's"
        scale: list[Segment] = list(half_blocks.scale_legend(self._scale, self._mode, width, note))
        return Strip(scale).crop(0, width)

    # --- choosing and reading -----------------------------------------------------------------

    def action_choose(self, down: int, right: int) -> None:
        """Choose the neighbouring cell."""
        rows = self._rows()
        if not rows:
            return
        row, column = self._place()
        row = min(max(row + down, 0), len(rows) - 1)
        cells = rows[row][1]
        self._select(cells[min(max(column + right, 0), len(cells) - 1)])

    def action_read(self, down: int, right: int) -> None:
        """Move the reading cursor within the chosen cell."""
        chosen = self._chosen()
        if chosen is None:
            return
        high, wide = chosen.heat.shape
        row, column = self._cursor or (high // 2 - down, wide // 2 - right)
        self._cursor = (min(max(row + down, 0), high - 1), min(max(column + right, 0), wide - 1))
        self.redraw()

    def on_click(self, event: events.Click) -> None:
        """Choose the cell under the mouse."""
        hit = self._hit(event)
        if hit is not None:
            self._select(hit[0])

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Read the value under the mouse, where it is in the chosen cell."""
        hit = self._hit(event)
        place = hit[1] if hit is not None and hit[0] == self.selected else None
        if place != self._cursor:
            self._cursor = place
            self.redraw()

    def on_leave(self) -> None:
        """The mouse has gone: show the scale again."""
        self._cursor = None
        self.redraw()

    def _select(self, index: int) -> None:
        if index != self.selected:
            self._choice, self._cursor = index, None
            self.redraw()

    def _chosen(self) -> Attribution | None:
        if self._evidence is None or not self._evidence.attributions:
            return None
        return self._evidence.attributions[self.selected]

    def _place(self) -> tuple[int, int]:
        for row, (_, cells) in enumerate(self._rows()):
            if self.selected in cells:
                return row, cells.index(self.selected)
        return 0, 0

    def _hit(self, event: events.MouseEvent) -> tuple[int, tuple[int, int] | None] | None:
        """The attribution under the mouse, and the place in its heatmap if it is on that."""
        offset, rows = event.get_content_offset(self), self._rows()
        if offset is None or not rows or self._evidence is None:
            return None
        width, height = self.size
        cell_width, _ = self._columns(width)
        heat_rows, captions, blank = self._split(cell_width, height)
        block = 1 + heat_rows + captions + blank
        row, down = divmod(offset.y, block)
        column, across = divmod(offset.x, cell_width + GAP)
        column += self._first
        if row >= len(rows) or column >= len(rows[row][1]) or across >= cell_width or down == 0:
            return None
        index = rows[row][1][column]
        shape = self._evidence.attributions[index].heat.shape
        if down > heat_rows + captions:
            return None
        if down > heat_rows:
            return index, None
        return index, pixels.place_in_fitted(shape, (cell_width, heat_rows), across, down - 1)
