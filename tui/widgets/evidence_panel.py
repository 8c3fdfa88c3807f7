"""The evidence: heatmaps of both pictures, the statistics, the histograms, and what they say."""

from __future__ import annotations

import math

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.geometry import Size

from engine.types import Evidence
from tui.draw.colors import ACCENT, ADVERSARIAL, CLEAN, QUIET, TEXT
from tui.draw.pixels import default_scale
from tui.draw.text import safe
from tui.state import thresholds
from tui.state.explained_class import top
from tui.state.sentences import caption, pair, summarise
from tui.state.workspace import Workspace
from tui.widgets.heat import HeatView
from tui.widgets.histogram import HistogramView
from tui.widgets.pane import Pane, Title
from tui.widgets.statistics import StatisticsTable
from tui.widgets.text_block import TextBlock

WAITING = "evidence follows when the attack pauses; x explains now"
MANUAL = "press x to explain"


def common_scale(evidence: Evidence, size: Size) -> float | None:
    """One scale of colours for all heatmaps of `size` cells, or None where all are empty.

    Taken from the values as they are drawn: a cell shows the mean of those it covers.
    """
    cells = (size.width, size.height - 1)
    largest = max((default_scale(one.heat, cells) for one in evidence.attributions), default=0.0)
    return largest if largest > 0 and math.isfinite(largest) else None


class EvidencePanel(Vertical):
    """What the network has to go on, clean beside adversarial."""

    def compose(self) -> ComposeResult:
        """A caption, the four views, a sentence."""
        yield Title("Evidence")
        yield TextBlock(id="caption", color=QUIET)
        with Container(id="evidence-row"):
            yield Pane("Clean", HeatView(id="heat-clean"), color=CLEAN)
            yield Pane("Adversarial", HeatView(id="heat-adversarial"), color=ADVERSARIAL)
            yield Pane("Statistics", StatisticsTable(id="statistics"), id="statistics-pane")
            yield Pane("Histogram of phi", HistogramView(id="histogram"), id="histogram-pane")
        yield TextBlock(id="summary")

    _workspace: Workspace | None = None

    def on_resize(self) -> None:
        """Scale the colours to the cells that there are now; a hidden page has none."""
        if self._workspace is not None:
            self.call_after_refresh(self.show, self._workspace)

    def show(self, workspace: Workspace) -> None:
        """Show the evidence, what it says, and of what it is."""
        self._workspace = workspace
        evidence, look, opened = workspace.evidence.shown, workspace.look, workspace.picture.opened
        by_hand = "" if workspace.follow else "x explains, u lets it follow by itself"
        digest = f"background {evidence.background}" if evidence and evidence.background else ""
        self.query_one(Title).set(" · ".join(filter(None, (by_hand, digest))), by_hand or digest)
        self.show_headline(workspace)
        clean, other = pair(evidence) if evidence else (None, None)
        size = self.query_one("#heat-clean", HeatView).size
        scale = common_scale(evidence, size) if evidence and look.shared else None
        empty = WAITING if workspace.follow else MANUAL
        if opened is None or workspace.explaining:
            empty = "explaining" if opened else ""
        self.query_one("#heat-clean", HeatView).show(
            clean.heat if clean else None,
            underlay=opened.picture if opened else None,
            scale=scale,
            mode=look.mode,
            overlay=look.overlay,
            empty=empty,
        )
        self.query_one("#heat-adversarial", HeatView).show(
            other.heat if other else None,
            underlay=workspace.evidence.picture,
            scale=scale,
            mode=look.mode,
            overlay=look.overlay,
            empty=empty if workspace.attack.frame else "",
        )
        self.query_one(StatisticsTable).show(evidence)
        self.query_one(HistogramView).show(
            evidence.edges if evidence else None,
            clean.histogram if clean else None,
            other.histogram if other else None,
        )
        for view, attribution in (("#heat-clean", clean), ("#heat-adversarial", other)):
            pane = self.query_one(view).parent
            assert isinstance(pane, Pane)
            pane.heading.set(safe(attribution.name) if attribution else "")

    def show_headline(self, workspace: Workspace) -> None:
        """Say what the evidence is of, and what it says."""
        evidence, stale = workspace.evidence.shown, workspace.evidence_stale
        line = self.query_one("#caption", TextBlock)
        sentence = self.query_one("#summary", TextBlock)
        if evidence is None:
            line.show("", QUIET)
            sentence.show("")
            return
        headline = caption(evidence, running=workspace.evidence.running)
        line.show(f"not of {stale}: {headline}" if stale else headline, ACCENT if stale else QUIET)
        frame, opened = workspace.attack.frame, workspace.picture.opened
        prediction = None
        if frame and evidence.step < len(frame.trace) and not workspace.of_other_attack:
            prediction = top(frame.trace[evidence.step].top)
        clean, other = pair(evidence)
        likely = prediction if other else top(opened.predictions) if opened else None
        attack = workspace.attack.settings
        judged = thresholds.judge(
            workspace.thresholds,
            workspace.network.settings,
            evidence,
            other or clean,
            likely,
            (attack.method, attack.target),
        )
        says = " ".join(part for part in (summarise(evidence, prediction), judged) if part)
        sentence.show(says, QUIET if stale else TEXT)
