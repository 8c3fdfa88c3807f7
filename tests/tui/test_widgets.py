"""Promises of the drawing widgets, made through their `show`, keys and mouse."""

from __future__ import annotations

import numpy as np
import pytest
from rich.cells import cell_len

from engine.types import (
    Prediction,
)
from tests.tui.one_widget import (  # noqa: F401
    ALL,
    ORIGINAL,
    TARGET,
    OneWidget,
    lines,
    picture,
    prediction,
    shown,
    text,
    truecolor,
)
from tui.draw import colors
from tui.widgets.bars import PredictionBars
from tui.widgets.canvas import Canvas
from tui.widgets.heat import HeatView
from tui.widgets.picture import PictureView


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("mode", colors.COLOR_MODES)
async def test_every_widget_fills_its_cells_at_any_size(
    kind: type[Canvas], mode: colors.ColorMode
) -> None:
    colors.configure(mode)
    app = OneWidget(kind())
    async with app.run_test(size=(80, 24)) as pilot:
        assert len(lines(app.widget)) == 24
        shown(app.widget)
        for size in ((80, 24), (160, 50), (34, 12), (24, 4), (9, 3), (1, 1)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert [cell_len(line) for line in lines(app.widget)] == [size[0]] * size[1]


@pytest.mark.parametrize("kind", ALL)
async def test_without_colour_no_widget_chooses_a_colour(kind: type[Canvas]) -> None:
    colors.configure("none")
    app = OneWidget(shown(kind()))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        used = {
            (segment.style.color, segment.style.bgcolor)
            for y in range(24)
            for segment in app.widget.render_line(y)
            if segment.style is not None
        }
        assert len(used) == 1


# --- repainting ---------------------------------------------------------------------------------


async def test_a_frame_that_looks_the_same_repaints_nothing() -> None:
    app = OneWidget(PictureView())
    async with app.run_test(size=(40, 20)) as pilot:
        view = app.query_one(PictureView)
        first = np.full((56, 56, 3), 120, dtype=np.uint8)
        view.show(first)
        await pilot.pause()
        asked: list[object] = []
        view.refresh = lambda *regions, **_: asked.append(regions) or view  # type: ignore
        view.show(first + np.random.default_rng(0).integers(0, 4, first.shape, dtype=np.uint8))
        assert asked == []


async def test_only_the_lines_that_changed_are_repainted() -> None:
    app = OneWidget(PictureView())
    async with app.run_test(size=(40, 20)) as pilot:
        view = app.query_one(PictureView)
        first = np.full((40, 40, 3), 120, dtype=np.uint8)
        view.show(first)
        await pilot.pause()
        asked: list[tuple] = []
        view.refresh = lambda *regions, **_: asked.append(regions) or view  # type: ignore
        second = first.copy()
        second[10:14, 3] = 250
        view.show(second)
        ((*regions,),) = asked
        assert [region.y for region in regions] == [5, 6]
        assert {region.width for region in regions} == {4}


async def test_what_is_shown_while_hidden_is_there_when_it_comes_back() -> None:
    app = OneWidget(PredictionBars())
    async with app.run_test(size=(60, 10)) as pilot:
        bars = app.query_one(PredictionBars)
        bars.show((prediction(ORIGINAL, 0.9),), target=None, original=ORIGINAL)
        await pilot.pause()
        bars.display = False
        await pilot.pause()
        bars.show((prediction(TARGET, 0.9),), target=None, original=ORIGINAL)
        await pilot.pause()
        bars.display = True
        await pilot.pause()
        assert "ping-pong ball" in text(bars)


async def test_an_empty_picture_says_why() -> None:
    app = OneWidget(PictureView())
    async with app.run_test(size=(40, 10)) as pilot:
        app.query_one(PictureView).show(None, empty="No picture is open.")
        await pilot.pause()
        assert "No picture is open." in text(app.widget)


# --- heat ---------------------------------------------------------------------------------------


async def test_the_value_under_the_cursor_can_be_read_with_keys() -> None:
    heat = np.zeros((10, 10))
    heat[6, 5] = -2.5e-6
    app = OneWidget(HeatView())
    async with app.run_test(size=(40, 21)) as pilot:
        view = app.query_one(HeatView)
        view.show(heat)
        view.focus()
        assert view.value_at_cursor() is None
        await pilot.press("up", "down")
        assert view.cursor == (6, 5)
        assert view.value_at_cursor() == -2.5e-6
        assert "−2.50e−6 at row 6, column 5" in text(view)
        await pilot.press(*["left"] * 20)
        assert view.cursor == (6, 0)


async def test_the_mouse_reads_the_value_that_it_is_on() -> None:
    heat = np.arange(100.0).reshape(10, 10)
    app = OneWidget(HeatView())
    async with app.run_test(size=(40, 21)) as pilot:
        view = app.query_one(HeatView)
        view.show(heat)
        await pilot.hover(HeatView, offset=(0, 0))
        assert view.cursor == (0, 0)
        await pilot.hover(HeatView, offset=(39, 19))
        assert view.value_at_cursor() == 99


async def test_the_scale_is_stated_and_can_be_fixed() -> None:
    heat = np.linspace(-1e-5, 1e-5, 400).reshape(20, 20)
    app = OneWidget(HeatView())
    async with app.run_test(size=(60, 21)) as pilot:
        view = app.query_one(HeatView)
        view.show(heat)
        await pilot.pause()
        assert "own scale" in text(view)
        assert "+9.9" in text(view)
        view.show(heat, scale=2e-5)
        await pilot.pause()
        assert "shared scale" in text(view)
        assert "+2.00e−5" in text(view)


# --- predictions --------------------------------------------------------------------------------


async def test_target_and_original_are_marked_and_names_are_harmless() -> None:
    app = OneWidget(PredictionBars())
    async with app.run_test(size=(50, 6)) as pilot:
        hostile = Prediction(7, "[red]evil\x1b[2J" + "long " * 20, 0.0001)
        app.query_one(PredictionBars).show(
            (prediction(TARGET, 0.9996), prediction(ORIGINAL, 0.0003), hostile),
            target=TARGET,
            original=ORIGINAL,
        )
        await pilot.pause()
        first, second, third, *_ = lines(app.widget)
        assert first.startswith("▸ ping-pong ball")
        assert first.rstrip().endswith(">99.9 %")
        assert second.startswith("• African elephant")
        assert second.rstrip().endswith("<0.1 %")
        assert "[red]evil" in third
        assert "\x1b" not in third
        assert "…" in third


# --- time axis ----------------------------------------------------------------------------------
