"""The base of all drawing widgets: strips in a cache, and only changed lines sent again."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget


def changed_width(old: Strip, new: Strip) -> int:
    """Cells from the left up to and with the last one that differs; 0 for equal strips."""
    if old is new:
        return 0
    end = new.cell_length
    if old.cell_length != end:
        return max(end, old.cell_length)
    before, after = list(old), list(new)
    if before == after:
        return 0
    while before and after and before[-1].style == after[-1].style:
        left, right = before.pop(), after.pop()
        same = left if len(left.text) <= len(right.text) else right
        if not (left.text.endswith(same.text) and right.text.endswith(same.text)):
            before.append(left)
            after.append(right)
            break
        end -= same.cell_length
        for rest, whole in ((before, left), (after, right)):
            if len(whole.text) > len(same.text):
                rest.append(Segment(whole.text[: -len(same.text)], whole.style))
    return end if before or after else 0


class Canvas(Widget):
    """A widget that draws all of its lines at once, and has those repainted that changed."""

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._lines: list[Strip] = []
        self._drawn: Size | None = None
        self._source: list[Strip] | None = None
        self._ground: Style | None = None

    def draw(self, width: int, height: int) -> list[Strip]:
        """The content, at most `height` strips of at most `width` cells.

        Returning the list of the last time says that nothing has changed.
        """
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw again, and repaint what has changed; put off while the widget cannot be seen."""
        if not self.is_attached or self._drawn != self.size or not self.is_on_screen:
            self._drawn = None
            self.refresh()
            return
        before, self._lines = self._lines, self._fresh()
        changed = [
            Region(0, y, width, 1)
            for y, (old, new) in enumerate(zip(before, self._lines, strict=True))
            if (width := changed_width(old, new))
        ]
        if changed:
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        """Line `y` of the content."""
        if self._drawn != self.size:
            self._lines = self._fresh()
            self._drawn = self.size
        return self._lines[y] if y < len(self._lines) else Strip.blank(self.size.width)

    def notify_style_update(self) -> None:
        """The background may have changed: draw anew at the next repaint."""
        self._drawn = None
        super().notify_style_update()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The app's filters but for the one that replaces ANSI colours: none are used here.

        It would visit the style of every cell.
        """
        return [f for f in super().get_line_filters() if not isinstance(f, ANSIToTruecolor)]

    def _fresh(self) -> list[Strip]:
        width, height = self.size
        if not width or not height:
            return []
        _, _, back, front = self.colors
        ground = Style.from_color((back + front).rich_color, back.rich_color)
        source = self.draw(width, height)
        if source is self._source and ground == self._ground and len(self._lines) == height:
            return self._lines
        self._source, self._ground = source, ground
        lines = [
            Strip(on_ground(line, ground), line.cell_length).adjust_cell_length(width, ground)
            for line in source[:height]
        ]
        return lines + [Strip.blank(width, ground)] * (height - len(lines))


def on_ground(line: Strip, ground: Style) -> list[Segment]:
    """The segments of `line`, with the colours of `ground` where they have no background."""
    return [
        segment
        if segment.style is not None and segment.style.bgcolor is not None
        else Segment(segment.text, ground if segment.style is None else ground + segment.style)
        for segment in line
    ]
