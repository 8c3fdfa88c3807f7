"""Promises of the time axis, the table, the histogram and the grid."""

from __future__ import annotations

import dataclasses
import re
from math import inf, nan

import numpy as np
import pytest

from engine.types import (
    EvidencePoint,
)
from tests.tui.one_widget import (
    EDGES,
    OneWidget,
    attribution,
    evidence,
    frame,
    lines,
    text,
)
from tui.widgets.grid import JuxtapositionGrid
from tui.widgets.histogram import HistogramView
from tui.widgets.statistics import StatisticsTable
from tui.widgets.time_axis import TimeAxis


async def test_the_axis_names_classes_values_step_and_success() -> None:
    app = OneWidget(TimeAxis())
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
    app = OneWidget(TimeAxis())
    async with app.run_test(size=(90, 14)) as pilot:
        app.query_one(TimeAxis).show(frame(target=None), steps=20)
        await pilot.pause()
        assert "●" not in text(app.widget)
        assert "○ African elephant" in text(app.widget)


async def test_evidence_makes_a_second_band_with_its_error() -> None:
    points = tuple(EvidencePoint(step, 386, 2e-6, 1e-7) for step in range(0, 7, 2))
    app = OneWidget(TimeAxis())
    async with app.run_test(size=(90, 14)) as pilot:
        app.query_one(TimeAxis).show(frame(step=4), points, 20, "mean |φ|")
        await pilot.pause()
        (row,) = (line for line in lines(app.widget) if "mean |φ|" in line)
        assert "○ 2.00e−6 ±2.0e−7" in row


@pytest.mark.parametrize(("x", "step"), [(4, 0), (47, 10), (89, 12), (0, 0)])
async def test_a_click_seeks_an_iteration_that_there_is(x: int, step: int) -> None:
    app = OneWidget(TimeAxis())
    async with app.run_test(size=(90, 14)) as pilot:
        app.query_one(TimeAxis).show(frame(last=12), steps=20)
        await pilot.click(TimeAxis, offset=(x, 6))
        (sought,) = app.heard
        assert isinstance(sought, TimeAxis.Sought)
        assert sought.step == step


# --- statistics ---------------------------------------------------------------------------------


async def test_a_difference_is_marked_only_beyond_its_error() -> None:
    app = OneWidget(StatisticsTable())
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
    app = OneWidget(StatisticsTable())
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
    app = OneWidget(StatisticsTable())
    async with app.run_test(size=(50, 12)) as pilot:
        app.query_one(StatisticsTable).show(one)
        await pilot.pause()
        assert "1.60" in text(app.widget)
        assert "*" not in text(app.widget)
        assert lines(app.widget)[1].count("–") == 2


@pytest.mark.parametrize("unknown", [nan, inf, 0.0])
async def test_a_difference_whose_error_is_not_known_has_no_star_and_says_so(
    unknown: float,
) -> None:
    contrast = {"mean": (-1.5e-8, 2e-8), "mean_abs": (-8e-7, unknown), "coherence": (0.0, 0.01)}
    app = OneWidget(StatisticsTable())
    async with app.run_test(size=(50, 12)) as pilot:
        app.query_one(StatisticsTable).show(
            dataclasses.replace(evidence(), contrasts=(contrast,), intervals=(nan,))
        )
        await pilot.pause()
        assert "*" not in text(app.widget)
        assert "nan" not in text(app.widget)
        assert ("±?" in lines(app.widget)[2]) == (unknown != 0.0)
        assert ("error not known yet" in text(app.widget)) == (unknown != 0.0)


async def test_evidence_without_an_error_is_drawn_on_the_time_axis_and_said_to_be() -> None:
    app = OneWidget(TimeAxis())
    async with app.run_test(size=(80, 14)) as pilot:
        points = tuple(EvidencePoint(s, 722, 1e-6 * s, nan) for s in range(6))
        app.query_one(TimeAxis).show(frame(), points, 20, "mean_abs")
        await pilot.pause()
        assert "4.00e−6 error not known" in text(app.widget)
        assert "max 5.00e−6" in text(app.widget)


async def test_evidence_that_is_not_a_number_anywhere_draws_no_curve() -> None:
    app = OneWidget(TimeAxis())
    async with app.run_test(size=(80, 14)) as pilot:
        points = tuple(EvidencePoint(s, 722, nan, nan) for s in range(6))
        app.query_one(TimeAxis).show(frame(), points, 20, "mean_abs")
        await pilot.pause()
        assert "nan" not in text(app.widget)


# --- histogram ----------------------------------------------------------------------------------


async def test_the_histogram_names_its_axes_and_sides() -> None:
    app = OneWidget(HistogramView())
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
    app = OneWidget(JuxtapositionGrid())
    async with app.run_test(size=(160, 50)) as pilot:
        grid = app.query_one(JuxtapositionGrid)
        now = evidence()
        grid.show(now, {}, mode="signed", overlay=False)
        grid.focus()
        chosen = []
        for key in ("right", "down", "left", "left"):
            await pilot.press(key)
            chosen.append(grid.selected)
        assert chosen == [1, 6, 5, 5]
        assert "▸other 0" in text(grid)
        await pilot.press("shift+right")
        assert grid.value_at_cursor() == now.attributions[5].heat[14, 14]
        assert "at row 14, column 14" in text(grid)


def full_colour(grid: JuxtapositionGrid) -> float:
    """The value at the upper end of the colour scale."""
    (value,) = re.findall(r"\+(\d\.\d\de−\d+)", lines(grid)[-1])
    return float(value.replace("−", "-"))


async def test_all_cells_have_one_scale_unless_asked_otherwise() -> None:
    app = OneWidget(JuxtapositionGrid())
    async with app.run_test(size=(160, 50)) as pilot:
        grid = app.query_one(JuxtapositionGrid)
        grid.show(evidence(), {}, mode="signed", overlay=False)
        await pilot.pause()
        assert "one scale for all" in text(grid)
        shared = full_colour(grid)
        grid.show(evidence(), {}, mode="signed", overlay=False, shared_scale=False)
        grid.focus()
        await pilot.press("down")
        assert full_colour(grid) < shared


async def test_classes_that_do_not_fit_come_into_view_when_chosen() -> None:
    app = OneWidget(JuxtapositionGrid())
    async with app.run_test(size=(40, 24)) as pilot:
        grid = app.query_one(JuxtapositionGrid)
        grid.show(evidence(), {}, mode="signed", overlay=False)
        grid.focus()
        await pilot.pause()
        assert "class 4" not in text(grid)
        await pilot.press(*["right"] * 4)
        assert "▸class 4" in text(grid)


async def test_a_shorter_row_counts_to_its_own_end() -> None:
    app = OneWidget(JuxtapositionGrid())
    async with app.run_test(size=(68, 24)) as pilot:
        grid = app.query_one(JuxtapositionGrid)
        now = evidence(8)
        now = dataclasses.replace(now, attributions=now.attributions[:-2])
        grid.show(now, {}, mode="signed", overlay=False)
        grid.focus()
        await pilot.press(*["right"] * 7)
        assert "classes 5 to 8 of 8  ▸ class 7" in text(grid)
        assert "classes 5 to 6 of 6" in text(grid)


async def test_a_click_chooses_the_cell_under_the_mouse() -> None:
    app = OneWidget(JuxtapositionGrid())
    async with app.run_test(size=(160, 50)) as pilot:
        grid = app.query_one(JuxtapositionGrid)
        grid.show(evidence(), {}, mode="signed", overlay=False)
        await pilot.click(JuxtapositionGrid, offset=(40, 8))
        assert grid.selected == 1
        await pilot.hover(JuxtapositionGrid, offset=(41, 8))
        assert grid.value_at_cursor() is not None
