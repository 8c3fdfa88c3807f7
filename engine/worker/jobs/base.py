"""What all jobs have, and their order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from enum import IntEnum
from typing import ClassVar

from engine.types import ExplainSettings
from engine.worker.picture_finder import Listing
from engine.worker.protocol import Command
from engine.worker.reporter import Reporter


class Urgency(IntEnum):
    """Most urgent first."""

    LOAD = 0
    ATTACK = 1
    SURVEY_BEGINS = 2
    EXPLAIN = 3
    TRACE = 4
    GLANCE = 5
    SURVEY = 6


class WorkerJob(ABC):
    """A `Job` that answers a command. Subclasses say which, and do the work in `chunks`.

    `run_id` is that of the run which a failure belongs to (0: none), `doing` what the status line
    says of it.
    """

    name: ClassVar[str]
    command: ClassVar[type[Command]]
    urgency: ClassVar[Urgency]
    beside = ""
    share = 0.0

    def __init__(self, reporter: Reporter, run_id: int = 0, doing: str = "") -> None:
        self.reporter = reporter
        self.run_id = run_id
        self.doing = doing

    @property
    def priority(self) -> int:
        """Its place among the jobs that can run."""
        return self.urgency

    @property
    def ready(self) -> bool:
        """Whether there is a chunk to do now."""
        return True

    @property
    def waiting(self) -> str:
        """What it waits for, in words, where the user should know."""
        return ""

    @abstractmethod
    def chunks(self) -> Generator[None, None, None]:
        """The work; see `Job`."""


def waits_for_pictures(settings: ExplainSettings, listing: Listing) -> bool:
    """Whether the background cannot be chosen yet: it is drawn from all that is browsed."""
    browsed = settings.has_background and settings.background is None
    return browsed and listing.paths is None


WAITING_FOR_PICTURES = "waiting for the list of pictures"
