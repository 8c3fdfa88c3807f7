"""How the app ends, and what it remembers from one start to the next."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tui.state.remembered import State, load_state

from .harness import Harness


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_quit_stops_the_worker(key: str) -> None:
    harness = Harness()
    async with harness.open():
        await harness.press("space")
        assert harness.pilot is not None
        await harness.pilot.press(key)
    assert harness.worker.stopped
    assert harness.app.return_value == 0


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
async def test_a_closed_terminal_ends_the_app_as_quit_does(name: str) -> None:
    number = getattr(signal, name, None)
    if number is None or sys.platform == "win32":
        pytest.skip(f"there is no {name} here")
    harness = Harness()
    async with harness.open():
        os.kill(os.getpid(), number)
        await harness.until(lambda: harness.worker.stopped)
    assert harness.app.return_value == 128 + number


async def test_hints_appear_one_by_one_and_never_again(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    async with Harness(state=State(path=path)).open() as harness:
        assert "Press space" in harness.text("#hint")
        await harness.press("space")
        assert "Press s" in harness.text("#hint")
        await harness.press("s")
        assert "Press v" in harness.text("#hint")
        await harness.press("v", "escape")
        assert not harness.app.main.query_one("#hint").display
    state = load_state(path)
    assert state.model is not None
    assert state.model.name == "builtin"
    async with Harness(state=state).open() as harness:
        assert not harness.app.main.query_one("#hint").display


async def test_hints_can_be_switched_off() -> None:
    async with Harness(hints=False).open() as harness:
        assert not harness.app.main.query_one("#hint").display


async def test_an_unreadable_state_is_said() -> None:
    async with Harness(state=State(note="The remembered settings were ignored.")).open() as harness:
        await harness.until(lambda: "settings were ignored" in harness.text())
