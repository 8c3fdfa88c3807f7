"""What the screen knows of the work: settings, the open picture, the attack, the evidence.

Plain data without a screen. Methods that ask for work return the commands to send; `take`
brings in an event and says whether it still matters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import Literal, get_args

from engine.events import (
    Cancel,
    Command,
    Event,
    EvidenceTraced,
    Explain,
    Explained,
    Failed,
    Loaded,
    LoadModel,
    Open,
    Opened,
    Pause,
    Play,
    Seek,
    StartAttack,
    Status,
    StepBy,
    Stepped,
    SurveyProgress,
    TraceEvidence,
)
from engine.types import (
    METHODS,
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
from tui.ladder import next_epsilon
from tui.pixels import HeatMode
from tui.survey_state import SurveyView

ClassChoice = Literal["prediction", "target", "original", "picked"]
CLASS_CHOICES: tuple[ClassChoice, ...] = get_args(ClassChoice)

TRACE_SHARE = 0.3
"""Part of the worker's time that evidence beside a playing attack may take."""
TRACE_POINTS = 20
"""Iterations explained per attack, about."""


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


class Session:
    """The state that all screens share."""

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
        self.explaining = False
        self.status: Status | None = None
        self._ids = count(1)
        self._open_run = self._attack_run = self._explain_run = 0
        self._evidence_attack = 0  # the attack that the evidence belongs to; 0: none had begun
        self._asked_attack = 0
        self._asked_juxtapose = False
        self._wanted: int | None = None  # the step last sought, until its frame arrives

    # --- what is asked of the worker ------------------------------------------------------------

    def load_model(self, settings: ModelSettings) -> list[Command]:
        """Load a network; the open picture is opened anew when it is there."""
        self.model = settings
        self.loading = True
        return [LoadModel(settings)]

    def open(self, path: str) -> list[Command]:
        """Open a picture, at once or as soon as a network is there."""
        self.path = path
        if self.info is None or self.loading:
            return []
        self._open_run = next(self._ids)
        self._attack_run = 0
        return [Open(self._open_run, path)]

    def start(self, play: bool) -> list[Command]:
        """Begin the attack on the open picture as the settings say."""
        if self.opened is None:
            return []
        self._attack_run = next(self._ids)
        self._wanted = None
        self.points = ()
        return [
            StartAttack(self._attack_run, self.attack, play),
            *(self._trace_commands() if self.trace_on else ()),
        ]

    def play_or_pause(self) -> list[Command]:
        """Play, pause, or begin; an attack that has ended begins again."""
        if self.frame is None or self.frame.finished:
            return self.start(play=True)
        self._wanted = None
        return [Pause()] if self.frame.playing else [Play()]

    def cancel(self) -> list[Command]:
        """Stop what runs; the network before stays where another was being loaded."""
        self._keep_network()
        return [Cancel()]

    def _keep_network(self) -> None:
        self.loading = False
        self.model = self._loaded or self.model

    def step(self, by: int) -> list[Command]:
        """Move the cursor; begins the attack, paused, where there is none."""
        if self.frame is None:
            return [*self.start(play=False), StepBy(1)] if self.opened and by > 0 else []
        return self.seek(self._cursor + by)

    def seek(self, step: int) -> list[Command]:
        """Show an iteration, computing the next one where it lies beyond the last."""
        if self.frame is None:
            return []
        last = self.frame.trace[-1].step if self.frame.trace else self.frame.step
        if step <= last:
            step = max(0, step)
            if step == self._cursor and not self.frame.playing:
                return []
            self._wanted = step
            return [Seek(step)]
        self._wanted = None
        return [] if self.frame.finished else [StepBy(1)]

    @property
    def _cursor(self) -> int:
        """Where the cursor is or, frames arriving late, where it was last sent to."""
        if self._wanted is not None:
            return self._wanted
        return self.frame.step if self.frame else 0

    def explain_now(self) -> list[Command]:
        """Explain the chosen class of the clean picture and of the iteration shown."""
        return self._explain(self.queries(), juxtapose=False)

    def juxtapose(self, queries: tuple[Query, ...]) -> list[Command]:
        """Explain these side by side."""
        self.juxtaposed = None
        return self._explain(queries, juxtapose=True)

    def _explain(self, queries: tuple[Query, ...], juxtapose: bool) -> list[Command]:
        if not queries:
            return []
        self._explain_run = next(self._ids)  # what was asked for before is not waited for
        self._asked_attack = self._attack_run
        self._asked_juxtapose = juxtapose
        self.explaining = True
        return [Explain(self._explain_run, queries, self.explain)]

    def toggle_trace(self) -> list[Command]:
        """Turn the evidence on the time axis on or off."""
        self.trace_on = not self.trace_on
        if not self.trace_on:
            self.points = ()
        return self._trace_commands()

    def _trace_commands(self) -> list[Command]:
        every = max(1, self.attack.iterations // TRACE_POINTS) if self.trace_on else 0
        return [TraceEvidence(every, TRACE_SHARE, self.explain)]

    # --- settings -------------------------------------------------------------------------------

    def cycle_method(self) -> None:
        """Take the next method."""
        following = METHODS[(METHODS.index(self.attack.method) + 1) % len(METHODS)]
        self.attack = replace(self.attack, method=following)

    def change_epsilon(self, up: bool) -> None:
        """Take the next larger or smaller epsilon."""
        self.attack = replace(self.attack, epsilon=next_epsilon(self.attack.epsilon, up))

    def new_seed(self) -> None:
        """Take the next seed."""
        self.attack = replace(self.attack, seed=(self.attack.seed + 1) % 2**32)

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
    def evidence_stale(self) -> bool:
        """Whether the evidence belongs to another iteration or attack than the one shown."""
        if self.evidence is None:
            return False
        if self.other_attack:
            return True
        return self.frame is not None and self.evidence.step != self.frame.step

    @property
    def other_attack(self) -> bool:
        """Whether the evidence belongs to an attack before the one shown."""
        return self._evidence_attack != self._attack_run

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
            elif event.task == Open.__name__ and self.opened is not None:
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
