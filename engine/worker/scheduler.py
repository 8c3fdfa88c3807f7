"""Order and time: which job's chunk comes next. Knows nothing of what the jobs do."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Generic, Protocol, TypeVar


class Job(Protocol):
    """Long work, done chunk by chunk; there is one job of a name at a time."""

    @property
    def name(self) -> str:
        """What kind of work it is."""

    @property
    def priority(self) -> int:
        """Its place among the jobs that can run: the lowest goes first. May change."""

    @property
    def beside(self) -> str:
        """The name of the job that it takes a share of the time of; empty for none."""

    @property
    def share(self) -> float:
        """The part, in [0, 1), of the time that both take."""

    @property
    def ready(self) -> bool:
        """Whether there is a chunk to do now."""

    @property
    def waiting(self) -> str:
        """What it waits for, in words, where the user should know; else empty."""

    def chunks(self) -> Generator[None, None, None]:
        """The work: `next()` does a chunk, `close()` ends it early."""


J = TypeVar("J", bound=Job)


class Scheduler(Generic[J]):
    """Jobs, most urgent first.

    Args:
        failed: told when a job has raised; the job is dropped before.
    """

    def __init__(self, failed: Callable[[J, Exception], None]) -> None:
        self._failed = failed
        self._jobs: dict[str, J] = {}
        self._chunks: dict[str, Generator[None, None, None]] = {}
        self._spent: dict[str, float] = {}

    def __contains__(self, name: str) -> bool:
        """Whether a job of this name is there, done chunk by chunk or waiting."""
        return name in self._jobs

    def put(self, job: J) -> None:
        """Take a job, in place of the one of its name."""
        self.drop(job.name)
        self._jobs[job.name] = job
        self._chunks[job.name] = job.chunks()

    def drop(self, *names: str) -> None:
        """Close the jobs of these names, as far as they are there."""
        for name in names:
            if self._jobs.pop(name, None) is not None:
                self._chunks.pop(name).close()

    def drop_all(self, but: str = "") -> None:
        """Close all jobs, but the one of this name."""
        self.drop(*(name for name in self._jobs if name != but))

    def forget_time(self) -> None:
        """Let shares begin anew."""
        self._spent.clear()

    def following(self) -> J | None:
        """The job whose chunk comes next: the most urgent one, or one whose share is due."""
        ready = sorted((j for j in self._jobs.values() if j.ready), key=lambda j: j.priority)
        if not ready:
            return None
        first, *others = ready
        return next((job for job in others if self._due(job, first)), first)

    def _due(self, job: J, first: J) -> bool:
        if job.beside != first.name:
            return False
        own, other = (self._spent.get(name, 0.0) for name in (job.name, first.name))
        return own < job.share * (own + other)

    @property
    def waiting(self) -> str:
        """What is waited for, in words, where no job can run; empty for nothing."""
        return next((job.waiting for job in self._jobs.values() if job.waiting), "")

    def do_chunk(self, job: J) -> None:
        """One chunk of a job, which is dropped with its last."""
        began = time.perf_counter()
        try:
            next(self._chunks[job.name])
        except StopIteration:
            self.drop(job.name)
        except Exception as error:
            self.drop(job.name)
            self._failed(job, error)
        spent = time.perf_counter() - began
        self._spent[job.name] = self._spent.get(job.name, 0.0) + spent
