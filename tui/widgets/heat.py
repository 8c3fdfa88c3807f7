"""A signed heatmap, alone or over the picture that it explains, with a cursor to read it."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.strip import Strip

from engine.types import ByteArray, FloatArray
from tui.draw import colors, half_blocks, pixels
from tui.draw.cells import line, notice, piece
from tui.draw.pixels import HeatMode
from tui.draw.text import compact, fit
from tui.widgets.canvas import Canvas


class HeatView(Canvas, can_focus=True):
    """Evidence for (red, `+`) and against (blue, `-`) a class, by place.

    A line below names the colour scale, or the value under the cursor.
    """

    DEFAULT_CSS = "HeatView { width: 1fr; height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1, 0)", "Up", show=False),
        Binding("down", "move(1, 0)", "Down", show=False),
        Binding("left", "move(0, -1)", "Left", show=False),
        Binding("right", "move(0, 1)", "Right", show=False),
    ]
    cursor: reactive[tuple[int, int] | None] = reactive(None)
    """Row and column of the heatmap's value that is read, or None."""

    def __init__(
        self, *, name: str | None = None, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._heat: FloatArray | None = None
        self._underlay: ByteArray | None = None
        self._scale = 1.0
        self._fixed = False
        self._mode: HeatMode = "signed"
        self._overlay = False
        self._empty = ""

    def show(
        self,
        heat: FloatArray | None,
        *,
        underlay: ByteArray | None = None,
        scale: float | None = None,
        mode: HeatMode = "signed",
        overlay: bool = False,
        empty: str = "",
    ) -> None:
        """Show `heat` (h, w), or the text `empty` where there is none.

        `scale` is the value of full colour; None takes the 99th percentile of |heat|. With
        `overlay` the heat lies over `underlay` (H, W, 3).
        """
        self._heat, self._underlay = heat, underlay
        self._mode, self._overlay, self._empty = mode, overlay, empty
        self._fixed = scale is not None
        if heat is not None:
            cells = (self.size.width, self._picture_rows())
            self._scale = scale if scale else pixels.default_scale(heat, cells)
            if self.cursor is not None:
                row, column = self.cursor
                self.cursor = (min(row, heat.shape[0] - 1), min(column, heat.shape[1] - 1))
        self.redraw()

    def value_at_cursor(self) -> float | None:
        """The value under the cursor, whatever the mode shows of it."""
        if self._heat is None or self.cursor is None:
            return None
        return float(self._heat[self.cursor])

    def draw(self, width: int, height: int) -> list[Strip]:
        """The heatmap in the middle and a line below it."""
        if self._heat is None:
            return notice(self._empty, width, height)
        rows = height - 1 if height >= 4 else height
        strips = half_blocks.heat_strips(
            pixels.in_mode(self._heat, self._mode),
            self._scale,
            (width, rows),
            underlay=self._underlay if self._overlay else None,
            cursor=self.cursor,
        )
        strips = half_blocks.centred(strips, width, rows)
        if rows < height:
            caption = half_blocks.centred([self._caption(width)], width, 1)
            strips += [Strip([], 0)] * (rows - len(strips)) + caption
        return strips

    def _caption(self, width: int) -> Strip:
        value = self.value_at_cursor()
        if value is not None and self.cursor is not None:
            row, column = self.cursor
            reading = f"{compact(value, sign=True)} at row {row}, column {column}"
            return line(piece(fit(reading, width), colors.ACCENT))
        note = "shared scale" if self._fixed else "own scale"
        return half_blocks.scale_legend(self._scale, self._mode, width, note)

    def watch_cursor(self) -> None:
        """Show the cursor where it is now."""
        self.redraw()

    def action_move(self, down: int, right: int) -> None:
        """Move the cursor by a pixel of the screen; the first time it appears in the middle."""
        if self._heat is None:
            return
        rows, columns = self._heat.shape
        if self.cursor is None:
            self.cursor = (rows // 2, columns // 2)
            return
        high, wide = pixels.fitted_size(rows, columns, self.size.width, self._picture_rows())
        row = self.cursor[0] + down * max(1, round(rows / high))
        column = self.cursor[1] + right * max(1, round(columns / wide))
        self.cursor = (min(max(row, 0), rows - 1), min(max(column, 0), columns - 1))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Read the value under the mouse."""
        self.cursor = self._place(event)

    def on_leave(self) -> None:
        """The mouse has gone: show the scale again."""
        if not self.has_focus:
            self.cursor = None

    def on_blur(self) -> None:
        """The cursor goes with the focus."""
        self.cursor = None

    def _picture_rows(self) -> int:
        height = self.size.height
        return height - 1 if height >= 4 else height

    def _place(self, event: events.MouseEvent) -> tuple[int, int] | None:
        offset = event.get_content_offset(self)
        if self._heat is None or offset is None:
            return None
        return pixels.place_in_fitted(
            self._heat.shape, (self.size.width, self._picture_rows()), offset.x, offset.y
        )
