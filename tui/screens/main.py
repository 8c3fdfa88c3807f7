"""The main screen: pictures, attack, time axis and evidence, together or on four pages."""

from __future__ import annotations

from pathlib import PurePath
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.geometry import Size
from textual.timer import Timer

from engine.worker.protocol import (
    Event,
    EvidenceTraced,
    Explained,
    Failed,
    Found,
    Glance,
    Glanced,
    Loaded,
    Opened,
    Progress,
    Saved,
    Status,
    Stepped,
)
from tui.draw.colors import ACCENT
from tui.draw.text import percent, safe
from tui.screens.controls import Controls
from tui.state.hints import hint
from tui.widgets.course_row import CourseRow
from tui.widgets.evidence_panel import EvidencePanel
from tui.widgets.key_bar import KeyBar
from tui.widgets.line_list import LineList
from tui.widgets.page_bar import PageBar
from tui.widgets.pane import Pane
from tui.widgets.picture_list import FilterInput, PictureList
from tui.widgets.picture_row import PictureRow
from tui.widgets.settings_panel import SettingsPanel
from tui.widgets.status_line import StatusLine
from tui.widgets.text_block import TextBlock
from tui.widgets.time_axis import TimeAxis

WIDE = (140, 44)
"""Cells from which everything is shown together."""
SMALLEST = (60, 20)
EXPLAIN_DELAY = 0.3
"""Seconds that the cursor rests before evidence is asked for."""


class MainScreen(Controls):
    """See the module's docstring."""

    AUTO_FOCUS: ClassVar[str | None] = "#rows"

    def __init__(self) -> None:
        super().__init__()
        self._timer: Timer | None = None
        self._explained: tuple[int, int] | None = None
        self._page = 1
        self._explain_failed = False

    def compose(self) -> ComposeResult:
        """All widgets; the style sheet puts them where the window has room."""
        self._lay_out(self.app.size)
        yield TextBlock(id="too-small")
        with Vertical(id="shell"):
            yield PageBar(id="pages")
            with Horizontal(id="body"):
                with Vertical(id="left"):
                    yield Pane("Pictures", PictureList(self.xaway.paths, id="list"), id="pick")
                    yield Pane("Attack", SettingsPanel(id="settings"), id="settings-pane")
                with Vertical(id="right"):
                    yield PictureRow(id="pictures")
                    yield CourseRow(id="middle")
                    yield EvidencePanel(id="evidence")
            yield TextBlock(id="hint", color=ACCENT)
            yield StatusLine(id="status")
            yield KeyBar(id="keys")

    def on_mount(self) -> None:
        """The first paint: what is about to be loaded."""
        self.action_page(1)
        self.show_settings()
        self._show_model()
        self.show_picture()

    def on_resize(self, event: events.Resize) -> None:
        """Another window, perhaps another layout."""
        self._lay_out(event.size)
        width, height = event.size
        self.query_one("#too-small", TextBlock).show(
            f"Too small: xaway needs {SMALLEST[0]}x{SMALLEST[1]} characters,"
            f" this window is {width}x{height}."
        )

    def _lay_out(self, size: Size) -> None:
        width, height = size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        wide = width >= WIDE[0] and height >= WIDE[1]
        self.set_class(small, "-small")
        self.set_class(wide and not small, "-wide")
        self.set_class(not wide and not small, "-paged")

    # --- events of the worker -------------------------------------------------------------------

    def take(self, event: Event) -> None:
        """Show what an event has changed. The session has taken it already."""
        if isinstance(event, Explained if self._explain_failed else Opened | Loaded | Stepped):
            self.query_one(StatusLine).show_error("")
        if isinstance(event, Stepped):
            self._show_frame()
        elif isinstance(event, Explained | EvidenceTraced):
            self.show_evidence() if isinstance(event, Explained) else self.show_axis()
        elif isinstance(event, Status):
            self.query_one(StatusLine).show_status(event)
        elif isinstance(event, Progress):
            self.query_one(StatusLine).show_progress(event)
        elif isinstance(event, Found):
            self._found(event)
        elif isinstance(event, Glanced):
            self._list.tell(event.path, event.prediction or safe(event.reason))
        elif isinstance(event, Opened):
            self._explained = None
            self._list.mark(event.path)
            self.show_picture()
            self.explain_soon()
            if self.session.play_on_arrival:
                self.session.play_on_arrival = False
                self.action_play()
        elif isinstance(event, Loaded):
            self._list.forget()
            if wrong := self.session.settle_target():
                self.notify(safe(wrong), severity="error", timeout=10, markup=False)
            self.show_picture()
        elif isinstance(event, Saved):
            self._saved(event)
        elif isinstance(event, Failed):
            self._failed(event)
        self._show_model()
        self._show_hint()

    def _found(self, event: Found) -> None:
        pictures = self._list
        pictures.add(event.paths, event.done)
        if pictures.paths and not self.session.path:
            self.xaway.open(pictures.paths[0])
        if event.done and not pictures.paths:
            self.show_picture()

    def _saved(self, event: Saved) -> None:
        seen = f"{safe(event.prediction.name)} {percent(event.prediction.probability)}"
        fate = "survived" if event.survived else "did not survive"
        self.notify(
            f"Saved {safe(event.npy)} and {safe(event.png)}. The attack {fate} the 8 bits of"
            f" the PNG: {seen}.",
            timeout=8,
            markup=False,
        )

    def _failed(self, event: Failed) -> None:
        message = safe(event.message)
        self._explain_failed = event.task.casefold() == "explain"
        self.query_one(StatusLine).show_error(message)
        self.notify(message, severity="error", timeout=10, markup=False)
        if self.session.opened is None:
            self.show_picture()
        self.show_evidence()

    # --- showing --------------------------------------------------------------------------------

    @property
    def _list(self) -> PictureList:
        return self.query_one(PictureList)

    def _show_model(self) -> None:
        session = self.session
        self.query_one(StatusLine).show_model(session.info, session.model.name, session.loading)

    def _show_hint(self) -> None:
        found = hint(self.session, self.xaway.hints_used) if self.xaway.hints else None
        line = self.query_one("#hint", TextBlock)
        line.set_class(found is not None, "-shown")
        line.show(found[1] if found else "")

    def show_settings(self) -> None:
        """Show the settings as they are now."""
        self.set_class(self.session.trace_on, "-traced")
        self.query_one(SettingsPanel).show(self.session)
        pane = self.query_one("#settings-pane", Pane)
        pane.heading.set("changed: a starts again" if self.session.changed else "")

    def show_picture(self) -> None:
        """Show the open picture, or why there is none."""
        self._show_frame()
        self.show_evidence()

    def _why_empty(self) -> str:
        session = self.session
        if session.loading:
            return f"loading {safe(session.model.name)}"
        if session.info is None:
            return "no network is loaded: k chooses one"
        if session.path and session.path == session.refused:
            return f"{safe(PurePath(session.path).name)} cannot be opened: choose another picture"
        if session.path:
            return "opening"
        return "no pictures were found: name a folder of pictures when starting xaway-tui"

    def _show_frame(self) -> None:
        session = self.session
        self.query_one(PictureRow).show(session, self._why_empty())
        self.query_one(CourseRow).show(session)
        self.show_settings()
        if session.evidence:
            self.query_one(EvidencePanel).show_headline(session)
        self._follow()

    def show_axis(self) -> None:
        """Show the time axis as it is now."""
        self.query_one(CourseRow).show_axis(self.session)

    def _title(self, selector: str, *notes: str) -> None:
        self.query_one(selector, Pane).heading.set(*notes)

    def show_evidence(self) -> None:
        """Show the evidence as it is now."""
        self.query_one(EvidencePanel).show(self.session)

    # --- evidence by itself ---------------------------------------------------------------------

    def _follow(self) -> None:
        """Evidence is wanted for each iteration at which the attack rests."""
        frame = self.session.frame
        if frame is None:
            return
        here = (self.session.attack_run, frame.step)
        if frame.playing:
            self._explained = None
            self._stop_timer()
        elif self._explained != here:
            self._explained = here
            self.explain_soon()

    def explain_soon(self) -> None:
        """Ask for evidence once the cursor has rested, if it follows by itself."""
        self._stop_timer()
        if self.session.auto_evidence and self.session.opened is not None:
            self._timer = self.set_timer(EXPLAIN_DELAY, self._explain)

    def _explain(self) -> None:
        frame = self.session.frame
        if self.session.auto_evidence and not (frame and frame.playing) and self.is_current:
            self.xaway.send(*self.session.explain_now())
            self.show_evidence()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    # --- messages of the widgets ----------------------------------------------------------------

    @on(PictureList.Chosen)
    def _chosen(self, event: PictureList.Chosen) -> None:
        self.xaway.open(event.path)
        if self._page == 1 and self.has_class("-paged"):
            self.action_page(2)

    @on(PictureList.Visible)
    def _visible(self, event: PictureList.Visible) -> None:
        self.xaway.send(Glance(event.paths))

    @on(PictureList.Counted)
    def _counted(self, event: PictureList.Counted) -> None:
        self._title("#pick", event.words)

    @on(TimeAxis.Sought)
    def _sought(self, event: TimeAxis.Sought) -> None:
        self._do(self.session.seek(event.step))

    @on(PageBar.Turned)
    def _turned(self, event: PageBar.Turned) -> None:
        self.action_page(event.page)

    def action_page(self, page: int) -> None:
        """Show a page of a small window."""
        self._page = page
        for number in range(1, 5):
            self.set_class(number == page, f"-page-{number}")
        self.query_one(PageBar).show(page)

    def show_attack(self) -> None:
        """Leave the pages on which an attack cannot be seen."""
        if self.has_class("-paged") and self._page in (1, 4):
            self.action_page(2)

    def action_filter(self) -> None:
        """Type into the filter."""
        if self.has_class("-paged"):
            self.action_page(1)
        self.query_one(FilterInput).focus()

    def action_nothing(self) -> None:
        """Enter outside of the list: back to it."""
        self.query_one("#rows", LineList).focus()
