"""The survey beside everything else that the worker does: held, let go on, ended, failing."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from engine.builtin import sample_folder
from engine.types import ModelSettings, Query, explain_settings
from engine.worker import Worker
from engine.worker import protocol as ev
from tests.engine.surveying import Asked, attacks, settings

E = TypeVar("E")


def asked(out: Path, **changes: Any) -> Asked:
    base = {
        "attacks": attacks(epsilons=[0.02], steps=2),
        "explanations": (explain_settings(samples=4, score="logit"),),
        "references": ("fixed",),
        "threads": None,
    }
    return settings(sample_folder(), out, **(base | changes))


class Line:
    """A worker with the built-in network, and the events that it gave."""

    def __init__(self) -> None:
        self.queue: queue.Queue[ev.Event] = queue.Queue()
        self.worker = Worker(self.queue.put, threads=1)
        self.worker.start()
        self.worker.send(ev.LoadModel(ModelSettings()))

    def wait(self, kind: type[E], holds: Callable[[E], bool] = lambda event: True) -> E:
        while True:
            event = self.queue.get(timeout=60)
            if isinstance(event, kind) and holds(event):
                return event
            if isinstance(event, ev.Failed):
                raise AssertionError(event)


@pytest.fixture
def line() -> Iterator[Line]:
    found = Line()
    yield found
    assert found.worker.stop(30)


def test_a_held_survey_waits_and_the_explorer_works_meanwhile(line: Line, tmp_path: Path) -> None:
    line.worker.send(ev.Survey(7, *asked(tmp_path / "run", limit=6)))
    line.wait(ev.SurveyProgress, lambda event: event.frame.done > 0)
    line.worker.send(ev.SteerSurvey("pause"))
    held = line.wait(ev.SurveyProgress, lambda event: event.frame.state == "paused")
    size = (tmp_path / "run/items.jsonl").stat().st_size
    line.worker.send(ev.Open(1, str(next(sample_folder().iterdir()))))
    line.wait(ev.Opened)
    time.sleep(0.3)
    assert (tmp_path / "run/items.jsonl").stat().st_size == size
    assert held.run_id == 7
    line.worker.send(ev.SteerSurvey("resume"))
    last = line.wait(ev.SurveyProgress, lambda event: event.frame.state == "finished")
    assert last.frame.done == last.frame.total == 6


def test_an_ended_survey_says_so_after_the_picture_in_work(line: Line, tmp_path: Path) -> None:
    line.worker.send(ev.Survey(7, *asked(tmp_path / "run")))
    line.wait(ev.SurveyProgress, lambda event: event.frame.done > 0)
    line.worker.send(ev.SteerSurvey("stop"))
    last = line.wait(ev.SurveyProgress, lambda event: event.frame.state == "stopped")
    assert 0 < last.frame.done < last.frame.total
    assert (tmp_path / "run/report.md").exists()


def test_a_survey_may_be_held_or_ended_before_it_has_begun(line: Line, tmp_path: Path) -> None:
    line.worker.send(ev.Survey(7, *asked(tmp_path / "run", limit=4)))
    line.worker.send(ev.SteerSurvey("pause"))
    line.worker.send(ev.SteerSurvey("stop"))
    last = line.wait(ev.SurveyProgress, lambda event: event.frame.state != "running")
    assert (last.frame.state, last.frame.done) == ("stopped", 0)


def test_a_survey_is_seen_to_begin_before_a_long_explanation_ends(
    line: Line, tmp_path: Path
) -> None:
    line.worker.send(ev.Open(1, str(next(sample_folder().iterdir()))))
    index = line.wait(ev.Opened).original.index
    line.worker.send(ev.Explain(2, (Query("clean", index),), explain_settings(samples=100_000)))
    line.wait(ev.Explained)
    line.worker.send(ev.Survey(7, *asked(tmp_path / "run", limit=2)))
    assert line.wait(ev.SurveyProgress).frame.done == 0
    line.wait(ev.Explained)
    line.worker.send(ev.Cancel())
    line.wait(ev.SurveyProgress, lambda event: event.frame.state == "finished")


def test_a_pause_does_not_slow_the_rate_that_is_told(line: Line, tmp_path: Path) -> None:
    line.worker.send(ev.Survey(7, *asked(tmp_path / "run", limit=20)))
    line.wait(ev.SurveyProgress, lambda event: event.frame.done > 0)
    began = time.perf_counter()
    line.worker.send(ev.SteerSurvey("pause"))
    line.wait(ev.SurveyProgress, lambda event: event.frame.state == "paused")
    time.sleep(6)
    line.worker.send(ev.SteerSurvey("resume"))
    last = line.wait(ev.SurveyProgress, lambda event: event.frame.state == "finished").frame
    assert last.done / last.rate < time.perf_counter() - began - 4


def test_cancelling_the_explorers_work_leaves_the_survey_alone(line: Line, tmp_path: Path) -> None:
    line.worker.send(ev.Survey(7, *asked(tmp_path / "run", limit=3)))
    line.wait(ev.SurveyProgress)
    line.worker.send(ev.Cancel())
    line.wait(ev.SurveyProgress, lambda event: event.frame.state == "finished")


def test_a_failing_survey_is_an_event_and_the_worker_lives_on(line: Line, tmp_path: Path) -> None:
    line.worker.send(ev.Survey(9, *asked(tmp_path / "run", explanations=(explain_settings(
        layer="features.99"),))))  # fmt: skip
    failed = None
    while failed is None:
        event = line.queue.get(timeout=60)
        failed = event if isinstance(event, ev.Failed) else None
    assert (failed.command, failed.run_id) == (ev.Survey, 9)
    assert "has no layer" in failed.message
    line.worker.send(ev.Survey(10, *asked(tmp_path / "run", limit=2)))
    line.wait(ev.SurveyProgress, lambda event: event.frame.state == "finished")


def test_shutting_down_leaves_what_is_done_on_disk(tmp_path: Path) -> None:
    line = Line()
    line.worker.send(ev.Survey(7, *asked(tmp_path / "run")))
    line.wait(ev.SurveyProgress, lambda event: event.frame.done > 1)
    assert line.worker.stop(30)
    lines = (tmp_path / "run/items.jsonl").read_bytes().splitlines()
    assert len(lines) >= 2
