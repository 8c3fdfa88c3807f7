"""The widgets that print numbers, but for heatmaps, with numbers of a given size in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.types import (
    Attribution,
    ClassLabel,
    Evidence,
    EvidencePoint,
    Frame,
    Prediction,
    Separation,
    StepRecord,
    SurveyArm,
    SurveyedPair,
    SurveyFrame,
    attack_settings,
    explain_settings,
)
from engine.worker.protocol import Progress, Status
from tests.tui.one_widget import evidence, frame, prediction
from tui.draw.survey_text import progress_text
from tui.draw.text import compact
from tui.state.sentences import caption, summarise
from tui.widgets.bars import PredictionBars
from tui.widgets.canvas import Canvas
from tui.widgets.histogram import HistogramView
from tui.widgets.line_list import LineList
from tui.widgets.pane import Title
from tui.widgets.roc_curve import RocCurve
from tui.widgets.settings_panel import SettingsPanel, attack_rows, explain_rows
from tui.widgets.statistics import StatisticsTable
from tui.widgets.status_line import StatusLine
from tui.widgets.survey_arms import ArmsView
from tui.widgets.survey_pairs import PairsList
from tui.widgets.survey_results import ResultsList
from tui.widgets.text_block import TextBlock
from tui.widgets.time_axis import TimeAxis

LONG = ClassLabel(3, "African hunting dog, hyena dog, Cape hunting dog, Lycaon pictus")
LIKE = ClassLabel(4, "African elephant, Loxodonta africana, of the southern savanna")


def scaled(value: float) -> Evidence:
    """Evidence whose numbers have the size of `value`, errors and gaps among them."""

    def one(base: Attribution, factor: float) -> Attribution:
        statistics = {
            key: value * factor * share
            for share, key in zip(
                (1, -0.3, 7, 1e-3), ("mean_abs", "mean", "max", "coherence"), strict=True
            )
        }
        return replace(
            base,
            name=LONG.name if base.query.side == "clean" else LIKE.name,
            heat=base.heat * abs(value) / 1e-6,
            heat_error=np.full(base.heat.shape, abs(value) / 7),
            statistics=statistics,
            errors={key: abs(each) / 30 for key, each in statistics.items()},
            gap=-value / 11,
            noise=abs(value) / 5,
            score_value=factor * 0.9996,
        )

    base = evidence(3)
    contrast = {
        key: (-value * 0.4 * share, abs(value) * error)
        for share, key, error in (
            (1, "mean_abs", 0.1),
            (-0.3, "mean", 30.0),
            (7, "max", 0.01),
            (1e-3, "coherence", 1.0),
        )
    }
    attributions = tuple(one(a, 1.0 if a.query.side == "clean" else 0.6) for a in base.attributions)
    return replace(
        base,
        attributions=attributions,
        contrasts=(contrast,) * 3,
        samples=12_345,
        total=200_000,
        edges=np.linspace(-abs(value), abs(value), 33),
        note="2 of the 50 pictures of the background are alike",
        seconds_left=754.0,
        step=1234,
    )


def attacked(chance: float) -> Frame:
    """An attack at iteration 1234 of 98,765."""
    trace = tuple(
        StepRecord(i, 1.0, 4 / 255, 1.0, chance, 1 - chance, ()) for i in range(1200, 1236)
    )
    return replace(frame(), step=1234, trace=trace, target=LONG, original=LIKE, success_step=1230)


def separations(value: float) -> tuple[Separation, ...]:
    roc = np.linspace(0, 1, 5)[None].repeat(2, axis=0)
    counts = np.ones(32)
    return tuple(
        Separation(
            key, "expected gradients, probability at features.17", "positive share", 1234,
            0.987, 0.912, 1.0, 1.0, value, "below", 0.999,
            roc, np.linspace(-abs(value), abs(value), 33), counts, counts,
        )
        for key in ("bim-0.0157-random", "bim-0.0157-similar")
    )  # fmt: skip


def arms() -> tuple[SurveyArm, ...]:
    bim = attack_settings()
    return tuple(
        SurveyArm(f"bim-0.0157-{rule}", f"BIM 0.0157 {rule}, 12,345 iterations", "attack", bim,
                  1234, 1234, 1234.5)
        for rule in ("random", "similar", "least likely")
    )  # fmt: skip


def survey(value: float) -> SurveyFrame:
    pair = SurveyedPair(
        "photos/n01440764/ILSVRC_val_tench_on_a_lawn.JPEG",
        "bim", attack_settings(), explain_settings(), value, -value, 123.4,
    )  # fmt: skip
    return SurveyFrame(
        "running", 1234, 50_000, 77, 3, 0.0123, 36_754.0, arms(), ("pixels",),
        separations(value), (pair,), (pair,), "mean_abs", ("12,345 pictures were left out",), "run",
    )  # fmt: skip


def table(value: float) -> Canvas:
    widget = StatisticsTable()
    widget.show(scaled(value))
    return widget


def axis(value: float) -> Canvas:
    widget = TimeAxis()
    points = tuple(
        EvidencePoint(step, label.index, abs(value) * (step - 1190), abs(value))
        for step in range(1200, 1236)
        for label in (LONG, LIKE)
    )
    widget.show(attacked(min(0.9999, abs(value))), points, 98_765, "mean_abs")
    return widget


def bars(value: float) -> Canvas:
    widget = PredictionBars()
    chance = min(0.9999, abs(value))
    seen = (prediction(LONG, chance), prediction(LIKE, 1 - chance), Prediction(9, "cat", 0.00012))
    widget.show(seen, target=LONG, original=LIKE)
    return widget


def histogram(value: float) -> Canvas:
    widget = HistogramView()
    widget.show(np.linspace(-abs(value), abs(value), 33), np.ones(32), np.arange(32.0))
    return widget


def panel(value: float) -> Canvas:
    epsilon = min(1.0, abs(value))
    attack = attack_settings("pgd", steps=9_876, epsilon=epsilon, alpha=epsilon / 7)
    widget = SettingsPanel()
    widget._rows = [*attack_rows(attack, LONG.name), *explain_rows(explain_settings(), LIKE.name)]
    return widget


def status(value: float) -> Canvas:
    widget = StatusLine()
    widget.show_model(None, "mobilenet_v2", loading=True)
    widget.show_status(Status("attacking", "cuda:0", 12_345_678_901, min(1e6, abs(value) * 1e4)))
    return widget


def download(value: float) -> Canvas:
    widget = status(value)
    assert isinstance(widget, StatusLine)
    rate = min(1e9, abs(value) * 1e6)
    widget.show_progress(Progress("mobilenet_v2.pth", 4.321e6, 1.36e7, "B", rate, 36_754.0))
    return widget


def counted(value: float) -> Canvas:
    widget = status(value)
    assert isinstance(widget, StatusLine)
    rate = abs(value)
    widget.show_progress(Progress("explaining", 12_345, 200_000, "samples", rate, 754.0))
    return widget


def results(value: float) -> LineList:
    widget = ResultsList()
    widget.show(separations(value), arms())
    return widget


def pairs(value: float) -> LineList:
    widget = PairsList()
    widget.show(survey(value).most)
    return widget


def arms_view(_: float) -> Canvas:
    widget = ArmsView()
    widget.show(arms())
    return widget


def roc(value: float) -> Canvas:
    widget = RocCurve()
    widget.show(separations(value)[0])
    return widget


def block(said: str) -> Canvas:
    widget = TextBlock()
    widget.show(said)
    return widget


def title(*notes: str) -> Canvas:
    widget = Title("Perturbation")
    widget.set(*notes)
    return widget


def caption_block(value: float) -> Canvas:
    return block(caption(scaled(value), running=value > 0))


def summary_block(value: float) -> Canvas:
    return block(summarise(scaled(value), prediction(LIKE, 0.9999)))


def progress_block(value: float) -> Canvas:
    return block(f"running · {progress_text(survey(value))}")


def picture_heading(value: float) -> Canvas:
    factor = f"×{compact(abs(value), 2)}"
    return title(f"{factor} · L∞ {compact(value * 255)}/255", factor)


def step_heading(_: float) -> Canvas:
    return title("step 1234 of 98,765", "step 1234")
