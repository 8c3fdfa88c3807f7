"""What can be seen at which size of the window."""

import pytest

from tui.state.keys import KEYS
from tui.widgets.evidence_panel import common_scale
from tui.widgets.heat import HeatView
from tui.widgets.key_bar import fitting

from .harness import Desk

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


def visible(desk: Desk, selector: str) -> bool:
    widget = desk.app.screen.query_one(selector)
    region = widget.region
    inside = desk.app.screen.region.contains_region(region)
    return bool(widget.is_on_screen and region.width and region.height and inside)


@pytest.mark.parametrize(("width", "height"), [(160, 50), (140, 44), (220, 70)])
async def test_a_large_window_shows_everything_together(width: int, height: int) -> None:
    async with Desk().open(width, height) as desk:
        await desk.press("space")
        await desk.explained()
        assert [name for name in TOGETHER if not visible(desk, name)] == []
        assert not visible(desk, "#pages")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 20), (139, 50), (160, 40)])
async def test_a_small_window_shows_pages(width: int, height: int) -> None:
    async with Desk().open(width, height) as desk:
        await desk.press("space")
        await desk.explained()
        for page, names in PAGES.items():
            await desk.press(page)
            assert [name for name in names if not visible(desk, name)] == []
            assert f"▸{page}" in desk.text("#pages")
            assert visible(desk, "#status")
            assert visible(desk, "#keys")


@pytest.mark.parametrize(("width", "height"), [(59, 24), (80, 19), (20, 5)])
async def test_too_small_a_window_says_so(width: int, height: int) -> None:
    async with Desk(hints=False).open(width, height) as desk:
        words = " ".join(desk.text().split())
        assert f"needs 60x20 characters, this window is {width}x{height}" in words
        assert not visible(desk, "#status")


async def test_a_window_that_grows_shows_more() -> None:
    async with Desk().open(40, 10) as desk:
        assert desk.pilot is not None
        await desk.pilot.resize_terminal(80, 24)
        await desk.until(lambda: visible(desk, "#pages"))
        await desk.pilot.resize_terminal(160, 50)
        await desk.until(lambda: visible(desk, "#statistics"))


async def test_opening_a_picture_on_a_small_window_turns_to_the_attack() -> None:
    async with Desk().open(80, 24) as desk:
        await desk.press("down", "enter")
        assert "▸2" in desk.text("#pages")
        await desk.press("slash")
        assert "▸1" in desk.text("#pages")


@pytest.mark.parametrize("width", [60, 80, 160, 300])
def test_the_key_line_shows_whole_entries_with_help_and_quit(width: int) -> None:
    keys = fitting(KEYS, width - 1)
    assert sum(len(key.cap) + len(key.label) + 3 for key in keys) <= width
    assert {"?", "q", "space"} <= {key.cap for key in keys}


def test_no_key_does_two_things() -> None:
    names = [name for key in KEYS for name in key.keys.split(",")]
    assert len(names) == len(set(names))


async def test_colours_are_scaled_to_the_cells_there_are_also_if_evidence_came_unseen() -> None:
    async with Desk().open(80, 24) as desk:
        await desk.press("space")
        await desk.explained()
        evidence = desk.session.evidence
        assert evidence is not None
        await desk.press("3")
        heat = desk.app.screen.query_one("#heat-clean", HeatView)
        await desk.until(lambda: heat.scale_used == common_scale(evidence, heat.size))
        await desk.press("z", "left", "left")
        whole = desk.app.screen.query_one(HeatView)
        assert whole.size.width > heat.size.width
        await desk.until(lambda: whole.scale_used == common_scale(evidence, whole.size))
        assert desk.pilot is not None
        await desk.pilot.resize_terminal(60, 20)
        await desk.until(lambda: whole.scale_used == common_scale(evidence, whole.size))
