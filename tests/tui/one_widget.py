"""An app of one widget, and synthetic things to show in it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget

from engine.types import (
    Attribution,
    ClassLabel,
    Evidence,
    EvidencePoint,
    Frame,
    Prediction,
    Query,
    Side,
    StepRecord,
    explain_settings,
)
from tui.draw import colors
from tui.widgets.bars import PredictionBars
from tui.widgets.grid import JuxtapositionGrid
from tui.widgets.heat import HeatView
from tui.widgets.histogram import HistogramView
from tui.widgets.picture import PictureView
from tui.widgets.statistics import StatisticsTable
from tui.widgets.time_axis import TimeAxis

TARGET, ORIGINAL = ClassLabel(722, "ping-pong ball"), ClassLabel(386, "African elephant")
EDGES = np.linspace(-1e-5, 1e-5, 33)


@pytest.fixture(autouse=True)
def truecolor() -> Iterator[None]:
    colors.configure("truecolor")
    yield
    colors.configure("truecolor")


class OneWidget(App[None]):
    """One widget alone; keeps the messages that it posts."""

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget
        self.heard: list[Message] = []

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self.widget

    def on_time_axis_sought(self, message: TimeAxis.Sought) -> None:
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
    settings = explain_settings()
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
