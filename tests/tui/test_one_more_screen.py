"""A screen costs one file and one line in the table of keys."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

SCREEN = """
from textual.widgets import Static

from tui.screens.base import WorkspaceScreen


class NotesScreen(WorkspaceScreen):
    def compose(self):
        yield Static(f"Notes on {self.workspace.picture.opened.original.name}")
"""
APP = """
import asyncio, sys

from tui.state import keys

line = keys.Key(
    "n", keys.opens("notes_screen:NotesScreen", needs_picture=True), "n", "notes",
    "notes on the picture", keys.WINDOW, 5,
)
keys.KEYS = (*keys.KEYS, line)

from tests.tui.harness import Harness


async def main():
    async with Harness().open(160, 50) as harness:
        assert "n notes" in harness.text("#keys")
        assert "notes_screen" not in sys.modules
        await harness.press("question_mark")
        assert "notes on the picture" in harness.text()
        await harness.press("escape", "n")
        print(harness.text())


asyncio.run(main())
"""


def test_a_new_screen_is_found_behind_its_key_and_in_the_help_panel(tmp_path: Path) -> None:
    (tmp_path / "notes_screen.py").write_text(SCREEN)
    done = subprocess.run(
        [sys.executable, "-c", APP],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(tmp_path)))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Notes on African elephant" in done.stdout
