"""The three pictures: clean, adversarial, and what lies between them."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal

from tui.draw.colors import ADVERSARIAL, CLEAN
from tui.draw.text import compact, safe
from tui.state.workspace import Workspace
from tui.widgets.pane import Pane
from tui.widgets.picture import PictureView


class PictureRow(Horizontal):
    """Pictures beside one another, each under its title."""

    def compose(self) -> ComposeResult:
        """Clean, adversarial, perturbation."""
        yield Pane("Clean", PictureView(id="clean"), id="clean-pane", color=CLEAN)
        yield Pane(
            "Adversarial",
            PictureView(id="adversarial"),
            id="adversarial-pane",
            color=ADVERSARIAL,
        )
        yield Pane("Perturbation", PictureView(tolerance=12, id="perturbation"), id="change-pane")

    def show(self, workspace: Workspace, empty: str) -> None:
        """Show the pictures; `empty` says why there is no clean one."""
        opened, frame = workspace.picture.opened, workspace.attack.frame
        playing = workspace.attack.playing
        self.query_one("#clean", PictureView).show(opened.picture if opened else None, empty=empty)
        self.query_one("#adversarial", PictureView).show(
            frame.picture if frame else None,
            empty="space starts the attack" if opened else "",
            moving=playing,
        )
        self.query_one("#perturbation", PictureView).show(
            frame.perturbation if frame else None, moving=playing
        )
        name = safe(opened.path.replace("\\", "/").rsplit("/", 1)[-1]) if opened else ""
        self.query_one("#clean-pane", Pane).heading.set_name(name)
        step = f"step {frame.step}" if frame else ""
        of = f"{step} of {frame.settings.iterations}" if frame else ""
        self._title("#adversarial-pane", of, step)
        factor = f"×{compact(frame.factor, 2)}" if frame else ""
        size = ""
        if frame and frame.step < len(frame.trace):
            size = f"{factor} · L∞ {compact(frame.trace[frame.step].linf * 255)}/255"
        self._title("#change-pane", size, factor)

    def _title(self, selector: str, *notes: str) -> None:
        self.query_one(selector, Pane).heading.set(*notes)
