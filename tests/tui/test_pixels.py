"""Promises of pictures and heatmaps as cells of a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from rich.color import ColorSystem

from tui.draw import colors, half_blocks, pixels


@pytest.fixture(autouse=True)
def _truecolor() -> Iterator[None]:
    colors.configure("truecolor")
    yield
    colors.configure("truecolor")


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("height", "width", "columns", "rows"),
    [(224, 224, 42, 20), (224, 224, 10, 40), (100, 400, 80, 24), (400, 100, 80, 24), (1, 1, 9, 3)],
)
def test_a_fitted_picture_keeps_its_aspect_and_touches_the_area(
    height: int, width: int, columns: int, rows: int
) -> None:
    high, wide = pixels.fitted_size(height, width, columns, rows)
    assert high <= 2 * rows
    assert wide <= columns
    assert high == 2 * rows or wide == columns
    assert high % 2 == 0
    assert wide / high == pytest.approx(width / height, rel=1 / min(high, wide) + 0.01)


def test_shrinking_takes_the_mean_over_the_area_that_a_pixel_covers() -> None:
    values = np.random.default_rng(0).uniform(size=(13, 17)).astype(np.float32)

    def literal(array: np.ndarray, count: int) -> np.ndarray:
        edges = np.linspace(0, len(array), count + 1)
        index = np.arange(len(array))
        parts = []
        for low, high in pairwise(edges):
            cover = np.clip(np.minimum(high, index + 1) - np.maximum(low, index), 0, None)
            parts.append((cover[:, None] * array).sum(axis=0) / cover.sum())
        return np.array(parts)

    expected = literal(literal(values, 4).T, 5).T
    np.testing.assert_allclose(pixels.resample(values, 4, 5), expected, rtol=1e-5)


def test_enlarging_without_smoothing_shows_the_values_as_they_are() -> None:
    values = np.array([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32)
    large = pixels.resample(values, 4, 6, smooth=False)
    np.testing.assert_array_equal(large, np.repeat(np.repeat(values, 2, axis=0), 3, axis=1))


def test_a_cell_has_the_upper_pixel_in_front_and_the_lower_one_behind() -> None:
    strip = half_blocks.half_blocks(np.array([[[255, 0, 0]], [[0, 0, 255]]], dtype=np.uint8))[0]
    (segment,) = strip
    assert segment.text == "▀"
    assert segment.style is not None
    assert segment.style.color is not None
    assert segment.style.bgcolor is not None
    assert segment.style.color.triplet == (255, 0, 0)
    assert segment.style.bgcolor.triplet == (0, 0, 255)


def test_equal_cells_share_a_segment_and_one_colour_is_a_blank() -> None:
    strips = half_blocks.half_blocks(np.full((4, 30, 3), 77, dtype=np.uint8))
    assert [len(list(strip)) for strip in strips] == [1, 1]
    assert strips[0].text == " " * 30


def test_noise_below_what_the_eye_sees_is_not_drawn_again() -> None:
    shown = picture(20, 20)
    noisy = np.clip(shown.astype(int) + 3, 0, 255).astype(np.uint8)
    assert pixels.settle(shown, noisy) is shown


def test_a_slow_drift_is_drawn_in_the_end() -> None:
    shown = np.full((2, 2, 3), 100, dtype=np.uint8)
    for value in range(101, 121):
        shown = pixels.settle(shown, np.full((2, 2, 3), value, dtype=np.uint8))
        assert abs(int(shown[0, 0, 0]) - value) <= pixels.TOLERANCE


def test_truecolor_stays_within_two_levels() -> None:
    source = picture(64, 64)
    drawn = colors.quantise(source, "truecolor")
    assert np.abs(drawn.astype(int) - source).max() <= 2


@pytest.mark.parametrize(("mode", "system"), [("256", 2), ("16", 1)])
def test_small_palettes_are_sent_as_the_colours_that_were_chosen(
    mode: colors.ColorMode, system: int
) -> None:
    painted = colors.quantise(picture(40, 40), mode, dither=True)
    for strip in half_blocks.half_blocks(painted):
        for segment in strip:
            assert segment.style is not None
            back = segment.style.bgcolor
            assert back is not None
            sent = back.downgrade(ColorSystem(system)).get_truecolor()
            if mode == "256":
                assert np.abs(np.subtract(sent, back.get_truecolor())).max() <= 10


def test_without_colour_a_picture_is_made_of_ink_alone() -> None:
    strips = half_blocks.picture_strips(picture(10, 12), "none")
    assert all(segment.style is None for strip in strips for segment in strip)
    dark, bright = (
        half_blocks.picture_strips(np.full((2, 1, 3), value, dtype=np.uint8), "none")[0].text
        for value in (0, 255)
    )
    assert pixels.RAMP.index(bright) > pixels.RAMP.index(dark)


def test_evidence_for_is_red_against_is_blue_and_none_is_dark() -> None:
    against, none, evidence = pixels.heat_pixels(np.array([[-1.0, 0.0, 1.0]]) * 0.6, 1.0)[0]
    assert evidence[0] > evidence[2] + 50
    assert against[2] > against[0] + 50
    assert none.max() < 30


@pytest.mark.parametrize("mode", ["truecolor", "256", "16"])
@pytest.mark.parametrize("sign", [-1, 1])
def test_more_evidence_is_brighter_in_every_palette(mode: colors.ColorMode, sign: int) -> None:
    colors.configure(mode)
    painted = pixels.heat_pixels(sign * np.linspace(0, 1, 12)[None], 1.0)
    drawn = colors.quantise(painted, mode)[0].mean(axis=-1)
    assert (np.diff(drawn) >= -1).all()
    assert drawn[-1] > drawn[0] + 80
    assert len(set(drawn.tolist())) >= 4


def test_evidence_covers_the_picture_below_it_only_where_it_is_strong() -> None:
    below = np.full((1, 2, 3), 200, dtype=np.uint8)
    none, strong = pixels.heat_pixels(np.array([[0.0, 1.0]]), 1.0, below)[0]
    assert np.ptp(none) <= 1
    assert np.array_equal(strong, pixels.heat_pixels(np.array([[1.0]]), 1.0)[0, 0])


def test_signs_are_readable_without_colour() -> None:
    (text,) = pixels.heat_text(np.array([[-1.0, -0.3, 0.0, 0.3, 1.0]]), 1.0)
    assert set(text[:2]) <= set(pixels.AGAINST_INK)
    assert set(text[3:]) <= set(pixels.FOR_INK)
    assert not set(pixels.AGAINST_INK[1:]) & set(pixels.FOR_INK[1:])


def test_the_default_scale_is_the_99th_percentile_of_the_sizes() -> None:
    heat = np.linspace(-1, 1, 1001)
    assert pixels.default_scale(heat) == pytest.approx(0.99, abs=0.002)


@pytest.mark.parametrize("heat", [np.zeros((4, 4)), np.full((2, 2), np.nan)])
def test_a_heatmap_without_evidence_has_a_scale_all_the_same(heat: np.ndarray) -> None:
    assert pixels.default_scale(heat) == 1.0
    assert len(half_blocks.heat_strips(heat, 1.0, (10, 5))) == 5


def test_a_nan_does_not_blot_out_its_row() -> None:
    heat = np.full((20, 20), 1.0)
    heat[3, 3] = np.nan
    blotted = half_blocks.heat_strips(heat, 1.0, (10, 5))
    clean = half_blocks.heat_strips(np.nan_to_num(heat), 1.0, (10, 5))
    assert [list(strip) for strip in blotted] == [list(strip) for strip in clean]


def test_what_is_pointed_at_is_what_is_marked() -> None:
    shape, cells = (56, 56), (60, 20)
    height, width = pixels.fitted_size(*shape, *cells)
    left = (cells[0] - width) // 2
    for row, column in ((0, 0), (30, 11), (55, 55)):
        y, x = pixels.spot_in_fitted((row, column), shape, (height, width))
        place = pixels.place_in_fitted(shape, cells, left + x, y // 2)
        assert place is not None
        assert abs(place[0] - row) <= 3
        assert abs(place[1] - column) <= 2
    assert pixels.place_in_fitted(shape, cells, left - 1, 5) is None


@pytest.mark.parametrize(
    ("mode", "kept"), [("signed", [-2, 0, 3]), ("absolute", [2, 0, 3]), ("positive", [0, 0, 3])]
)
def test_a_mode_shows_the_part_it_is_named_for(mode: pixels.HeatMode, kept: list[float]) -> None:
    np.testing.assert_array_equal(pixels.in_mode(np.array([-2.0, 0.0, 3.0]), mode), kept)
