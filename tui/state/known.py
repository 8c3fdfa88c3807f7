"""What the screen knows of the work: settings, the open picture, the attack, the evidence.

Plain data without a screen. `take` brings in an event and says whether it still matters; what is
asked of the worker is in `tui.state.workspace`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Literal, get_args

from engine.types import (
    AttackSettings,
    ByteArray,
    ClassLabel,
    Evidence,
    EvidencePoint,
    ExplainSettings,
    Frame,
    ModelInfo,
    ModelSettings,
    Prediction,
    Query,
)
from engine.worker.protocol import (
    Event,
    EvidenceTraced,
    Explained,
    Failed,
    Loaded,
    LoadModel,
    Open,
    Opened,
    Status,
    Stepped,
    SurveyProgress,
)
from tui.draw.pixels import HeatMode
from tui.state.survey import SurveyView

ClassChoice = Literal["prediction", "target", "original", "picked"]
CLASS_CHOICES: tuple[ClassChoice, ...] = get_args(ClassChoice)

LOADING = (LoadModel.__name__, "load")
"""The tasks whose failure means that the network did not come."""


@dataclass(frozen=True, slots=True)
class Look:
    """How heatmaps are drawn. `shared`: one scale of colours for all pictures."""

    mode: HeatMode = "signed"
    overlay: bool = True
    shared: bool = True


def top(predictions: tuple[Prediction, ...]) -> Prediction:
    """The likeliest of `predictions`."""
    return max(predictions, key=lambda prediction: prediction.probability)


class Known:
    """The state that all screens share, and what follows from it."""

    def __init__(
        self, model: ModelSettings, attack: AttackSettings, explain: ExplainSettings
    ) -> None:
        self.model = model
        self.attack = attack
        self.explain = explain
        self.loading = False
        self._loaded: ModelSettings | None = None
        self.info: ModelInfo | None = None
        self.opened: Opened | None = None
        self.frame: Frame | None = None
        self.evidence: Evidence | None = None
        self.juxtaposed: Evidence | None = None
        self.explained_picture: ByteArray | None = None
        self.look = Look()
        self.survey = SurveyView()
        self.points: tuple[EvidencePoint, ...] = ()
        self.statistic = ""
        self.class_choice: ClassChoice = "prediction"
        self.picked: ClassLabel | None = None
        self.auto_evidence = True
        self.trace_on = False
        self.path = ""
        self.refused = ""
        """The picture that could not be opened last."""
        self.play_on_arrival = False
        """Whether the attack was asked for before there was a picture."""
        self.explaining = False
        self.status: Status | None = None
        self._ids = count(1)
        self._open_run = self._attack_run = self._explain_run = 0
        self._evidence_attack = 0  # the attack that the evidence belongs to; 0: none had begun
        self._juxtaposed_attack = 0
        self._asked_attack = 0
        self._asked_juxtapose = False
        self._wanted: int | None = None  # the step last sought, until its frame arrives

    @property
    def attack_run(self) -> int:
        """The run of the attack shown or asked for last; 0 where there is none."""
        return self._attack_run

    @property
    def changed(self) -> bool:
        """Whether the settings differ from those of the attack that is shown."""
        return self.frame is not None and self.frame.settings != self.attack

    # --- what is shown --------------------------------------------------------------------------

    @property
    def steps(self) -> int:
        """Iterations of the attack that is shown, or of the next one."""
        return (self.frame.settings if self.frame else self.attack).iterations

    def label(self, index: int) -> str:
        """Name of a class."""
        if self.info and 0 <= index < len(self.info.labels):
            return self.info.labels[index]
        return f"class {index}"

    def queries(self) -> tuple[Query, ...]:
        """Which class to explain in which picture, by the choice made."""
        if self.opened is None:
            return ()
        clean = adversarial = self.opened.original.index
        if self.frame is not None and self.class_choice == "prediction":
            adversarial = top(self.frame.predictions).index
        elif self.class_choice == "target" and self.frame and self.frame.target:
            clean = adversarial = self.frame.target.index
        elif self.class_choice == "picked" and self.picked:
            clean = adversarial = self.picked.index
        queries = [Query("clean", clean)]
        if self.frame is not None:
            queries.append(Query("adversarial", adversarial))
        return tuple(queries)

    def top_queries(self, ranks: int = 5) -> tuple[Query, ...]:
        """The likeliest classes of each side, for the juxtaposition."""
        if self.opened is None:
            return ()
        sides: list[Query] = []
        for side, predictions in (
            ("clean", self.opened.predictions),
            ("adversarial", self.frame.predictions if self.frame else ()),
        ):
            ordered = sorted(predictions, key=lambda p: -p.probability)[:ranks]
            sides += [Query(side, prediction.index) for prediction in ordered]  # type: ignore[arg-type]
        return tuple(sides)

    @property
    def evidence_stale(self) -> str:
        """What the evidence is not of, if it belongs to something else than what is shown."""
        if self.evidence is None:
            return ""
        if self.frame and (self.other_attack or self.evidence.step != self.frame.step):
            return f"what is shown (step {self.frame.step})"
        if self.other_attack:
            return "what is shown"
        return "" if self.evidence.settings == self.explain else "the settings as they are now"

    @property
    def other_attack(self) -> bool:
        """Whether the evidence belongs to an attack before the one shown."""
        return self._evidence_attack != self._attack_run

    def running(self, juxtaposed: bool = False) -> bool:
        """Whether the evidence, or the juxtaposition, goes on refining."""
        return self.explaining and self._asked_juxtapose == juxtaposed

    # --- events ---------------------------------------------------------------------------------

    def take(self, event: Event) -> bool:
        """Bring in an event; False for one that nobody waits for any more."""
        if isinstance(event, SurveyProgress):
            return self.survey.take(event)
        if isinstance(event, Failed):
            self.survey.take(event)
        if isinstance(event, Loaded):
            self.info, self.loading, self._loaded = event.info, False, self.model
            self._forget_picture()
            self.play_on_arrival = self.play_on_arrival and bool(self.path)
        elif isinstance(event, Opened):
            if event.run_id != self._open_run:
                return False
            self._forget_picture()
            self.opened = event
        elif isinstance(event, Stepped):
            if event.run_id != self._attack_run:
                return False
            self.frame = event.frame
            if event.frame.step == self._wanted or event.frame.playing:
                self._wanted = None
        elif isinstance(event, Explained):
            if event.run_id != self._explain_run:
                return False
            self.explaining = not event.evidence.done
            if self._asked_juxtapose:
                self.juxtaposed = event.evidence
                self._juxtaposed_attack = self._asked_attack
                return True
            self.evidence = event.evidence
            self._evidence_attack = self._asked_attack
            if self.frame and self.frame.step == event.evidence.step and not self.other_attack:
                self.explained_picture = self.frame.picture
        elif isinstance(event, EvidenceTraced):
            if event.run_id != self._attack_run or not self.trace_on:
                return False
            self.points, self.statistic = event.points, event.statistic
        elif isinstance(event, Status):
            self.status = event
        elif isinstance(event, Failed):
            self._wanted = None
            self.explaining = False
            if event.task in LOADING:
                self._keep_network()
                self.play_on_arrival = False
            elif event.task == Open.__name__:
                self.refused = self.path
                self.play_on_arrival = False
                if self.opened is not None:
                    self.path = self.opened.path
        return True

    def _forget_picture(self) -> None:
        self.opened = self.frame = self.evidence = self.juxtaposed = None
        self.explained_picture = None
        self.points = ()
        self.picked = None
        self._attack_run = 0
        self._wanted = None
        if self.class_choice == "picked":
            self.class_choice = "prediction"

    def _keep_network(self) -> None:
        self.loading = False
        self.model = self._loaded or self.model
