"""The course of the attack: predictions of both pictures, and the time axis."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal

from tui.draw.colors import ADVERSARIAL, CLEAN
from tui.draw.text import safe
from tui.state.workspace import Workspace
from tui.widgets.bars import PredictionBars
from tui.widgets.pane import Pane
from tui.widgets.time_axis import TimeAxis


class CourseRow(Horizontal):
    """Bars and the time axis beside one another."""

    def compose(self) -> ComposeResult:
        """Bars of the clean and of the adversarial picture, and the axis."""
        yield Pane("Clean, top 5", PredictionBars(id="bars-clean"), id="bars-1", color=CLEAN)
        yield Pane(
            "Adversarial, top 5",
            PredictionBars(id="bars-adversarial"),
            id="bars-2",
            color=ADVERSARIAL,
        )
        yield Pane("Time", TimeAxis(id="axis"), id="axis-pane")

    def show(self, workspace: Workspace) -> None:
        """Show the predictions and the trace."""
        opened, frame = workspace.picture.opened, workspace.attack.frame
        target = frame.target if frame else None
        original = opened.original if opened else None
        self.query_one("#bars-clean", PredictionBars).show(
            workspace.clean_predictions, target=target, original=original
        )
        self.query_one("#bars-adversarial", PredictionBars).show(
            frame.predictions if frame else (), target=target, original=original
        )
        self._title("#bars-2", f"step {frame.step}" if frame else "")
        self.show_axis(workspace)

    def show_axis(self, workspace: Workspace) -> None:
        """Show the trace, which may have grown."""
        attack, frame = workspace.attack, workspace.attack.frame
        self.query_one(TimeAxis).show(frame, attack.points, attack.iterations, attack.statistic)
        doing = "" if frame is None else "playing" if frame.playing else frame.finished or "paused"
        more = ", with evidence" if attack.traced else ""
        self._title("#axis-pane", safe(doing) + more, safe(doing))

    def _title(self, selector: str, *notes: str) -> None:
        self.query_one(selector, Pane).heading.set(*notes)
