"""A picture in half-blocks."""

from __future__ import annotations

from textual.strip import Strip

from engine.types import ByteArray
from tui.draw import colors, half_blocks, pixels
from tui.draw.cells import notice
from tui.widgets.canvas import Canvas


class PictureView(Canvas):
    """Shows a picture as large as fits, its aspect kept, in the terminal's best colours."""

    DEFAULT_CSS = "PictureView { width: 1fr; height: 1fr; }"

    def __init__(
        self,
        *,
        tolerance: int = pixels.TOLERANCE,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """A larger `tolerance` (in 1/255) sends fewer changes; for noise it may be larger."""
        super().__init__(name=name, id=id, classes=classes)
        self._tolerance = tolerance
        self._picture: ByteArray | None = None
        self._empty = ""
        self._moving = False
        self._shown: ByteArray | None = None
        self._strips: list[Strip] = []
        self._strips_size = (0, 0)

    def show(self, picture: ByteArray | None, *, empty: str = "", moving: bool = False) -> None:
        """Show `picture` (H, W, 3), or the text `empty` where there is none.

        While `moving`, changes that hardly show are not sent; at rest every pixel is right.
        """
        if picture is None or self._picture is None or picture.shape != self._picture.shape:
            self._shown = None
        self._picture, self._empty, self._moving = picture, empty, moving
        self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """The picture in the middle."""
        if self._picture is None:
            return notice(self._empty, width, height)
        fitted = pixels.fit_picture(self._picture, width, height)
        settled = pixels.settle(self._shown, fitted, self._tolerance if self._moving else 0)
        if settled is not self._shown or self._strips_size != (width, height):
            self._shown, self._strips_size = settled, (width, height)
            strips = half_blocks.picture_strips(settled, colors.current())
            self._strips = half_blocks.centred(strips, width, height)
        return self._strips
