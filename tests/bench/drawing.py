"""What drawing a picture costs: milliseconds and bytes a frame against a naive drawing.

The naive one makes a style and a segment for every cell and sends every frame whole. Run it
from the project's root: `python tests/bench/drawing.py`. It reports ratios and asserts nothing.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from rich.color import Color
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.strip import Strip

from engine.types import ByteArray
from tui.draw import colors, half_blocks, pixels
from tui.widgets.canvas import changed_width
from tui.widgets.picture import PictureView

SIZES = ((42, 20), (160, 48))
FRAMES = 20
CONSOLE = Console(color_system="truecolor", force_terminal=True)


def photograph(rng: np.random.Generator) -> ByteArray:
    """A 224x224 picture with smooth parts, edges and a little grain."""
    down, across = np.mgrid[0:224, 0:224] / 224
    planes = []
    for _ in range(3):
        plane = 120 + 80 * np.sin(rng.uniform(2, 9) * across + rng.uniform(2, 9) * down)
        plane += 60 * ((across - rng.uniform()) ** 2 + (down - rng.uniform()) ** 2 < 0.08)
        planes.append(plane + rng.normal(scale=6, size=plane.shape))
    return np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8)


def attack(start: ByteArray, rng: np.random.Generator, epsilon: float) -> list[ByteArray]:
    """Frames within `epsilon` (1/255) of `start`, moved by random signs."""
    frames, now = [], start.astype(float)
    for _ in range(FRAMES):
        now = now + rng.choice([-1.0, 1.0], size=start.shape) * epsilon * 2.5 / FRAMES
        now = np.clip(now, start - epsilon, start + epsilon)
        frames.append(np.clip(now, 0, 255).astype(np.uint8))
    return frames


def perturbations(start: ByteArray, frames: list[ByteArray]) -> list[ByteArray]:
    """Differences to `start`, amplified twenty times around grey."""
    return [
        np.clip(128 + 20.0 * (f.astype(float) - start), 0, 255).astype(np.uint8) for f in frames
    ]


def naive(picture: ByteArray, columns: int, rows: int) -> list[Strip]:
    """A style and a segment for every cell."""
    fitted = pixels.fit_picture(picture, columns, rows)
    strips = []
    for row in range(0, fitted.shape[0], 2):
        segments = []
        for column in range(fitted.shape[1]):
            upper, lower = fitted[row, column], fitted[row + 1, column]
            look = Style(
                color=Color.from_rgb(*map(int, upper)), bgcolor=Color.from_rgb(*map(int, lower))
            )
            segments.append(Segment("▀", look))
        strips.append(Strip(segments))
    return strips


def ours(columns: int, rows: int) -> Callable[[ByteArray], list[Strip]]:
    """The drawing of `PictureView`, which remembers what is on the screen."""
    shown: ByteArray | None = None
    strips: list[Strip] = []

    def draw(picture: ByteArray) -> list[Strip]:
        nonlocal shown, strips
        settled = pixels.settle(shown, pixels.fit_picture(picture, columns, rows))
        if settled is not shown:
            shown, strips = settled, half_blocks.picture_strips(settled, colors.current())
        return strips

    return draw


def sent(before: list[Strip] | None, after: list[Strip]) -> int:
    """Bytes of the lines that changed, as the terminal gets them (all without `before`)."""
    total = 0
    for y, strip in enumerate(after):
        width = changed_width(before[y], strip) if before else strip.cell_length
        if width:
            total += len(f"\x1b[{y + 1};1H" + strip.crop(0, width).render(CONSOLE)) + 2 * width
    return total


def timed(draw: Callable[[ByteArray], list[Strip]], frames: list[ByteArray]) -> float:
    """Median milliseconds to draw one frame and to turn it into what is sent."""
    spent = []
    for frame in frames:
        begin = time.perf_counter()
        draw(frame)
        spent.append(1000 * (time.perf_counter() - begin))
    return statistics.median(spent)


def measure(name: str, frames: list[ByteArray], columns: int, rows: int) -> str:
    """A row of the table for these frames."""
    plain = timed(lambda picture: naive(picture, columns, rows), frames[:5])
    fast = timed(ours(columns, rows), frames)
    draw = ours(columns, rows)
    drawn = [draw(frame) for frame in frames]
    full = statistics.mean(sent(None, naive(frame, columns, rows)) for frame in frames[1:5])
    small = statistics.mean(sent(a, b) for a, b in pairwise(drawn))
    less = f"{full / small:.1f}x" if small else "nothing sent"
    return (
        f"| {name} | {columns}x{rows} | {plain:.1f} | {fast:.1f} | {plain / fast:.1f}x"
        f" | {full / 1024:.1f} | {small / 1024:.1f} | {less} |"
    )


class OneWidget(App[None]):
    """An app with a picture and nothing else."""

    def compose(self) -> ComposeResult:
        """The picture."""
        yield PictureView()


async def whole(frames: list[ByteArray], columns: int, rows: int) -> float:
    """Median milliseconds from `show` to the end of Textual's repaint."""
    async with OneWidget().run_test(size=(columns, rows)) as pilot:
        view = pilot.app.query_one(PictureView)
        view.show(frames[0])
        await pilot.pause()
        spent = []
        for frame in frames[1:]:
            begin = time.perf_counter()
            view.show(frame)
            screen = pilot.app.screen
            for region in view._exchange_repaint_regions():
                screen._compositor._dirty_regions.add(region.translate(view.region.offset))
            update = screen._compositor.render_partial_update()
            if update is not None:
                update.render_segments(CONSOLE)
            spent.append(1000 * (time.perf_counter() - begin))
    return statistics.median(spent)


def table() -> Iterator[str]:
    """The lines of the report."""
    rng = np.random.default_rng(0)
    start = photograph(rng)
    small, large = attack(start, rng, 2.55), attack(start, rng, 16)
    cases = {
        "unchanged picture": [start] * FRAMES,
        "attack, epsilon 0.01": small,
        "attack, epsilon 16/255": large,
        "perturbation x20": perturbations(start, small),
        "other picture each frame": [photograph(rng) for _ in range(FRAMES)],
    }
    yield "| frames | cells | naive ms | ms | ratio | naive KiB | KiB | ratio |"
    yield "|---|---|---|---|---|---|---|---|"
    for columns, rows in SIZES:
        for name, frames in cases.items():
            yield measure(name, frames, columns, rows)
    for columns, rows in SIZES:
        for name in ("unchanged picture", "other picture each frame"):
            spent = asyncio.run(whole(cases[name], columns, rows))
            yield f"{name}, {columns}x{rows}, through Textual: {spent:.1f} ms"


if __name__ == "__main__":
    for text in table():
        print(text)
