"""The first minute, with nothing asked for: the shipped pictures, the built-in network, two keys.

The real worker runs here. With XAWAY_UPDATE_PICTURES=1 the README's picture is taken anew.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from engine.types import (
    ModelSettings,
    attack_settings,
    explain_settings,
)
from engine.worker import Worker
from tests.conftest import ROOT
from tui.app import XawayApp
from tui.state.remembered import load_state
from tui.widgets.text_block import TextBlock

PICTURE = ROOT / "tests" / "pictures" / "first_minute.svg"


async def until(pilot: Pilot[int], holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for the worker, with a bound that only a hang reaches."""
    for _ in range(int(seconds / 0.05)):
        if holds():
            await pilot.pause(0.2)
            return
        await pilot.pause(0.05)
    raise AssertionError("what was waited for did not come")


def attack_by_command(picture: str) -> list[dict[str, float]]:
    """Steps of the same attack on the command line."""
    command = ["attack", picture, "--target", "random", "--threads", "1", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "tui.cli.main", *command], capture_output=True, check=True, cwd=ROOT
    )
    steps: list[dict[str, float]] = json.loads(done.stdout)["steps"]
    return steps


async def test_two_keys_show_the_whole_idea(tmp_path: Path) -> None:
    state = load_state(tmp_path / "state.json")
    app = XawayApp(
        (),
        ModelSettings(),
        attack_settings(),
        explain_settings(),
        make_worker=lambda emit: Worker(emit, threads=1),
        state=state,
    )
    async with app.run_test(size=(160, 50)) as pilot:
        workspace = app.workspace
        await until(pilot, lambda: workspace.picture.opened is not None)
        assert workspace.picture.opened is not None
        assert workspace.picture.opened.original.name == "African elephant"
        hint = app.main.query_one("#hint", TextBlock)
        assert "Press space" in hint.text

        await pilot.press("space")
        await until(
            pilot,
            lambda: workspace.attack.frame is not None and bool(workspace.attack.frame.finished),
        )
        assert workspace.attack.frame is not None
        assert workspace.attack.frame.success_step is not None
        assert workspace.attack.frame.trace[-1].probability_target > 0.9
        assert workspace.attack.frame.trace[-1].linf <= workspace.attack.settings.epsilon + 1e-6
        assert "Press s" in hint.text
        for shown, told in zip(
            workspace.attack.frame.trace, attack_by_command(workspace.picture.path), strict=True
        ):
            assert shown.probability_target == told["probability_target"]
            assert shown.probability_original == told["probability_original"]
            assert shown.loss == told["loss"]

        def explained() -> bool:
            shown = workspace.evidence.shown
            return shown is not None and shown.done and len(shown.attributions) == 2

        await until(pilot, explained)
        assert workspace.evidence.shown is not None
        assert workspace.evidence.shown.step == workspace.attack.frame.step
        if os.environ.get("XAWAY_UPDATE_PICTURES"):
            PICTURE.parent.mkdir(exist_ok=True)
            PICTURE.write_text(app.export_screenshot(title="xaway-tui"), encoding="utf-8")

        first = workspace.attack.frame.target
        await pilot.press("s")
        await until(
            pilot,
            lambda: (
                workspace.attack.frame is not None
                and workspace.attack.frame.settings.target == "similar"
                and bool(workspace.attack.frame.finished)
            ),
        )
        assert workspace.attack.frame.target != first
        assert workspace.attack.frame.success_step is not None
        assert "Press s" not in hint.text
        await pilot.press("q")
    assert {"play", "similar"} <= load_state(tmp_path / "state.json").hints_used


def test_the_readme_shows_the_picture_that_this_test_takes() -> None:
    assert PICTURE.is_file()
    assert str(PICTURE.relative_to(ROOT)) in (ROOT / "README.md").read_text(encoding="utf-8")
