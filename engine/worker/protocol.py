"""The commands that the worker takes and the events that it gives back.

Both are frozen records. A `run_id` is chosen by the sender of the command and comes back in
every event that the command causes, so that the screen can drop what it no longer waits for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.types import (
    AttackSettings,
    ByteArray,
    ClassLabel,
    Evidence,
    EvidencePoint,
    Execution,
    Experiment,
    ExplainSettings,
    Frame,
    ListedModel,
    ModelInfo,
    ModelSettings,
    Prediction,
    Query,
    SavedAttack,
    SurveyFrame,
)

# --- commands ---------------------------------------------------------------------------------


class Command:
    """What the worker can be asked for."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class FindPictures(Command):
    """List the pictures in these files and folders (answered by `Found`, in batches).

    Without paths the shipped sample pictures are listed. What is explained from then on has its
    background from this list, and waits until the list is whole.
    """

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoadModel(Command):
    """Load a network (answered by `Loaded`). The open picture and its runs are dropped."""

    settings: ModelSettings


@dataclass(frozen=True, slots=True)
class ListModels(Command):
    """Say which networks can be loaded (answered by `ModelsListed`)."""


@dataclass(frozen=True, slots=True)
class Glance(Command):
    """Predict these pictures when there is nothing else to do (answered by `Glanced`).

    A new one replaces the pictures still waiting.
    """

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Open(Command):
    """Decode a picture, fit and classify it (answered by `Opened`)."""

    run_id: int
    path: str


@dataclass(frozen=True, slots=True)
class StartAttack(Command):
    """Begin an attack on the open picture, paused at step 0 or playing (answered by `Stepped`)."""

    run_id: int
    settings: AttackSettings
    play: bool = False


@dataclass(frozen=True, slots=True)
class StepBy(Command):
    """Advance the cursor by n iterations; computes those not yet computed. Pauses."""

    n: int = 1


@dataclass(frozen=True, slots=True)
class Play(Command):
    """Iterate on from the last step until the attack ends or is paused."""


@dataclass(frozen=True, slots=True)
class Pause(Command):
    """Stop iterating; nothing is lost."""


@dataclass(frozen=True, slots=True)
class Seek(Command):
    """Show an iteration that has been computed already. Pauses."""

    step: int


@dataclass(frozen=True, slots=True)
class Explain(Command):
    """Explain classes of the clean picture and of the iteration at the cursor.

    Answered by `Explained`, many times. A new one replaces the running one.
    """

    run_id: int
    queries: tuple[Query, ...]
    settings: ExplainSettings


@dataclass(frozen=True, slots=True)
class TraceEvidence(Command):
    """Explain every k-th iteration for target and original class beside the attack.

    `share` in (0, 1) is the part of the worker's time that this may take while the attack plays.
    `every` 0 turns it off.
    """

    every: int
    share: float
    settings: ExplainSettings


@dataclass(frozen=True, slots=True)
class Save(Command):
    """Write the adversarial picture at the cursor as .npy and .png (answered by `Saved`)."""

    folder: str


@dataclass(frozen=True, slots=True)
class Survey(Command):
    """Run the experiment over a folder, or go on with it (answered by `SurveyProgress`).

    A new one takes the place of one that runs. Takes the loaded network.
    """

    run_id: int
    experiment: Experiment
    execution: Execution


@dataclass(frozen=True, slots=True)
class SteerSurvey(Command):
    """Hold the survey between two chunks, let it go on, or end it after the items in work."""

    wish: Literal["pause", "resume", "stop"]


@dataclass(frozen=True, slots=True)
class CompareSurveys(Command):
    """Write a comparison of finished or unfinished runs (answered by `SurveysCompared`)."""

    folders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cancel(Command):
    """Stop what runs (loading, attack, explanation); what was computed stays."""


@dataclass(frozen=True, slots=True)
class Shutdown(Command):
    """End the thread after the chunk in work."""


# --- events -----------------------------------------------------------------------------------


class Event:
    """What the worker tells."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Found(Event):
    """Pictures found, in sorted order within each folder; `done` with the last batch."""

    paths: tuple[str, ...]
    done: bool


@dataclass(frozen=True, slots=True)
class Progress(Event):
    """Work that takes over half a second: `done` of `total` `unit`s (total 0: unknown).

    `finished` closes it. `seconds_left` is nan while unknown; `rate` is units a second.
    """

    task: str
    done: float = 0.0
    total: float = 0.0
    unit: str = ""
    rate: float = float("nan")
    seconds_left: float = float("nan")
    finished: bool = False


@dataclass(frozen=True, slots=True)
class Status(Event):
    """For the status line. `memory` in bytes (the device's; the process's on a CPU)."""

    doing: str
    device: str
    memory: int
    rate: float
    """Attack iterations a second; nan when none ran."""


@dataclass(frozen=True, slots=True)
class Loaded(Event):
    """A network is ready."""

    info: ModelInfo


@dataclass(frozen=True, slots=True)
class ModelsListed(Event):
    """All networks that can be loaded, the built-in one first."""

    models: tuple[ListedModel, ...]


@dataclass(frozen=True, slots=True)
class Glanced(Event):
    """Top prediction of a picture in the list, or None with the reason why there is none."""

    path: str
    prediction: Prediction | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Opened(Event):
    """A picture is open: what the network sees of it, and what it predicts."""

    run_id: int
    path: str
    picture: ByteArray
    predictions: tuple[Prediction, ...]
    original: ClassLabel


@dataclass(frozen=True, slots=True)
class Stepped(Event):
    """The attack moved, or the cursor was moved."""

    run_id: int
    frame: Frame


@dataclass(frozen=True, slots=True)
class Explained(Event):
    """A running explanation; the last one has `evidence.done`."""

    run_id: int
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class EvidenceTraced(Event):
    """All points of the evidence trace of this attack so far (`statistic` names the figure)."""

    run_id: int
    statistic: str
    points: tuple[EvidencePoint, ...]


@dataclass(frozen=True, slots=True)
class Saved(Event):
    """The attack is in files."""

    saved: SavedAttack


@dataclass(frozen=True, slots=True)
class SurveyProgress(Event):
    """How far the survey is; the last one's state is finished or stopped."""

    run_id: int
    frame: SurveyFrame


@dataclass(frozen=True, slots=True)
class SurveysCompared(Event):
    """Runs side by side, as Markdown."""

    text: str


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """What a command asked for did not come; `message` is one sentence for the user.

    `command` is the command's type, `run_id` its run (0: it has none). Everything else that was
    asked for goes on. Where torch itself cannot be imported, `LoadModel` fails and `Stopped`
    follows.
    """

    command: type[Command]
    message: str
    run_id: int = 0


@dataclass(frozen=True, slots=True)
class Stopped(Event):
    """The thread has ended."""
