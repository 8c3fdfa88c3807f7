"""All that the screens know of the work, each thing in one place, and what they ask of the worker.

Plain data without a screen. `take` brings in an event and says whether it still matters; the
requests return the commands to send.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from engine.types import (
    AttackSettings,
    ExplainSettings,
    ModelSettings,
    Prediction,
    Query,
    SurveyedPair,
    thresholds,
    values_of,
)
from engine.worker.protocol import (
    Cancel,
    Command,
    Event,
    EvidenceTraced,
    Explained,
    Failed,
    Loaded,
    LoadModel,
    ModelsListed,
    Opened,
    Status,
    StepBy,
    Stepped,
    SurveyProgress,
)
from tui.state.attack import AttackView
from tui.state.evidence import EvidenceView
from tui.state.explained_class import ExplainedClass
from tui.state.failures import is_failure_of
from tui.state.look import Look
from tui.state.network import NetworkView
from tui.state.picture import ChosenPicture
from tui.state.survey import SurveyView


class Workspace:
    """The state that all screens share.

    `explain` are the settings of the next explanation, `follow` says whether evidence follows by
    itself. `evidence` is the panel's, `juxtaposition` that of many classes side by side.
    """

    def __init__(
        self, model: ModelSettings, attack: AttackSettings, explain: ExplainSettings
    ) -> None:
        ids = count(1)  # one for all, so that a run id says whose an answer is
        self.network = NetworkView(model)
        self.picture = ChosenPicture(ids)
        self.attack = AttackView(attack, ids)
        self.explain_values: dict[str, Any] = {}
        """The value last set for each field of an explanation, whichever explainer uses it."""
        self.explain = explain
        self.explained_class = ExplainedClass()
        self.follow = True
        self.evidence = EvidenceView(ids)
        self.juxtaposition = EvidenceView(ids)
        self.survey = SurveyView(ids)
        self.look = Look()
        self.status: Status | None = None
        self.thresholds = thresholds.read()

    # --- what follows from it -------------------------------------------------------------------

    @property
    def explain(self) -> ExplainSettings:
        """Settings of the next explanation."""
        return self._explain_settings

    @explain.setter
    def explain(self, settings: ExplainSettings) -> None:
        self._explain_settings = settings
        self.explain_values |= values_of(settings)

    @property
    def picture_comes(self) -> bool:
        """Whether there is no picture yet, but will be."""
        picture, network = self.picture, self.network
        coming = picture.path and network.info and not picture.refused
        return picture.opened is None and bool(network.loading or coming)

    @property
    def clean_predictions(self) -> tuple[Prediction, ...]:
        """Of the clean picture: as the attack tells them, with its target among them."""
        frame = self.attack.frame
        if self.picture.opened and frame and frame.clean:
            return frame.clean
        return self.picture.predictions

    @property
    def explaining(self) -> bool:
        """Whether evidence is waited for, the panel's or the juxtaposition's."""
        return self.evidence.running or self.juxtaposition.running

    @property
    def of_other_attack(self) -> bool:
        """Whether the evidence belongs to an attack before the one shown."""
        return self.evidence.attack != self.attack.run

    @property
    def evidence_stale(self) -> str:
        """What the evidence is not of, if it belongs to something else than what is shown."""
        evidence, frame = self.evidence.shown, self.attack.frame
        if evidence is None:
            return ""
        if frame and (self.of_other_attack or evidence.step != frame.step):
            return f"what is shown (step {frame.step})"
        if self.of_other_attack:
            return "what is shown"
        return "" if evidence.settings == self.explain else "the settings as they are now"

    @property
    def evidence_wanted(self) -> bool:
        """Whether the panel's evidence is neither that of what is shown nor on its way."""
        there = self.evidence.running or self.evidence.complete
        return self.juxtaposition.running or bool(self.evidence_stale) or not there

    # --- events ---------------------------------------------------------------------------------

    def take(self, event: Event) -> bool:
        """Bring in an event; False for one that nobody waits for any more."""
        match event:
            case Loaded(info=info):
                self.network.take(info)
                self._forget_picture()
                self.picture.play_on_arrival &= bool(self.picture.path)
            case ModelsListed(models=models):
                self.network.listed = models
            case Opened():
                if not self.picture.take(event):
                    return False
                self._forget_runs()
            case Stepped() | EvidenceTraced():
                return self.attack.take(event)
            case Explained():
                views = self.evidence, self.juxtaposition
                return any(view.take(event, self.attack) for view in views)
            case SurveyProgress():
                if not self.survey.take(event):
                    return False
                if event.frame.state == "finished":  # it has written its own
                    self.thresholds = thresholds.read()
            case Status():
                self.status = event
            case Failed():
                self._take_failure(event)
        return True

    def _take_failure(self, event: Failed) -> None:
        """Each part looks whether it is its own request that has failed."""
        if is_failure_of(event, LoadModel):
            self.network.give_up()
            self.picture.play_on_arrival = False
        self.picture.take_failure(event)
        self.attack.take_failure(event)
        self.evidence.take_failure(event)
        self.juxtaposition.take_failure(event)
        self.survey.take_failure(event)

    def _forget_picture(self) -> None:
        self.picture.forget()
        self._forget_runs()

    def _forget_runs(self) -> None:
        self.attack.forget()
        self.evidence.forget()
        self.juxtaposition.forget()
        self.explained_class.forget()

    # --- requests -------------------------------------------------------------------------------

    def load(self, settings: ModelSettings) -> list[Command]:
        """Load a network; the open picture is opened anew when it is there."""
        self._stop_waiting_for_evidence()
        return self.network.load(settings)

    def open(self, path: str) -> list[Command]:
        """Open a picture, at once or as soon as a network is there."""
        self.picture.choose(path)
        self._stop_waiting_for_evidence()
        if self.network.info is None or self.network.loading:
            return []
        self.attack.leave()
        return self.picture.open()

    def open_waiting(self) -> list[Command]:
        """Open the picture that was chosen while a network was being loaded."""
        if self.network.info and self.picture.waits:
            return self.open(self.picture.path)
        return []

    def open_surveyed(self, pair: SurveyedPair) -> list[Command]:
        """Open a picture of a survey and repeat its attack, both with the survey's settings."""
        self.attack.settings, self.explain = pair.attack, pair.explain
        self.picture.play_on_arrival = True
        return self.open(pair.path)

    def start(self, play: bool) -> list[Command]:
        """Begin the attack on the open picture as the settings say."""
        if self.picture.opened is None:
            return []
        self._stop_waiting_for_evidence()
        return self.attack.start(play, self.explain)

    def play_or_pause(self) -> list[Command]:
        """Play, pause, or begin; an attack that has ended begins again."""
        frame = self.attack.frame
        return self.start(play=True) if frame is None or frame.finished else self.attack.toggle()

    def step(self, by: int) -> list[Command]:
        """Move the cursor; begins the attack, paused, where there is none."""
        if self.attack.frame is not None:
            return self.attack.seek(self.attack.cursor + by)
        return [*self.start(play=False), StepBy(1)] if self.picture.opened and by > 0 else []

    def cancel(self) -> list[Command]:
        """Stop what runs; the network before stays where another was being loaded."""
        was_loading = self.network.loading
        self.network.give_up()
        self._stop_waiting_for_evidence()
        self.picture.play_on_arrival = False
        return [Cancel(), *(self.open_waiting() if was_loading else ())]

    def explain_now(self) -> list[Command]:
        """Explain the chosen class of the clean picture and of the iteration shown."""
        queries = self.explained_class.queries(self.picture.opened, self.attack.frame)
        return self._explain(queries, self.evidence)

    def juxtapose(self, queries: tuple[Query, ...]) -> list[Command]:
        """Explain these side by side; what is there of the same pictures stays until then."""
        view, frame = self.juxtaposition, self.attack.frame
        step = frame.step if frame else 0
        if view.shown and (view.shown.step != step or view.attack != self.attack.run):
            view.forget()
        return self._explain(queries, view)

    def toggle_trace(self) -> list[Command]:
        """Turn the evidence on the time axis on or off."""
        return self.attack.toggle_trace(self.explain)

    def _explain(self, queries: tuple[Query, ...], view: EvidenceView) -> list[Command]:
        if not queries:
            return []
        self._stop_waiting_for_evidence()  # the worker drops the one for the other
        return view.ask(queries, self.explain, self.attack.run)

    def _stop_waiting_for_evidence(self) -> None:
        self.evidence.stop_waiting()
        self.juxtaposition.stop_waiting()
