"""The promise that a number on the screen is shown whole or not at all, at every width.

A number that is cut is another number: `1.` for 1.2e-4, `e−1` for e−12, `40` for 40 of 200.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from textual.geometry import Size
from textual.widget import Widget

from tests.tui.numbers_shown import (
    arms_view,
    axis,
    bars,
    caption_block,
    counted,
    download,
    histogram,
    pairs,
    panel,
    picture_heading,
    progress_block,
    results,
    roc,
    scaled,
    status,
    step_heading,
    summary_block,
    table,
)
from tui.draw import colors
from tui.draw.text import compact, fit_apart
from tui.widgets.canvas import Canvas
from tui.widgets.line_list import LineList
from tui.widgets.statistics import number, rows_of, spread

WIDTHS = range(10, 201)
"""A window is 60 to 200 cells wide or more; a part of it as little as ten."""
UNLIMITED = 1000
MAGNITUDES = (1.2e-4, -3.45e-12, 9.996e-11, 4 / 255, 0.9996, -12.34, 7.7e15, -1.0e-9)
VALUE = (
    r"[−+±.]*(?:\d[\d.,:/]*|(?<![a-z])e[−+]?)[\de−+.:/]*×?"
    r"(?: ?(?:%|[kMG]?B\b|it\b|sd\b|s\b))?(?:/s)?"
)
JOINED = re.compile(rf"{VALUE}(?:(?: \| | of | = | → ){VALUE})*")


def numbers(text: str) -> list[str]:
    """The numbers in a text, with exponent and unit, as far as they are there."""
    return [found.strip(" ,:") for found in JOINED.findall(text)]


@pytest.fixture(autouse=True)
def _truecolor() -> Iterator[None]:
    colors.configure("truecolor")
    yield
    colors.configure("truecolor")


def drawn(widget: Canvas, width: int, height: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a widget shows in so many cells."""
    monkeypatch.setattr(Widget, "size", Size(width, height))
    return [strip.text for strip in widget.draw(width, height)]


ALL: tuple[tuple[Callable[[float], Canvas], int], ...] = (
    (table, 12),
    (axis, 14),
    (bars, 5),
    (histogram, 8),
    (panel, 20),
    (status, 1),
    (download, 1),
    (counted, 1),
    (arms_view, 5),
    (roc, 10),
    (caption_block, 1),
    (caption_block, 2),
    (summary_block, 2),
    (progress_block, 1),
    (picture_heading, 1),
    (step_heading, 1),
)
OF_THE_WIDTH = re.compile(r"top \d+\.\d %")
"""What is another number at another width: the highest column."""
TICKS = re.compile(r"\d+")


def other_forms(value: float) -> set[str]:
    """Numbers that a narrow place has with fewer digits, as the functions that format give them."""
    own = scaled(value)
    several = [abs(value), 0.9 * abs(value), *own.edges[[0, -1]]]
    several += [v for one in own.attributions for v in one.statistics.values()]
    several += [v for one in own.attributions for v in one.errors.values()]
    forms = {compact(v, n, sign=sign) for v in several for n in (1, 2, 3) for sign in (True, False)}
    forms |= {"±" + form for form in forms} | {str(own.step)}
    for row in rows_of(own):
        for full in (True, False):
            error = spread(row.error, full=full)
            forms |= {error, number(row.difference, sign=True) + error}
    return forms


@pytest.mark.parametrize("value", MAGNITUDES)
@pytest.mark.parametrize(("make", "height"), ALL)
def test_a_number_is_shown_whole_or_not_at_all(
    make: Callable[[float], Canvas], height: int, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    widget = make(value)
    whole = set(numbers("\n".join(drawn(widget, UNLIMITED, height, monkeypatch))))
    assert whole
    whole |= other_forms(value)
    for width in WIDTHS:
        rows = drawn(widget, width, height, monkeypatch)
        if make is axis:  # its last row has the ticks that there is room for
            ticks = TICKS.findall(rows[-1])
            assert all(int(tick) <= 98_765 for tick in ticks), (width, rows[-1])
            rows = rows[:-1]
        said = "\n".join(rows)
        said = OF_THE_WIDTH.sub("", said)
        assert set(numbers(said)) <= whole, (width, set(numbers(said)) - whole, said)
        assert not re.search(r"[\d.−]…|…[\d.]", said), (width, said)


@pytest.mark.parametrize("value", MAGNITUDES)
@pytest.mark.parametrize("make", [results, pairs])
def test_a_list_shows_a_number_whole_or_not_at_all(
    make: Callable[[float], LineList], value: float
) -> None:
    widget = make(value)

    def row(width: int) -> str:
        return "".join(part.text for part in widget.line(0, width, current=False))

    whole = set(numbers(row(UNLIMITED)))
    for width in range(40, 201):
        assert set(numbers(row(width))) <= whole, (width, row(width))


@pytest.mark.parametrize("width", range(60, 201))
def test_a_caption_never_loses_what_stopped_or_the_gap(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    widget = caption_block(-1.2e-4)
    lines = 2 if width < 140 else 1  # as the main screen has it
    said = " ".join(drawn(widget, width - 2, lines, monkeypatch))
    for part in ("n 12,345 of 200,000, stopped", "gap 1.1e−5 | 1.1e−5"):
        assert part in said


@pytest.mark.parametrize("width", range(4, 40))
@pytest.mark.parametrize(
    "names",
    [
        ("African elephant", "African hunting dog", "African grey"),
        ("class 10", "class 11", "class 12"),
        ("coral reef, shallow", "coral reef, deep", "coral fungus"),
    ],
)
def test_names_that_begin_alike_stay_different(names: tuple[str, ...], width: int) -> None:
    cut = fit_apart(names, width)
    assert all(len(name) <= width for name in cut)
    assert len(set(cut)) == len(names), cut
