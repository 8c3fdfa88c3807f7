"""Evidence for many classes at once: clean above adversarial, one colour scale."""

from __future__ import annotations

from itertools import zip_longest
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from engine.types import ByteArray, Prediction, Query, Side
from engine.worker.protocol import Event, Explained, Failed, Progress, Status, Stepped
from tui.draw.colors import QUIET
from tui.draw.text import safe
from tui.screens.base import HeatmapScreen
from tui.screens.picker import PickerScreen
from tui.screens.settings_forms import class_choices
from tui.state import hints
from tui.state.explained_class import likeliest
from tui.state.sentences import caption
from tui.widgets.grid import JuxtapositionGrid
from tui.widgets.pane import Title
from tui.widgets.status_line import StatusLine
from tui.widgets.text_block import TextBlock

RANKS = 5
KEYS = "arrows choose, shift reads · p add class · t top five · h o f look · esc back"


class JuxtapositionScreen(HeatmapScreen):
    """The five likeliest classes of each side, and the classes picked with `p`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "dismiss", show=False),
        Binding("p", "pick", show=False),
        Binding("t", "top", show=False),
        Binding("x", "explain", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._picked: list[int] = []

    def compose(self) -> ComposeResult:
        """A title, what was explained, the grid, the keys."""
        yield Title("Juxtaposition")
        yield TextBlock(id="caption", color=QUIET)
        yield JuxtapositionGrid(id="grid")
        yield StatusLine(id="status")
        yield TextBlock(id="zoom-keys", color=QUIET)

    def on_mount(self) -> None:
        """Ask at once."""
        self.host.use_hint(hints.JUXTAPOSE)
        self.query_one("#zoom-keys", TextBlock).show(KEYS)
        network, status = self.workspace.network, self.query_one(StatusLine)
        status.show_model(network.info, network.settings.name, network.loading)
        if self.workspace.status is not None:
            status.show_status(self.workspace.status)
        self.query_one(JuxtapositionGrid).focus()
        self.action_explain()

    def queries(self) -> tuple[Query, ...]:
        """What is explained: column by column, should memory have no room for all at once."""
        frame = self.workspace.attack.frame
        sides: list[tuple[Side, tuple[Prediction, ...]]] = [
            ("clean", self.workspace.picture.predictions)
        ]
        if frame is not None:
            sides.append(("adversarial", frame.predictions))
        rows = [
            [
                Query(side, index)
                for index in dict.fromkeys([*self._picked, *likeliest(predictions, RANKS)])
            ]
            for side, predictions in sides
        ]
        return tuple(query for column in zip_longest(*rows) for query in column if query)

    def take(self, event: Event) -> None:
        """Follow the explanation."""
        status = self.query_one(StatusLine)
        if isinstance(event, Explained):
            self.show()
        elif isinstance(event, Status):
            status.show_status(event)
        elif isinstance(event, Progress):
            status.show_progress(event)
        elif isinstance(event, Failed):
            status.show_error(event.message)
        elif isinstance(event, Stepped):
            self.show()

    def show(self) -> None:
        """Show the evidence as it is now."""
        workspace = self.workspace
        opened, frame, look = workspace.picture.opened, workspace.attack.frame, workspace.look
        evidence = workspace.juxtaposition.shown
        pictures: dict[Side, ByteArray] = {}
        if opened:
            pictures["clean"] = opened.picture
        if frame:
            pictures["adversarial"] = frame.picture
        self.query_one(JuxtapositionGrid).show(
            evidence,
            pictures,
            mode=look.mode,
            overlay=look.overlay,
            shared_scale=look.shared,
        )
        running = workspace.juxtaposition.running
        says = caption(evidence, first=False, running=running) if evidence else "explaining"
        if evidence and evidence.background:
            says += f" · background {evidence.background}"
        if frame is None:
            says += " · no attack yet: esc, then space starts one"
        self.query_one("#caption", TextBlock).show(says)
        names = ", ".join(safe(workspace.network.label(index)) for index in self._picked)
        self.query_one(Title).set(
            f"{names}, then the likeliest classes of each side"
            if names
            else "the likeliest classes of each side"
        )

    def action_explain(self) -> None:
        """Ask (again)."""
        self.host.send(*self.workspace.juxtapose(self.queries()))
        self.show()

    def action_top(self) -> None:
        """The likeliest classes again."""
        self._picked.clear()
        self.action_explain()

    def action_pick(self) -> None:
        """Add a class, or take it away."""
        info = self.workspace.network.info
        if info is None:
            return

        def picked(value: str | None) -> None:
            if value is None:
                return
            index = int(value)
            if index in self._picked:
                self._picked.remove(index)
            else:
                self._picked = [*self._picked, index][-RANKS:]
            self.action_explain()

        picker = PickerScreen("Class to add or take away", class_choices(info.labels))
        self.app.push_screen(picker, picked)
