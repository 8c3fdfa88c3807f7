"""How the screens look, at the two sizes that matter most, with drawn numbers.

`pytest tests/tui/test_app_snapshots.py --snapshot-update` takes new ones.
"""

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from .harness import Desk

Compare = Callable[..., bool]
LARGE, SMALL = (160, 50), (80, 24)


def after(desk: Desk, *keys: str, attack: bool = True) -> Callable[[Pilot[int]], Awaitable[None]]:
    """Press keys once the first picture is explained, or the attack on it."""

    async def run(pilot: Pilot[int]) -> None:
        desk.pilot = pilot
        await desk.until(lambda: desk.session.evidence)
        await desk.until(lambda: len(desk.app.main.query_one("#rows").known) == 6)  # type: ignore[attr-defined]
        if attack:
            await desk.press("space")
            await desk.explained()
        await desk.press(*keys)
        if attack:
            await desk.until(lambda: not desk.session.evidence_stale)

    return run


def test_an_open_picture(snap_compare: Compare) -> None:
    desk = Desk()
    assert snap_compare(desk.app, terminal_size=SMALL, run_before=after(desk, attack=False))


@pytest.mark.parametrize(("size", "page"), [(LARGE, "1"), (SMALL, "2"), (SMALL, "3"), (SMALL, "4")])
def test_a_finished_attack(snap_compare: Compare, size: tuple[int, int], page: str) -> None:
    desk = Desk()
    assert snap_compare(desk.app, terminal_size=size, run_before=after(desk, page))


def test_evidence_on_the_time_axis(snap_compare: Compare) -> None:
    desk = Desk(hints=False)
    assert snap_compare(desk.app, terminal_size=SMALL, run_before=after(desk, "y", "2", "left"))


@pytest.mark.parametrize("size", [LARGE, SMALL])
def test_the_juxtaposition(snap_compare: Compare, size: tuple[int, int]) -> None:
    desk = Desk()
    assert snap_compare(desk.app, terminal_size=size, run_before=after(desk, "v"))


@pytest.mark.parametrize("key", ["z", "t", "e", "b", "question_mark"])
def test_a_dialog(snap_compare: Compare, key: str) -> None:
    desk = Desk()
    assert snap_compare(desk.app, terminal_size=SMALL, run_before=after(desk, key))


def test_too_small_a_window(snap_compare: Compare) -> None:
    assert snap_compare(Desk(load=False).app, terminal_size=(50, 12))


def test_a_download(snap_compare: Compare) -> None:
    desk = Desk(load=False)

    async def run(pilot: Pilot[int]) -> None:
        desk.pilot = pilot
        await desk.until(lambda: "left" in desk.text("#status"))

    assert snap_compare(desk.app, terminal_size=SMALL, run_before=run)
