"""What can be seen at which size of the window."""

import pytest

from tui.draw.text import compact
from tui.state.keys import KEYS
from tui.widgets.evidence_panel import common_scale
from tui.widgets.heat import HeatView
from tui.widgets.key_bar import fitting

from .harness import Harness

TOGETHER = (
    *("#list", "#settings", "#clean", "#adversarial", "#perturbation", "#bars-clean"),
    *("#bars-adversarial", "#axis", "#heat-clean", "#heat-adversarial", "#statistics"),
    *("#histogram", "#caption", "#summary", "#status", "#keys"),
)
PAGES = {
    "1": ("#list", "#clean"),
    "2": ("#clean", "#adversarial", "#perturbation", "#bars-adversarial", "#axis"),
    "3": ("#heat-clean", "#heat-adversarial", "#statistics", "#histogram", "#caption", "#summary"),
    "4": ("#settings", "#bars-clean", "#bars-adversarial"),
}


def visible(harness: Harness, selector: str) -> bool:
    widget = harness.app.screen.query_one(selector)
    region = widget.region
    inside = harness.app.screen.region.contains_region(region)
    return bool(widget.is_on_screen and region.width and region.height and inside)


@pytest.mark.parametrize(("width", "height"), [(160, 50), (140, 44), (220, 70)])
async def test_a_large_window_shows_everything_together(width: int, height: int) -> None:
    async with Harness().open(width, height) as harness:
        await harness.press("space")
        await harness.explained()
        assert [name for name in TOGETHER if not visible(harness, name)] == []
        assert not visible(harness, "#pages")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 20), (139, 50), (160, 40)])
async def test_a_small_window_shows_pages(width: int, height: int) -> None:
    async with Harness().open(width, height) as harness:
        await harness.press("space")
        await harness.explained()
        for page, names in PAGES.items():
            await harness.press(page)
            assert [name for name in names if not visible(harness, name)] == []
            assert f"▸{page}" in harness.text("#pages")
            assert visible(harness, "#status")
            assert visible(harness, "#keys")


@pytest.mark.parametrize(("width", "height"), [(59, 24), (80, 19), (20, 5)])
async def test_too_small_a_window_says_so(width: int, height: int) -> None:
    async with Harness(hints=False).open(width, height) as harness:
        says = " ".join(harness.text().split())
        assert f"needs 60x20 characters, this window is {width}x{height}" in says
        assert not visible(harness, "#status")


async def test_a_window_that_grows_shows_more() -> None:
    async with Harness().open(40, 10) as harness:
        assert harness.pilot is not None
        await harness.pilot.resize_terminal(80, 24)
        await harness.until(lambda: visible(harness, "#pages"))
        await harness.pilot.resize_terminal(160, 50)
        await harness.until(lambda: visible(harness, "#statistics"))


async def test_opening_a_picture_on_a_small_window_turns_to_the_attack() -> None:
    async with Harness().open(80, 24) as harness:
        await harness.press("down", "enter")
        assert "▸2" in harness.text("#pages")
        await harness.press("slash")
        assert "▸1" in harness.text("#pages")


@pytest.mark.parametrize("width", [60, 80, 160, 300])
def test_the_key_line_shows_whole_entries_with_help_and_quit(width: int) -> None:
    keys = fitting(KEYS, width - 1)
    assert sum(len(key.cap) + len(key.label) + 3 for key in keys) <= width
    assert {"?", "q", "space"} <= {key.cap for key in keys}


def test_no_key_does_two_things() -> None:
    names = [name for key in KEYS for name in key.keys.split(",")]
    assert len(names) == len(set(names))


async def test_colours_are_scaled_to_the_cells_there_are_also_if_evidence_came_unseen() -> None:
    async with Harness().open(80, 24) as harness:
        await harness.press("space")
        await harness.explained()
        evidence = harness.workspace.evidence.shown
        assert evidence is not None

        def drawn_as_scaled(view: HeatView) -> bool:
            scale = common_scale(evidence, view.size)
            return scale is not None and compact(scale, sign=True) in harness.text(f"#{view.id}")

        await harness.press("3")
        heat = harness.app.screen.query_one("#heat-clean", HeatView)
        await harness.until(lambda: drawn_as_scaled(heat))
        await harness.press("z", "left", "left")
        whole = harness.app.screen.query_one(HeatView)
        assert whole.size.width > heat.size.width
        await harness.until(lambda: drawn_as_scaled(whole))
        assert harness.pilot is not None
        await harness.pilot.resize_terminal(60, 20)
        await harness.until(lambda: drawn_as_scaled(whole))
