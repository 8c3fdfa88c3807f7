"""Events reach the screen in order; only what a later one makes needless is left out."""

import threading
from dataclasses import replace

import numpy as np

from engine.types import (
    ClassLabel,
    Evidence,
    Frame,
    Prediction,
    StepRecord,
    explain_settings,
)
from engine.worker import protocol as ev
from tui.bridge import Bridge


def record(step: int) -> StepRecord:
    return StepRecord(step, 0.0, 0.0, 0.0, 0.5, 0.5, ())


def frame(step: int, last: int | None = None, finished: str = "") -> Frame:
    picture = np.zeros((2, 2, 3), np.uint8)
    trace = tuple(record(k) for k in range((step if last is None else last) + 1))
    return Frame(
        step=step,
        picture=picture,
        perturbation=picture,
        factor=1.0,
        predictions=(),
        trace=trace,
        target=None,
        original=ClassLabel(0, "zebra"),
        success_step=None,
        playing=True,
        finished=finished,
    )


def evidence(samples: int, done: bool = False) -> Evidence:
    return Evidence(
        attributions=(),
        edges=np.zeros(2),
        contrasts=(),
        samples=samples,
        total=100,
        seconds=1.0,
        seconds_left=1.0,
        done=done,
        step=0,
        settings=explain_settings(),
    )


def bridge() -> Bridge:
    return Bridge(lambda: None)


def test_only_the_latest_frame_of_a_run_waits() -> None:
    inbox = bridge()
    for step in range(50):
        inbox.emit(ev.Stepped(1, frame(step)))
    (event,) = inbox.drain()
    assert isinstance(event, ev.Stepped)
    assert event.frame.step == 49


def test_frames_of_another_run_are_kept_apart() -> None:
    inbox = bridge()
    inbox.emit(ev.Stepped(1, frame(3)))
    inbox.emit(ev.Stepped(2, frame(0)))
    assert [event.run_id for event in inbox.drain() if isinstance(event, ev.Stepped)] == [1, 2]


def test_the_last_frame_of_an_attack_is_never_dropped() -> None:
    inbox = bridge()
    inbox.emit(ev.Stepped(1, frame(20, finished="all 20 steps done")))
    for step in (19, 18, 17):
        inbox.emit(ev.Stepped(1, frame(step, last=20, finished="all 20 steps done")))
    steps = [event.frame.step for event in inbox.drain() if isinstance(event, ev.Stepped)]
    assert steps == [20, 17]


def test_the_last_of_an_explanation_is_never_dropped() -> None:
    inbox = bridge()
    for samples in (10, 20, 30):
        inbox.emit(ev.Explained(1, evidence(samples)))
    inbox.emit(ev.Explained(1, evidence(100, done=True)))
    inbox.emit(ev.Explained(2, evidence(10)))
    seen = [event.evidence.samples for event in inbox.drain() if isinstance(event, ev.Explained)]
    assert seen == [30, 100, 10]


def test_what_is_not_superseded_is_kept_and_in_order() -> None:
    inbox = bridge()
    opened = ev.Opened(1, "x.png", np.zeros((2, 2, 3), np.uint8), (), ClassLabel(0, "zebra"))
    sent = [
        ev.Found(("x.png",), done=True),
        ev.Glanced("x.png", Prediction(0, "zebra", 0.9)),
        opened,
        ev.Stepped(2, frame(0)),
        ev.Failed(ev.Explain, "no background"),
        replace(opened, run_id=3),
        ev.Stopped(),
    ]
    for event in sent:
        inbox.emit(event)
    assert inbox.drain() == sent
    assert inbox.drain() == []


def test_the_screen_is_woken_once_and_not_by_frames() -> None:
    rings: list[int] = []
    inbox = Bridge(lambda: rings.append(1))
    inbox.emit(ev.Stepped(1, frame(1)))
    assert rings == []
    inbox.emit(ev.Failed(ev.Open, "broken"))
    inbox.emit(ev.Failed(ev.Open, "broken"))
    assert rings == [1]
    inbox.drain()
    inbox.emit(ev.Failed(ev.Open, "broken"))
    assert rings == [1, 1]


def test_nothing_is_lost_when_many_threads_emit() -> None:
    inbox = bridge()
    taken: list[ev.Event] = []

    def emit(thread: int) -> None:
        for number in range(200):
            inbox.emit(ev.Failed(ev.Open, f"{thread} {number}"))

    threads = [threading.Thread(target=emit, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        taken += inbox.drain()
    taken += inbox.drain()
    assert len({event.message for event in taken if isinstance(event, ev.Failed)}) == 800
