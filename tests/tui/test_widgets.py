"""Promises of the drawing widgets, made through their `show`, keys and mouse."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget

from engine.types import (
    Attribution,
    ClassLabel,
    Evidence,
    EvidencePoint,
    ExplainSettings,
    Frame,
    Prediction,
    Query,
    Side,
    StepRecord,
)
from tui import colors
from tui.widgets.bars import PredictionBars
from tui.widgets.canvas import Canvas
from tui.widgets.grid import JuxtapositionGrid
from tui.widgets.heat import HeatView
from tui.widgets.histogram import HistogramView
from tui.widgets.picture import PictureView
from tui.widgets.statistics import StatisticsTable
from tui.widgets.time_axis import TimeAxis

TARGET, ORIGINAL = ClassLabel(722, "ping-pong ball"), ClassLabel(386, "African elephant")
EDGES = np.linspace(-1e-5, 1e-5, 33)


@pytest.fixture(autouse=True)
def _truecolor() -> Iterator[None]:
    colors.configure("truecolor")
    yield
    colors.configure("truecolor")


class Stage(App[None]):
    """One widget alone; keeps the messages that it posts."""

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget
        self.heard: list[Message] = []

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self.widget

    def on_heat_view_pointed(self, message: HeatView.Pointed) -> None:
        self.heard.append(message)

    def on_time_axis_sought(self, message: TimeAxis.Sought) -> None:
        self.heard.append(message)

    def on_juxtaposition_grid_selected(self, message: JuxtapositionGrid.Selected) -> None:
        self.heard.append(message)


def lines(widget: Widget) -> list[str]:
    return [widget.render_line(y).text for y in range(widget.size.height)]


def text(widget: Widget) -> str:
    return "\n".join(lines(widget))


def picture(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (56, 56, 3), dtype=np.uint8)


def prediction(label: ClassLabel, probability: float) -> Prediction:
    return Prediction(label.index, label.name, probability)


def frame(step: int = 4, last: int = 6, target: ClassLabel | None = TARGET) -> Frame:
    trace = tuple(
        StepRecord(i, 1.0, 0.01, 1.0, i / 10 if target else float("nan"), 1 - i / 10, ())
        for i in range(last + 1)
    )
    tops = (prediction(ORIGINAL, 0.6), prediction(TARGET, 0.4))
    return Frame(step, picture(), picture(1), 20.0, tops, trace, target, ORIGINAL, 5, True)


def attribution(side: Side, name: str, seed: int, size: float = 1.0) -> Attribution:
    heat = np.random.default_rng(seed).normal(scale=size * 1e-6, size=(28, 28))
    statistics = {"mean": 3e-8 * size, "mean_abs": 1.6e-6 * size, "coherence": 0.03}
    errors = {key: abs(value) / 20 for key, value in statistics.items()}
    histogram = np.histogram(heat, EDGES)[0].astype(float)
    query = Query(side, seed)
    return Attribution(query, name, heat, None, statistics, errors, histogram, 0.9, 0.1, 0.0)


def evidence(classes: int = 5) -> Evidence:
    clean = tuple(attribution("clean", f"class {i}", i) for i in range(classes))
    other = tuple(attribution("adversarial", f"other {i}", 50 + i, 0.5) for i in range(classes))
    contrast = {"mean": (-1.5e-8, 2e-8), "mean_abs": (-8e-7, 5e-8), "coherence": (0.0, 0.01)}
    settings = ExplainSettings()
    return Evidence(
        clean + other, EDGES, (contrast,) * classes, 40, 200, 2.0, 8.0, False, 4, settings
    )


def shown(widget: Widget) -> Widget:
    """`widget` with something to draw."""
    heat = attribution("clean", "x", 3).heat
    if isinstance(widget, PictureView):
        widget.show(picture())
    elif isinstance(widget, HeatView):
        widget.show(heat, underlay=picture(), overlay=True)
    elif isinstance(widget, HistogramView):
        widget.show(EDGES, attribution("clean", "x", 1).histogram, np.ones(32))
    elif isinstance(widget, TimeAxis):
        points = tuple(EvidencePoint(s, 722, 1e-6 * s, 1e-7) for s in range(4))
        widget.show(frame(), points, 20, "mean |φ|")
    elif isinstance(widget, PredictionBars):
        widget.show(frame().predictions, target=TARGET, original=ORIGINAL)
    elif isinstance(widget, StatisticsTable):
        widget.show(evidence())
    elif isinstance(widget, JuxtapositionGrid):
        both: dict[Side, np.ndarray] = {"clean": picture(), "adversarial": picture(1)}
        widget.show(evidence(), both, mode="signed", overlay=True)
    return widget


ALL = (
    PictureView,
    HeatView,
    HistogramView,
    TimeAxis,
    PredictionBars,
    StatisticsTable,
    JuxtapositionGrid,
)


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("mode", colors.COLOR_MODES)
async def test_every_widget_fills_its_cells_at_any_size(
    kind: type[Canvas], mode: colors.ColorMode
) -> None:
    colors.configure(mode)
    app = Stage(kind())
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
    app = Stage(shown(kind()))
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
    app = Stage(PictureView())
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
    app = Stage(PictureView())
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
    app = Stage(PredictionBars())
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
    app = Stage(PictureView())
    async with app.run_test(size=(40, 10)) as pilot:
        app.query_one(PictureView).show(None, empty="No picture is open.")
        await pilot.pause()
        assert "No picture is open." in text(app.widget)


# --- heat ---------------------------------------------------------------------------------------


async def test_the_value_under_the_cursor_can_be_read_with_keys() -> None:
    heat = np.zeros((10, 10))
    heat[6, 5] = -2.5e-6
    app = Stage(HeatView())
    async with app.run_test(size=(40, 21)) as pilot:
        view = app.query_one(HeatView)
        view.show(heat)
        view.focus()
        assert view.value_at_cursor() is None
        await pilot.press("up", "down")
        assert view.cursor == (6, 5)
        assert view.value_at_cursor() == -2.5e-6
        assert "−2.50e−6 at row 6, column 5" in text(view)
        pointed = app.heard[-1]
        assert isinstance(pointed, HeatView.Pointed)
        assert (pointed.value, pointed.row, pointed.column) == (-2.5e-6, 6, 5)
        await pilot.press(*["left"] * 20)
        assert view.cursor == (6, 0)


async def test_the_mouse_reads_the_value_that_it_is_on() -> None:
    heat = np.arange(100.0).reshape(10, 10)
    app = Stage(HeatView())
    async with app.run_test(size=(40, 21)) as pilot:
        view = app.query_one(HeatView)
        view.show(heat)
        await pilot.hover(HeatView, offset=(0, 0))
        assert view.cursor == (0, 0)
        await pilot.hover(HeatView, offset=(39, 19))
        assert view.value_at_cursor() == 99


async def test_the_scale_is_stated_and_can_be_fixed() -> None:
    heat = np.linspace(-1e-5, 1e-5, 400).reshape(20, 20)
    app = Stage(HeatView())
    async with app.run_test(size=(60, 21)) as pilot:
        view = app.query_one(HeatView)
        view.show(heat)
        await pilot.pause()
        assert view.scale_used == pytest.approx(9.9e-6, rel=0.02)
        assert "own scale" in text(view)
        view.show(heat, scale=2e-5)
        await pilot.pause()
        assert view.scale_used == 2e-5
        assert "fixed scale" in text(view)
        assert "+2.00e−5" in text(view)


# --- predictions --------------------------------------------------------------------------------


async def test_target_and_original_are_marked_and_names_are_harmless() -> None:
    app = Stage(PredictionBars())
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


async def test_the_axis_names_classes_values_step_and_success() -> None:
    app = Stage(TimeAxis())
    async with app.run_test(size=(90, 14)) as pilot:
        app.query_one(TimeAxis).show(frame(step=4), steps=20)
        await pilot.pause()
        rows = lines(app.widget)
        assert "● ping-pong ball 40.0 %" in rows[0]
        assert "○ African elephant 60.0 %" in rows[0]
        assert "step 4/20" in rows[0]
        assert "▲4" in rows[-1]
        assert "✓5" in rows[-1]
        body = "\n".join(rows[1:-1])
        assert "●" in body
        assert "○" in body


async def test_an_untargeted_attack_has_one_curve() -> None:
    app = Stage(TimeAxis())
    async with app.run_test(size=(90, 14)) as pilot:
        app.query_one(TimeAxis).show(frame(target=None), steps=20)
        await pilot.pause()
        assert "●" not in text(app.widget)
        assert "○ African elephant" in text(app.widget)


async def test_evidence_makes_a_second_band_with_its_error() -> None:
    points = tuple(EvidencePoint(step, 386, 2e-6, 1e-7) for step in range(0, 7, 2))
    app = Stage(TimeAxis())
    async with app.run_test(size=(90, 14)) as pilot:
        app.query_one(TimeAxis).show(frame(step=4), points, 20, "mean |φ|")
        await pilot.pause()
        (row,) = (line for line in lines(app.widget) if "mean |φ|" in line)
        assert "○ 2.00e−6 ±2.0e−7" in row


@pytest.mark.parametrize(("x", "step"), [(4, 0), (47, 10), (89, 12), (0, 0)])
async def test_a_click_seeks_an_iteration_that_there_is(x: int, step: int) -> None:
    app = Stage(TimeAxis())
    async with app.run_test(size=(90, 14)) as pilot:
        app.query_one(TimeAxis).show(frame(last=12), steps=20)
        await pilot.click(TimeAxis, offset=(x, 6))
        (sought,) = app.heard
        assert isinstance(sought, TimeAxis.Sought)
        assert sought.step == step


# --- statistics ---------------------------------------------------------------------------------


async def test_a_difference_is_marked_only_beyond_its_error() -> None:
    app = Stage(StatisticsTable())
    async with app.run_test(size=(34, 12)) as pilot:
        app.query_one(StatisticsTable).show(evidence())
        await pilot.pause()
        rows = {line[:9].strip(): line for line in lines(app.widget)[1:4]}
        assert rows["mean |φ|"].split() == ["mean", "|φ|", "1.60", "0.80", "−0.80±.05*e−6"]
        assert "*" not in rows["mean"]
        assert "*" not in rows["coherence"]


async def test_a_low_table_keeps_what_matters_most() -> None:
    keys = ("mean", "mean_abs", "max", "q05", "q25", "q50", "q75", "q95", "iqr", "coherence")
    numbers = dict.fromkeys(keys, 0.5)
    one = dataclasses.replace(attribution("clean", "x", 0), statistics=numbers)
    app = Stage(StatisticsTable())
    async with app.run_test(size=(34, 9)) as pilot:
        app.query_one(StatisticsTable).show(
            dataclasses.replace(evidence(), attributions=(one,), contrasts=())
        )
        await pilot.pause()
        assert "coherence" in text(app.widget)
        assert "IQR" in text(app.widget)
        assert "q25" not in text(app.widget)


async def test_one_side_alone_has_no_difference() -> None:
    one = dataclasses.replace(
        evidence(), attributions=(attribution("clean", "x", 0),), contrasts=()
    )
    app = Stage(StatisticsTable())
    async with app.run_test(size=(50, 12)) as pilot:
        app.query_one(StatisticsTable).show(one)
        await pilot.pause()
        assert "1.60" in text(app.widget)
        assert "*" not in text(app.widget)
        assert lines(app.widget)[1].count("–") == 2


# --- histogram ----------------------------------------------------------------------------------


async def test_the_histogram_names_its_axes_and_sides() -> None:
    app = Stage(HistogramView())
    async with app.run_test(size=(70, 12)) as pilot:
        app.query_one(HistogramView).show(EDGES, np.full(32, 9.0), np.full(32, 4.0))
        await pilot.pause()
        assert "clean" in lines(app.widget)[0]
        assert "adversarial" in lines(app.widget)[0]
        assert "log" in lines(app.widget)[0]
        low, zero, high = lines(app.widget)[-1].split()
        assert (low, zero, high) == ("≤−1.00e−5", "0", "≥+1.00e−5")


# --- juxtaposition ------------------------------------------------------------------------------


async def test_arrows_choose_a_cell_and_shift_reads_it() -> None:
    app = Stage(JuxtapositionGrid())
    async with app.run_test(size=(160, 50)) as pilot:
        grid = app.query_one(JuxtapositionGrid)
        now = evidence()
        grid.show(now, {}, mode="signed", overlay=False)
        grid.focus()
        await pilot.press("right", "down", "left", "left")
        assert [m.index for m in app.heard if isinstance(m, JuxtapositionGrid.Selected)][:3] == [
            1,
            6,
            5,
        ]
        assert grid.selected == 5
        assert "▸other 0" in text(grid)
        await pilot.press("shift+right")
        assert grid.value_at_cursor() == now.attributions[5].heat[14, 14]
        assert "at row 14, column 14" in text(grid)


async def test_all_cells_have_one_scale_unless_asked_otherwise() -> None:
    app = Stage(JuxtapositionGrid())
    async with app.run_test(size=(160, 50)) as pilot:
        grid = app.query_one(JuxtapositionGrid)
        grid.show(evidence(), {}, mode="signed", overlay=False)
        await pilot.pause()
        shared = grid.scale_used
        assert "one scale for all" in text(grid)
        grid.show(evidence(), {}, mode="signed", overlay=False, shared_scale=False)
        grid.focus()
        await pilot.press("down")
        assert grid.scale_used < shared


async def test_classes_that_do_not_fit_come_into_view_when_chosen() -> None:
    app = Stage(JuxtapositionGrid())
    async with app.run_test(size=(40, 24)) as pilot:
        grid = app.query_one(JuxtapositionGrid)
        grid.show(evidence(), {}, mode="signed", overlay=False)
        grid.focus()
        await pilot.pause()
        assert "class 4" not in text(grid)
        await pilot.press(*["right"] * 4)
        assert "▸class 4" in text(grid)


async def test_a_click_chooses_the_cell_under_the_mouse() -> None:
    app = Stage(JuxtapositionGrid())
    async with app.run_test(size=(160, 50)) as pilot:
        grid = app.query_one(JuxtapositionGrid)
        grid.show(evidence(), {}, mode="signed", overlay=False)
        await pilot.click(JuxtapositionGrid, offset=(40, 8))
        assert grid.selected == 1
        await pilot.hover(JuxtapositionGrid, offset=(41, 8))
        assert grid.value_at_cursor() is not None
