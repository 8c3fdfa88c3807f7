"""Evidence for many classes at once: clean above adversarial, one colour scale."""

from __future__ import annotations

from itertools import zip_longest
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from engine.types import ByteArray, Query, Side
from engine.worker.protocol import Event, Explained, Failed, Progress, Status, Stepped
from tui.draw.colors import QUIET
from tui.draw.text import safe
from tui.screens.aside import Aside
from tui.screens.picker import PickerScreen
from tui.screens.settings_forms import class_choices
from tui.state.sentences import caption
from tui.widgets.grid import JuxtapositionGrid
from tui.widgets.pane import Title
from tui.widgets.status_line import StatusLine
from tui.widgets.text_block import TextBlock

RANKS = 5
KEYS = "arrows choose, shift reads · p add class · t top five · h o f look · esc back"


class JuxtapositionScreen(Aside):
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
        self.query_one("#zoom-keys", TextBlock).show(KEYS)
        session = self.session
        status = self.query_one(StatusLine)
        status.show_model(session.info, session.model.name, session.loading)
        if session.status is not None:
            status.show_status(session.status)
        self.query_one(JuxtapositionGrid).focus()
        self.action_explain()

    def queries(self) -> tuple[Query, ...]:
        """What is explained: column by column, should memory have no room for all at once."""
        likely = self.session.top_queries(RANKS)
        sides: tuple[Side, ...] = ("clean", "adversarial") if self.session.frame else ("clean",)
        rows = [
            [
                Query(side, index)
                for index in dict.fromkeys(
                    [*self._picked, *(query.class_index for query in likely if query.side == side)]
                )
            ]
            for side in sides
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
        session = self.session
        evidence, look = session.juxtaposed, session.look
        pictures: dict[Side, ByteArray] = {}
        if session.opened:
            pictures["clean"] = session.opened.picture
        if session.frame:
            pictures["adversarial"] = session.frame.picture
        self.query_one(JuxtapositionGrid).show(
            evidence,
            pictures,
            mode=look.mode,
            overlay=look.overlay,
            shared_scale=look.shared,
        )
        line = self.query_one("#caption", TextBlock)
        running = session.running(juxtaposed=True)
        words = caption(evidence, first=False, running=running) if evidence else "explaining"
        if session.frame is None:
            words += " · no attack yet: esc, then space starts one"
        line.show(words)
        names = ", ".join(safe(session.label(index)) for index in self._picked)
        self.query_one(Title).set(
            f"{names}, then the likeliest classes of each side"
            if names
            else "the likeliest classes of each side"
        )

    def action_explain(self) -> None:
        """Ask (again)."""
        self.xaway.send(*self.session.juxtapose(self.queries()))
        self.show()

    def action_top(self) -> None:
        """The likeliest classes again."""
        self._picked.clear()
        self.action_explain()

    def action_pick(self) -> None:
        """Add a class, or take it away."""
        info = self.session.info
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
