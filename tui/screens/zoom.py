"""One picture or heatmap over the whole window."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from engine.worker.protocol import Event, Explained, Opened, Stepped
from tui.draw.colors import QUIET
from tui.draw.text import compact, percent, safe
from tui.screens.base import HeatmapScreen
from tui.state.explained_class import top
from tui.state.sentences import pair
from tui.widgets.evidence_panel import common_scale
from tui.widgets.heat import HeatView
from tui.widgets.pane import Title
from tui.widgets.picture import PictureView
from tui.widgets.text_block import TextBlock

VIEWS = (
    "Clean picture",
    "Adversarial picture",
    "Perturbation",
    "Evidence, clean",
    "Evidence, adversarial",
)
KEYS = "← → view · ↑ ↓ iteration · space play · h o f heatmap · esc back"


class ZoomScreen(HeatmapScreen):
    """Shows one of `VIEWS`; it begins with the adversarial picture where there is one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("z", "dismiss", show=False),
        Binding("left", "turn(-1)", show=False),
        Binding("right", "turn(1)", show=False),
        Binding("up", "step(1)", show=False),
        Binding("down", "step(-1)", show=False),
        Binding("space", "play", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._view = 0

    def compose(self) -> ComposeResult:
        """A title, the view, the keys."""
        yield Title("")
        with Container(id="zoomed"):
            yield PictureView(id="zoom-picture")
            heat = HeatView(id="zoom-heat")
            heat.can_focus = False  # its arrows turn the views here
            yield heat
        yield TextBlock(id="zoom-keys", color=QUIET)

    def on_mount(self) -> None:
        """Show something at once."""
        self._view = 1 if self.workspace.attack.frame else 0
        self.query_one("#zoom-keys", TextBlock).show(KEYS)
        self.show()

    def on_resize(self) -> None:
        """Scale the colours to the cells that there are now."""
        self.call_after_refresh(self.show)

    def take(self, event: Event) -> None:
        """Follow the attack and the evidence."""
        if isinstance(event, Opened | Stepped | Explained):
            self.show()

    def show(self) -> None:
        """Show the view chosen, as it is now."""
        workspace = self.workspace
        opened, frame, look = workspace.picture.opened, workspace.attack.frame, workspace.look
        evidence = workspace.evidence.shown
        picture, heat = self.query_one(PictureView), self.query_one(HeatView)
        is_heat = self._view >= 3
        picture.display, heat.display = not is_heat, is_heat
        room = self.query_one("#zoomed").size  # the heatmap's own is known only once it is shown
        note = ""
        if is_heat:
            sides = pair(evidence) if evidence else (None, None)
            attribution = sides[self._view - 3]
            heat.show(
                attribution.heat if attribution else None,
                underlay=(opened.picture if opened else None)
                if self._view == 3
                else workspace.evidence.picture,
                scale=common_scale(evidence, room) if evidence and look.shared else None,
                mode=look.mode,
                overlay=look.overlay,
                empty="no evidence yet: x on the main screen explains",
            )
            if attribution and evidence:
                note = f"{safe(attribution.name)}, step {evidence.step}"
        elif self._view == 0:
            picture.show(opened.picture if opened else None)
            if opened:
                seen = top(opened.predictions)
                note = f"{safe(seen.name)} {percent(seen.probability)}"
        elif frame is None:
            picture.show(None, empty="space starts the attack")
        elif self._view == 1:
            picture.show(frame.picture)
            seen = top(frame.predictions)
            note = f"step {frame.step}: {safe(seen.name)} {percent(seen.probability)}"
        else:
            picture.show(frame.perturbation)
            note = f"step {frame.step}, ×{compact(frame.factor)}"
        self.query_one(Title).set(note, title=VIEWS[self._view])

    def action_turn(self, by: int) -> None:
        """Show the next view."""
        self._view = (self._view + by) % len(VIEWS)
        self.show()

    def action_step(self, by: int) -> None:
        """Move along the time axis."""
        self.host.send(*self.workspace.step(by))

    def action_play(self) -> None:
        """Play or pause."""
        self.host.send(*self.workspace.play_or_pause())
