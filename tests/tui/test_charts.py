"""Promises of bars, curves, histograms, and of text and numbers on the screen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from rich.cells import cell_len

from tui.draw import charts, colors, text
from tui.draw.cells import CellGrid


@pytest.fixture(autouse=True)
def _truecolor() -> Iterator[None]:
    colors.configure("truecolor")
    yield
    colors.configure("truecolor")


@pytest.mark.parametrize(
    ("share", "bar"),
    [(0, ""), (1, "████"), (0.5, "██"), (0.53125, "██▏"), (2, "████"), (float("nan"), "")],
)
def test_a_bar_grows_in_eighths(share: float, bar: str) -> None:
    assert charts.bar(share, 4) == bar


def test_braille_has_a_dot_for_each_dot() -> None:
    dots = np.zeros((4, 4), dtype=bool)
    dots[0, 0] = dots[3, 3] = True
    assert "".join(charts.braille(dots)[0]) == "⠁⢀"
    assert "".join(charts.braille(np.zeros((4, 2), dtype=bool))[0]) == " "


def test_a_curve_goes_through_its_points_without_a_gap() -> None:
    places, values = np.array([0.0, 10.0, 20.0]), np.array([0.0, 1.0, 0.25])
    dots = charts.curve(places, values, (16, 21))
    assert dots[15, 0]
    assert dots[0, 10]
    assert dots[round(0.75 * 15), 20]
    assert dots.any(axis=0).all()
    tops = dots.argmax(axis=0)
    bottoms = 15 - dots[::-1].argmax(axis=0)
    for left in range(20):
        assert tops[left] <= bottoms[left + 1] + 1
        assert tops[left + 1] <= bottoms[left] + 1


def test_a_curve_leaves_out_what_is_not_known() -> None:
    finite = charts.curve(np.array([0.0, 4.0, 8.0]), np.array([np.nan, 0.5, 0.5]), (8, 12))
    assert not finite[:, :4].any()
    assert not charts.curve(np.array([0.0]), np.array([np.nan]), (8, 12)).any()


def test_a_dashed_curve_has_gaps_and_a_solid_one_has_none() -> None:
    places, values = np.array([0.0, 39.0]), np.array([0.5, 0.5])
    assert charts.curve(places, values, (8, 40)).any(axis=0).all()
    assert not charts.curve(places, values, (8, 40), dashed=True).any(axis=0).all()


def test_a_band_lies_between_its_lines() -> None:
    places = np.array([0.0, 19.0])
    dots = charts.band(places, np.array([0.25, 0.25]), np.array([0.75, 0.75]), (17, 20))
    assert dots.any()
    assert not dots[:4].any()
    assert not dots[13:].any()


@pytest.mark.parametrize("columns", [7, 64, 150])
def test_new_bins_keep_the_area(columns: int) -> None:
    counts = np.random.default_rng(0).integers(0, 100, 64).astype(float)
    edges = np.linspace(-1, 1, 65)
    assert charts.rebin(edges, counts, columns).mean() == pytest.approx(counts.mean())


@pytest.mark.parametrize("mode", ["truecolor", "none"])
def test_two_histograms_can_be_told_apart_by_their_characters(mode: colors.ColorMode) -> None:
    colors.configure(mode)
    edges = np.linspace(-1, 1, 41)
    wide = np.full(40, 50.0)
    narrow = np.where(np.abs(edges[:-1]) < 0.3, 400.0, 0.0)
    grid = CellGrid(40, 8)
    top = charts.histogram(edges, wide, narrow, grid)
    assert top == pytest.approx(400 / narrow.sum())
    marks = set("".join(grid.text.ravel()))
    outline = {mark for mark in marks if 0x2800 < ord(mark) <= 0x28FF}
    assert outline
    assert marks - outline - {" "}
    assert not 0x2800 < ord(grid.text[-1, 2]) <= 0x28FF


def test_counts_and_shares_draw_the_same_histogram() -> None:
    counts = np.random.default_rng(0).integers(0, 1000, 30).astype(float)
    edges = np.linspace(-1, 1, 31)
    drawn = []
    for part in (counts, counts / counts.sum()):
        grid = CellGrid(40, 6)
        charts.histogram(edges, part, part[::-1], grid)
        drawn.append("".join(grid.text.ravel()))
    assert drawn[0] == drawn[1]


def test_an_empty_histogram_draws_nothing() -> None:
    grid = CellGrid(20, 4)
    assert charts.histogram(np.linspace(-1, 1, 9), np.zeros(8), None, grid) == 0
    assert "".join(grid.text.ravel()).strip() == ""


def test_a_sheet_cuts_what_lies_outside() -> None:
    grid = CellGrid(6, 1)
    grid.write(0, -2, "abcd")
    grid.write(0, 4, "efgh")
    grid.write(5, 0, "below")
    (strip,) = grid.strips()
    assert strip.text == "cd  ef"


# --- text ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hostile",
    [
        "a\x1b[31mred\x1b[0m",
        "\x1b]0;title\x07x",
        "\x1b]8;;http://x\x1b\\link",
        "\x1bPq#0\x1b\\",
        "a\rb\nc\x00\x7f\x9b31m",
        "\u202egnp.exe",
        "\ud800",
    ],
)
def test_nothing_that_a_terminal_would_obey_comes_through(hostile: str) -> None:
    clean = text.safe(hostile)
    assert clean.isprintable()
    assert "\x1b" not in clean
    assert "[31m" not in clean
    assert "title" not in clean


@pytest.mark.parametrize("name", ["African elephant", "[bold]not markup[/]", "Ärzte №1", "象"])
def test_plain_text_comes_through_as_it_is(name: str) -> None:
    assert text.safe(name) == name


@pytest.mark.parametrize("width", range(9))
def test_text_is_cut_to_cells_with_an_ellipsis(width: int) -> None:
    for name in ("ping-pong ball", "象象象象象象", "a"):
        cut = text.safe(name, width)
        assert cell_len(cut) <= width
        assert cut == name or not cut or cut.endswith("…")
        assert cell_len(text.pad(name, width)) == width


@pytest.mark.parametrize(
    ("probability", "expected"),
    [
        (0.9996, ">99.9 %"),
        (1.0, ">99.9 %"),
        (0.9994, "99.9 %"),
        (0.5, "50.0 %"),
        (0.0001, "<0.1 %"),
        (0.0006, "0.1 %"),
        (0.0, "0.0 %"),
        (float("nan"), "–"),
    ],
)
def test_a_percentage_never_claims_more_than_there_is(probability: float, expected: str) -> None:
    assert text.percent(probability) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (1.2345e-6, "1.23e−6"),
        (-1.2345e-6, "−1.23e−6"),
        (9.999e-6, "1.00e−5"),
        (0.03127, "0.0313"),
        (12.345, "12.3"),
        (1234.5, "1234"),
        (1.5e12, "1.50e12"),
        (float("nan"), "–"),
        (float("inf"), "–"),
    ],
)
def test_numbers_are_short(value: float, expected: str) -> None:
    assert text.compact(value) == expected
