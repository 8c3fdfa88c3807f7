"""The survey: how far it is, how well clean and adversarial pictures can be told apart."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from engine.worker.protocol import Event, Failed, Progress, Status, SurveyProgress
from tui.draw.colors import ACCENT, QUIET, TARGET
from tui.draw.survey_text import progress_text
from tui.draw.text import safe
from tui.screens.base import WorkspaceScreen
from tui.screens.form import FormScreen
from tui.screens.survey_form import build_survey, survey_fields
from tui.state.survey import ALL, Asked, SurveyView, default_settings
from tui.widgets.histogram import HistogramView
from tui.widgets.line_list import LineList
from tui.widgets.pane import Pane, Title
from tui.widgets.roc_curve import RocCurve
from tui.widgets.status_line import StatusLine
from tui.widgets.survey_arms import ArmsView
from tui.widgets.survey_pairs import PairsList
from tui.widgets.survey_results import ResultsHeader, ResultsList
from tui.widgets.text_block import TextBlock

WIDE = (140, 40)
KEYS = (
    "n new · space pause, go on · c cancel · s figure · tab part · enter opens a picture · esc back"
)
NARROW_KEYS = "n new · space pause · c cancel · s figure · 1–3 pages · enter open · esc back"
STATES = {
    "running": "running",
    "paused": "paused: space goes on",
    "stopped": "stopped: space goes on",
    "finished": "finished",
}


class SurveyScreen(WorkspaceScreen):
    """How a survey is begun, watched, held and read. It goes on when the screen is left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,g", "dismiss", "Back", show=False),
        Binding("n", "new", show=False),
        Binding("space", "pause", show=False),
        Binding("c", "stop", show=False),
        Binding("s", "statistic", show=False),
        Binding("1", "page(1)", show=False),
        Binding("2", "page(2)", show=False),
        Binding("3", "page(3)", show=False),
        Binding("q", "app.leave", show=False),
    ]
    DEFAULT_CSS = """
    SurveyScreen #survey-progress, SurveyScreen #survey-note, SurveyScreen #survey-keys {
      width: 1fr; height: 1; padding: 0 1;
    }
    SurveyScreen #survey-body { width: 1fr; height: 1fr; padding: 0 0 0 1; }
    SurveyScreen LineList { width: 1fr; height: 1fr; }
    SurveyScreen #survey-arms-pane { height: 11; }
    SurveyScreen #survey-right, SurveyScreen #survey-left { width: 1fr; height: 1fr; }
    SurveyScreen.-wide #survey-left { width: 1.5fr; }
    SurveyScreen #survey-ends { width: 1fr; height: 13; }
    SurveyScreen.-paged #survey-left, SurveyScreen.-paged #survey-right { display: none; }
    SurveyScreen.-paged #survey-ends { height: 1fr; layout: vertical; }
    SurveyScreen.-paged.-page-1 #survey-left { display: block; }
    SurveyScreen.-paged.-page-1 #survey-arms-pane { height: 6; }
    SurveyScreen.-paged.-page-1 #survey-ends { display: none; }
    SurveyScreen.-paged.-page-2 #survey-right { display: block; layout: horizontal; }
    SurveyScreen.-paged.-page-2 #survey-ends { display: none; }
    SurveyScreen.-paged.-page-3 #survey-body { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._page = 1

    def compose(self) -> ComposeResult:
        """Progress, arms and results on the left, curves on the right, pictures below."""
        yield Title("Survey")
        yield TextBlock(id="survey-progress")
        yield TextBlock(id="survey-note", color=QUIET)
        with Horizontal(id="survey-body"):
            with Vertical(id="survey-left"):
                yield Pane("Attacks", ArmsView(id="survey-arms"), id="survey-arms-pane")
                yield Pane(
                    "Results",
                    ResultsHeader(),
                    ResultsList(id="survey-results"),
                    id="survey-results-pane",
                )
            with Vertical(id="survey-right"):
                yield Pane("Histogram", HistogramView(id="survey-histogram"), id="survey-h-pane")
                yield Pane("ROC", RocCurve(id="survey-roc"), id="survey-roc-pane")
        with Horizontal(id="survey-ends"):
            yield Pane("Told apart best", PairsList(id="survey-most"), id="survey-most-pane")
            yield Pane("Told apart worst", PairsList(id="survey-least"), id="survey-least-pane")
        yield StatusLine(id="status")
        yield TextBlock(id="survey-keys", color=QUIET)

    @property
    def view(self) -> SurveyView:
        """What is known of the survey."""
        return self.workspace.survey

    def on_mount(self) -> None:
        """Show what there is; ask for settings where there is nothing yet."""
        network = self.workspace.network
        self.query_one(StatusLine).show_model(network.info, network.settings.name, network.loading)
        self.action_page(1)
        self.query_one(ResultsList).focus()
        self.show()
        if self.view.settings is None:
            self.call_after_refresh(self.action_new)

    def on_resize(self, event: events.Resize) -> None:
        """Everything together, or pages."""
        width, height = event.size
        wide = width >= WIDE[0] and height >= WIDE[1]
        self.set_class(wide, "-wide")
        self.set_class(not wide, "-paged")
        self.query_one("#survey-keys", TextBlock).show(KEYS if wide else NARROW_KEYS)

    # --- events ---------------------------------------------------------------------------------

    def take(self, event: Event) -> None:
        """Show what an event has changed."""
        status = self.query_one(StatusLine)
        if isinstance(event, SurveyProgress | Failed):
            self.show()
            if isinstance(event, Failed):
                status.show_error(event.message)
        elif isinstance(event, Status):
            status.show_status(event)
        elif isinstance(event, Progress):
            status.show_progress(event)

    def show(self) -> None:
        """Show the survey as it is now."""
        view, frame = self.view, self.view.frame
        settings = view.settings
        note = "no survey yet: n begins one"
        if settings is not None:
            experiment, execution = settings
            note = f"{safe(experiment.folder)} → {safe(execution.out)}"
        self.query_one(Title).set(note)
        progress = self.query_one("#survey-progress", TextBlock)
        if view.error:
            progress.show(safe(view.error), TARGET)
        elif frame is None:
            progress.show("looking at the folder" if settings else "", QUIET)
        else:
            state = "ending after the pictures in work" if view.ending else STATES[frame.state]
            progress.show(f"{state} · {safe(progress_text(frame))}", ACCENT)
        notes = " · ".join(safe(note) for note in frame.notes) if frame else ""
        self.query_one("#survey-note", TextBlock).show(notes)
        self.query_one(ArmsView).show(frame.arms if frame else ())
        self.query_one(ResultsList).show(view.rows(), frame.arms if frame else ())
        self.query_one("#survey-most", PairsList).show(frame.most if frame else ())
        self.query_one("#survey-least", PairsList).show(frame.least if frame else ())
        figure = "all figures" if view.statistic == ALL else safe(view.statistic)
        self.query_one("#survey-results-pane", Pane).heading.set(
            f"{figure} · AUROC: higher for the clean picture", figure
        )
        by = f"by {frame.statistic}, {frame.explanations[0]}" if frame else ""
        for name in ("most", "least"):
            self.query_one(f"#survey-{name}-pane", Pane).heading.set(safe(by), "")
        self._show_curves()

    def _show_curves(self) -> None:
        row = self.query_one(ResultsList).current
        self.query_one(HistogramView).show(
            row.edges if row else None,
            row.clean if row else None,
            row.adversarial if row else None,
        )
        self.query_one(RocCurve).show(row)
        arms = {arm.key: arm.name for arm in self.view.frame.arms} if self.view.frame else {}
        name = f"{row.statistic} · {arms.get(row.arm, row.arm)}" if row else ""
        self.query_one("#survey-h-pane", Pane).heading.set(safe(name))
        self.query_one("#survey-roc-pane", Pane).heading.set(safe(row.explanation) if row else "")

    @on(LineList.Moved)
    def _moved(self, event: LineList.Moved) -> None:
        if isinstance(event.lines, ResultsList):
            self._show_curves()

    @on(LineList.Selected)
    def _selected(self, event: LineList.Selected) -> None:
        """Open a picture in the explorer, with the survey's settings."""
        if not isinstance(event.lines, PairsList):
            return
        pair = event.lines.pairs[event.index]
        self.host.send(*self.workspace.open_surveyed(pair))
        self.dismiss(None)

    # --- keys -----------------------------------------------------------------------------------

    def action_new(self) -> None:
        """Ask for settings and begin."""
        workspace, model = self.workspace, self.workspace.network.settings
        asked = self.view.settings or default_settings(
            self.host.paths, model, workspace.attack.settings, workspace.explain
        )

        def taken(settings: Asked | None) -> None:
            if settings is not None:
                self.host.send(*self.view.start(settings))
            self.show()

        form: FormScreen[Asked] = FormScreen(
            "New survey", survey_fields(*asked), lambda texts: build_survey(texts, model)
        )
        self.app.push_screen(form, taken)

    def action_pause(self) -> None:
        """Hold the survey, or let it go on."""
        self.host.send(*self.view.pause_or_go_on())
        self.show()

    def action_stop(self) -> None:
        """End after the pictures in work."""
        self.host.send(*self.view.stop())
        self.show()

    def action_statistic(self) -> None:
        """Look at the next figure alone."""
        self.view.next_statistic()
        self.show()

    def action_page(self, page: int) -> None:
        """Show a page of a small window."""
        self._page = page
        for number in (1, 2, 3):
            self.set_class(number == page, f"-page-{number}")
        focus = "#survey-most" if page == 3 else "#survey-results"
        self.query_one(focus).focus()

    async def action_dismiss(self, result: None = None) -> None:
        """Back to the explorer; the survey goes on."""
        self.dismiss(None)
