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
    ExplainSettings,
    Frame,
    ListedModel,
    ModelInfo,
    ModelSettings,
    Prediction,
    Query,
    SurveyFrame,
    SurveySettings,
)

# --- commands ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FindPictures:
    """List the pictures in these files and folders (answered by `Found`, in batches).

    Without paths the shipped sample pictures are listed.
    """

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoadModel:
    """Load a network (answered by `Loaded`). The open picture and its runs are dropped."""

    settings: ModelSettings


@dataclass(frozen=True, slots=True)
class ListModels:
    """Say which networks can be loaded (answered by `ModelsListed`)."""


@dataclass(frozen=True, slots=True)
class Glance:
    """Predict these pictures when there is nothing else to do (answered by `Glanced`).

    A new one replaces the pictures still waiting.
    """

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Open:
    """Decode a picture, fit and classify it (answered by `Opened`)."""

    run_id: int
    path: str


@dataclass(frozen=True, slots=True)
class StartAttack:
    """Begin an attack on the open picture, paused at step 0 or playing (answered by `Stepped`)."""

    run_id: int
    settings: AttackSettings
    play: bool = False


@dataclass(frozen=True, slots=True)
class StepBy:
    """Advance the cursor by n iterations; computes those not yet computed. Pauses."""

    n: int = 1


@dataclass(frozen=True, slots=True)
class Play:
    """Iterate on from the last step until the attack ends or is paused."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop iterating; nothing is lost."""


@dataclass(frozen=True, slots=True)
class Seek:
    """Show an iteration that has been computed already. Pauses."""

    step: int


@dataclass(frozen=True, slots=True)
class Explain:
    """Explain classes of the clean picture and of the iteration at the cursor.

    Answered by `Explained`, many times. A new one replaces the running one.
    """

    run_id: int
    queries: tuple[Query, ...]
    settings: ExplainSettings


@dataclass(frozen=True, slots=True)
class TraceEvidence:
    """Explain every k-th iteration for target and original class beside the attack.

    `share` in (0, 1) is the part of the worker's time that this may take while the attack plays.
    `every` 0 turns it off.
    """

    every: int
    share: float
    settings: ExplainSettings


@dataclass(frozen=True, slots=True)
class Save:
    """Write the adversarial picture at the cursor as .npy and .png (answered by `Saved`)."""

    folder: str


@dataclass(frozen=True, slots=True)
class Survey:
    """Run the experiment over a folder, or go on with it (answered by `SurveyProgress`).

    A new one takes the place of one that runs. Takes the loaded network.
    """

    run_id: int
    settings: SurveySettings


@dataclass(frozen=True, slots=True)
class SteerSurvey:
    """Hold the survey between two chunks, let it go on, or end it after the items in work."""

    wish: Literal["pause", "resume", "stop"]


@dataclass(frozen=True, slots=True)
class CompareSurveys:
    """Write a comparison of finished or unfinished runs (answered by `SurveysCompared`)."""

    folders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop what runs (loading, attack, explanation); what was computed stays."""


@dataclass(frozen=True, slots=True)
class Shutdown:
    """End the thread after the chunk in work."""


Command = (
    FindPictures
    | LoadModel
    | ListModels
    | Glance
    | Open
    | StartAttack
    | StepBy
    | Play
    | Pause
    | Seek
    | Explain
    | TraceEvidence
    | Save
    | Survey
    | SteerSurvey
    | CompareSurveys
    | Cancel
    | Shutdown
)

# --- events -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """Pictures found, in sorted order within each folder; `done` with the last batch."""

    paths: tuple[str, ...]
    done: bool


@dataclass(frozen=True, slots=True)
class Progress:
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
class Status:
    """For the status line. `memory` in bytes (the device's; the process's on a CPU)."""

    doing: str
    device: str
    memory: int
    rate: float
    """Attack iterations a second; nan when none ran."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A network is ready."""

    info: ModelInfo


@dataclass(frozen=True, slots=True)
class ModelsListed:
    """All networks that can be loaded, the built-in one first."""

    models: tuple[ListedModel, ...]


@dataclass(frozen=True, slots=True)
class Glanced:
    """Top prediction of a picture in the list, or None with the reason why there is none."""

    path: str
    prediction: Prediction | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A picture is open: what the network sees of it, and what it predicts."""

    run_id: int
    path: str
    picture: ByteArray
    predictions: tuple[Prediction, ...]
    original: ClassLabel


@dataclass(frozen=True, slots=True)
class Stepped:
    """The attack moved, or the cursor was moved."""

    run_id: int
    frame: Frame


@dataclass(frozen=True, slots=True)
class Explained:
    """A running explanation; the last one has `evidence.done`."""

    run_id: int
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class EvidenceTraced:
    """All points of the evidence trace of this attack so far (`statistic` names the figure)."""

    run_id: int
    statistic: str
    points: tuple[EvidencePoint, ...]


@dataclass(frozen=True, slots=True)
class Saved:
    """Files written; `survived` says whether the attack outlived the PNG's 8 bits."""

    npy: str
    png: str
    survived: bool
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class SurveyProgress:
    """How far the survey is; the last one's state is finished or stopped."""

    run_id: int
    frame: SurveyFrame


@dataclass(frozen=True, slots=True)
class SurveysCompared:
    """Runs side by side, as Markdown."""

    text: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Something went wrong; `message` is one sentence for the user. The worker lives on.

    `run_id` is 0 where the failure belongs to no run; `task` is the command's name.
    """

    task: str
    message: str
    run_id: int = 0


@dataclass(frozen=True, slots=True)
class Stopped:
    """The thread has ended."""


Event = (
    Found
    | Progress
    | Status
    | Loaded
    | ModelsListed
    | Glanced
    | Opened
    | Stepped
    | Explained
    | EvidenceTraced
    | Saved
    | SurveyProgress
    | SurveysCompared
    | Failed
    | Stopped
)
