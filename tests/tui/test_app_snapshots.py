"""How the screens look, at the two sizes that matter most, with drawn numbers.

`pytest tests/tui/test_app_snapshots.py --snapshot-update` takes new ones.
"""

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from .harness import Harness

Compare = Callable[..., bool]
LARGE, SMALL = (160, 50), (80, 24)


def after(
    harness: Harness, *keys: str, attack: bool = True
) -> Callable[[Pilot[int]], Awaitable[None]]:
    """Press keys once the first picture is explained, or the attack on it."""

    async def run(pilot: Pilot[int]) -> None:
        harness.pilot = pilot
        await harness.until(lambda: harness.workspace.evidence.shown)
        await harness.until(lambda: len(harness.app.main.query_one("#rows").seen) == 6)  # type: ignore[attr-defined]
        if attack:
            await harness.press("space")
            await harness.explained()
        await harness.press(*keys)
        if attack:
            await harness.until(lambda: not harness.workspace.evidence_stale)

    return run


def test_an_open_picture(snap_compare: Compare) -> None:
    harness = Harness()
    assert snap_compare(harness.app, terminal_size=SMALL, run_before=after(harness, attack=False))


@pytest.mark.parametrize(("size", "page"), [(LARGE, "1"), (SMALL, "2"), (SMALL, "3"), (SMALL, "4")])
def test_a_finished_attack(snap_compare: Compare, size: tuple[int, int], page: str) -> None:
    harness = Harness()
    assert snap_compare(harness.app, terminal_size=size, run_before=after(harness, page))


def test_evidence_on_the_time_axis(snap_compare: Compare) -> None:
    harness = Harness(hints=False)
    assert snap_compare(
        harness.app, terminal_size=SMALL, run_before=after(harness, "y", "2", "left")
    )


@pytest.mark.parametrize("size", [LARGE, SMALL])
def test_the_juxtaposition(snap_compare: Compare, size: tuple[int, int]) -> None:
    harness = Harness()
    assert snap_compare(harness.app, terminal_size=size, run_before=after(harness, "v"))


@pytest.mark.parametrize("key", ["z", "t", "e", "b", "question_mark"])
def test_a_dialog(snap_compare: Compare, key: str) -> None:
    harness = Harness()
    assert snap_compare(harness.app, terminal_size=SMALL, run_before=after(harness, key))


def test_too_small_a_window(snap_compare: Compare) -> None:
    assert snap_compare(Harness(load=False).app, terminal_size=(50, 12))


def test_a_download(snap_compare: Compare) -> None:
    harness = Harness(load=False)

    async def run(pilot: Pilot[int]) -> None:
        harness.pilot = pilot
        await harness.until(lambda: "left" in harness.text("#status"))

    assert snap_compare(harness.app, terminal_size=SMALL, run_before=run)
