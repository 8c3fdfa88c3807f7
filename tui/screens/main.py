"""The main screen: pictures, attack, time axis and evidence, together or on four pages."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.geometry import Size
from textual.timer import Timer

from engine.types import SavedAttack
from engine.worker.protocol import (
    Event,
    EvidenceTraced,
    Explain,
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
from tui.state.failures import is_failure_of
from tui.state.hints import hint
from tui.state.sentences import why_no_picture
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
    """Lies under all other screens: what the app is for is done and read here."""

    AUTO_FOCUS: ClassVar[str | None] = "#rows"

    def __init__(self) -> None:
        super().__init__()
        self._timer: Timer | None = None
        self._followed: tuple[int, int] | None = None  # attack and step that evidence follows
        self._page = 1
        self._explain_failed = False  # whether the error that is shown is an explanation's

    def compose(self) -> ComposeResult:
        """All widgets; the style sheet puts them where the window has room."""
        self._lay_out(self.app.size)
        yield TextBlock(id="too-small")
        with Vertical(id="shell"):
            yield PageBar(id="pages")
            with Horizontal(id="body"):
                with Vertical(id="left"):
                    yield Pane("Pictures", PictureList(self.host.paths, id="list"), id="pick")
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
        small = size.width < SMALLEST[0] or size.height < SMALLEST[1]
        wide = size.width >= WIDE[0] and size.height >= WIDE[1]
        self.set_class(small, "-small")
        self.set_class(wide and not small, "-wide")
        self.set_class(not wide and not small, "-paged")

    # --- events of the worker -------------------------------------------------------------------

    def take(self, event: Event) -> None:
        """Show what an event has changed."""
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
            self._followed = None
            self._list.mark(event.path)
            self.show_picture()
            self.explain_soon()
            if self.workspace.picture.play_on_arrival:
                self.workspace.picture.play_on_arrival = False
                self.action_play()
        elif isinstance(event, Loaded):
            self._list.forget()
            if wrong := self.workspace.attack.check_target(event.info.labels):
                self.notify(safe(wrong), severity="error", timeout=10, markup=False)
            self.show_picture()
        elif isinstance(event, Saved):
            self._tell_saved(event.saved)
        elif isinstance(event, Failed):
            self._failed(event)
        self._show_model()
        self._show_hint()

    def _found(self, event: Found) -> None:
        pictures = self._list
        pictures.add(event.paths, event.done)
        if pictures.paths and not self.workspace.picture.path:
            self._do(self.workspace.open(pictures.paths[0]))
        if event.done and not pictures.paths:
            self.show_picture()

    def _tell_saved(self, saved: SavedAttack) -> None:
        seen = f"{safe(saved.prediction.name)} {percent(saved.prediction.probability)}"
        fate = "survived" if saved.survived else "did not survive"
        self.notify(
            f"Saved {safe(saved.npy)} and {safe(saved.png)}. The attack {fate} the 8 bits of"
            f" the PNG: {seen}.",
            timeout=8,
            markup=False,
        )

    def _failed(self, event: Failed) -> None:
        message = safe(event.message)
        self._explain_failed = is_failure_of(event, Explain)
        self.query_one(StatusLine).show_error(message)
        self.notify(message, severity="error", timeout=10, markup=False)
        if self.workspace.picture.opened is None:
            self.show_picture()
        self.show_evidence()

    # --- showing --------------------------------------------------------------------------------

    @property
    def _list(self) -> PictureList:
        return self.query_one(PictureList)

    def _show_model(self) -> None:
        network = self.workspace.network
        self.query_one(StatusLine).show_model(network.info, network.settings.name, network.loading)

    def _show_hint(self) -> None:
        helps = hint(self.workspace, self.host.hints_used) if self.host.hints else None
        line = self.query_one("#hint", TextBlock)
        line.set_class(helps is not None, "-shown")
        line.show(helps[1] if helps else "")

    def show_settings(self) -> None:
        """Show the settings as they are now."""
        attack = self.workspace.attack
        self.set_class(attack.traced, "-traced")
        self.query_one(SettingsPanel).show(self.workspace)
        pane = self.query_one("#settings-pane", Pane)
        pane.heading.set("changed: a starts again" if attack.changed else "")

    def show_picture(self) -> None:
        """Show the open picture, or why there is none."""
        self._show_frame()
        self.show_evidence()

    def _show_frame(self) -> None:
        workspace = self.workspace
        reason = why_no_picture(workspace.network, workspace.picture)
        self.query_one(PictureRow).show(workspace, reason)
        self.query_one(CourseRow).show(workspace)
        self.show_settings()
        if workspace.evidence.shown:
            self.query_one(EvidencePanel).show_headline(workspace)
        self._follow()

    def show_axis(self) -> None:
        """Show the time axis as it is now."""
        self.query_one(CourseRow).show_axis(self.workspace)

    def show_evidence(self) -> None:
        """Show the evidence as it is now."""
        self.query_one(EvidencePanel).show(self.workspace)

    show_look = show_evidence

    # --- evidence by itself ---------------------------------------------------------------------

    def _follow(self) -> None:
        """Evidence is wanted for each iteration at which the attack rests."""
        attack = self.workspace.attack
        if attack.frame is None:
            return
        here = (attack.run, attack.frame.step)
        if attack.playing:
            self._followed = None
            self._stop_timer()
        elif self._followed != here:
            self._followed = here
            self.explain_soon()

    def explain_soon(self) -> None:
        """Ask for evidence once the cursor has rested, if it follows by itself."""
        self._stop_timer()
        if self.workspace.follow and self.workspace.picture.opened is not None:
            self._timer = self.set_timer(EXPLAIN_DELAY, self._explain)

    def _explain(self) -> None:
        workspace = self.workspace
        rests = not workspace.attack.playing and not workspace.picture.waits
        if workspace.follow and rests and self.is_current:
            self.host.send(*workspace.explain_now())
            self.show_evidence()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    # --- messages of the widgets ----------------------------------------------------------------

    @on(PictureList.Chosen)
    def _chosen(self, event: PictureList.Chosen) -> None:
        self._do(self.workspace.open(event.path))
        if self._page == 1 and self.has_class("-paged"):
            self.action_page(2)

    @on(PictureList.Visible)
    def _visible(self, event: PictureList.Visible) -> None:
        self.host.send(Glance(event.paths))

    @on(PictureList.Counted)
    def _counted(self, event: PictureList.Counted) -> None:
        self.query_one("#pick", Pane).heading.set(event.text)

    @on(TimeAxis.Sought)
    def _sought(self, event: TimeAxis.Sought) -> None:
        self._do(self.workspace.attack.seek(event.step))

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
