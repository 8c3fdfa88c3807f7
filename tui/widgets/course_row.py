"""The course of the attack: predictions of both pictures, and the time axis."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal

from tui.draw.colors import ADVERSARIAL, CLEAN
from tui.draw.text import safe
from tui.state.workspace import Session
from tui.widgets.bars import PredictionBars
from tui.widgets.pane import Pane
from tui.widgets.time_axis import TimeAxis


class CourseRow(Horizontal):
    """Bars and the time axis beside one another."""

    def compose(self) -> ComposeResult:
        """Three panes."""
        yield Pane("Clean, top 5", PredictionBars(id="bars-clean"), id="bars-1", color=CLEAN)
        yield Pane(
            "Adversarial, top 5",
            PredictionBars(id="bars-adversarial"),
            id="bars-2",
            color=ADVERSARIAL,
        )
        yield Pane("Time", TimeAxis(id="axis"), id="axis-pane")

    def show(self, session: Session) -> None:
        """Show the session's predictions and its trace."""
        opened, frame = session.opened, session.frame
        target = frame.target if frame else None
        original = opened.original if opened else None
        self.query_one("#bars-clean", PredictionBars).show(
            (frame.clean if frame and frame.clean else opened.predictions) if opened else (),
            target=target,
            original=original,
        )
        self.query_one("#bars-adversarial", PredictionBars).show(
            frame.predictions if frame else (), target=target, original=original
        )
        self._title("#bars-2", f"step {frame.step}" if frame else "")
        self.show_axis(session)

    def show_axis(self, session: Session) -> None:
        """Show the trace, which may have grown."""
        frame = session.frame
        self.query_one(TimeAxis).show(frame, session.points, session.steps, session.statistic)
        doing = "" if frame is None else "playing" if frame.playing else frame.finished or "paused"
        more = ", with evidence" if session.trace_on else ""
        self._title("#axis-pane", safe(doing) + more, safe(doing))

    def _title(self, selector: str, *notes: str) -> None:
        self.query_one(selector, Pane).heading.set(*notes)
