"""The most urgent job goes first, and one beside another gets its share of the time."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, field

from engine.worker.scheduler import Scheduler


@dataclass
class Toy:
    """A job of some chunks that notes what happens to it."""

    name: str
    priority: int = 0
    ready: bool = True
    waiting: str = ""
    beside: str = ""
    share: float = 0.0
    left: int = 3
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    def chunks(self) -> Generator[None, None, None]:
        try:
            while self.left:
                self.left -= 1
                time.sleep(self.seconds)
                self.notes.append(self.name)
                yield
        finally:
            self.notes.append(f"{self.name} closed")


class Failing(Toy):
    def chunks(self) -> Generator[None, None, None]:
        yield
        raise ValueError("no more")


def run(scheduler: Scheduler[Toy], chunks: int = 100) -> list[str]:
    """Names of the jobs whose chunks were done, in order."""
    order = []
    while chunks and (job := scheduler.following()) is not None:
        scheduler.do_chunk(job)
        order.append(job.name)
        chunks -= 1
    return order


def scheduler(*jobs: Toy) -> tuple[Scheduler[Toy], list[tuple[str, str]]]:
    failures: list[tuple[str, str]] = []
    made: Scheduler[Toy] = Scheduler(lambda job, error: failures.append((job.name, str(error))))
    for job in jobs:
        made.put(job)
    return made, failures


def test_urgency_decides_and_what_is_not_ready_waits() -> None:
    late, early, held = Toy("late", 2), Toy("early", 1), Toy("held", 0, ready=False)
    jobs, _ = scheduler(late, early, held)
    assert run(jobs) == ["early"] * 4 + ["late"] * 4  # the fourth finds nothing more to do
    assert held.notes == []
    held.ready = True
    assert run(jobs) == ["held"] * 4
    assert "held" not in jobs


def test_a_job_beside_another_gets_its_share_and_no_other_job_does() -> None:
    main = Toy("main", 0, left=1000, seconds=0.002)
    beside = Toy("beside", 2, left=1000, seconds=0.002, beside="main", share=0.25)
    jobs, _ = scheduler(main, beside, Toy("other", 1, left=1000))
    order = run(jobs, 100)
    assert order[0] == "main"
    assert 15 <= order.count("beside") <= 35
    assert "other" not in order


def test_a_new_job_takes_the_place_of_the_one_of_its_name() -> None:
    first, second = Toy("work"), Toy("work")
    jobs, _ = scheduler(first)
    run(jobs, 1)
    jobs.put(second)
    run(jobs, 1)
    assert first.notes == ["work", "work closed"]
    assert second.notes == ["work"]


def test_all_jobs_can_be_dropped_but_one() -> None:
    kept, dropped = Toy("kept"), Toy("dropped")
    jobs, _ = scheduler(kept, dropped)
    jobs.drop_all(but="kept")
    assert ("kept" in jobs, "dropped" in jobs) == (True, False)
    jobs.drop("kept", "never there")
    assert jobs.following() is None


def test_a_failing_job_is_told_once_and_the_others_go_on() -> None:
    jobs, failures = scheduler(Failing("bad", 0), Toy("good", 1))
    assert run(jobs)[-1] == "good"
    assert failures == [("bad", "no more")]


def test_what_is_waited_for_can_be_said() -> None:
    jobs, _ = scheduler(Toy("a", ready=False), Toy("b", ready=False, waiting="for a list"))
    assert jobs.following() is None
    assert jobs.waiting == "for a list"
