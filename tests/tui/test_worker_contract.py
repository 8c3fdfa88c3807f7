"""The real worker and the one that the app is tested with keep the same contract.

Compared are kinds of events and their order, runs, steps, and names of statistics. `Status` and
`Progress` follow the clock and are left out; of what supersedes the one before, the last counts.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from engine.builtin import sample_folder
from engine.evidence.statistics import STATISTICS
from engine.types import (
    Execution,
    Experiment,
    ModelSettings,
    Query,
    attack_settings,
    explain_settings,
)
from engine.worker import Worker
from engine.worker import protocol as ev

from .fake_worker import FakeWorker

NAMES = ("elephant", "balls/table tennis", "zebra", "fox", "pump")
BAD = ("soup", "broken")
STEPS = 6
ATTACK = attack_settings(steps=STEPS)
QUICK = explain_settings(samples=12)


class Talk:
    """A worker, what it is asked, and what it answers."""

    def __init__(self, make: Callable[[Callable[[ev.Event], None]], Worker | FakeWorker]) -> None:
        self._inbox: queue.SimpleQueue[ev.Event] = queue.SimpleQueue()
        self.worker = make(self._inbox.put)
        self.worker.start()
        self.opened: ev.Opened | None = None

    def ask(
        self, command: ev.Command, last: Callable[[ev.Event], bool] = lambda event: True
    ) -> list[ev.Event]:
        """All that a command is answered with, up to the event for which `last` holds, at least.

        Only that is waited for; what is told at once is read to its end.
        """
        self.worker.send(command)
        events = self._read(last)
        self.worker.send(ev.ListModels())
        return [*events, *self._read(lambda event: isinstance(event, ev.ModelsListed))[:-1]]

    def at_once(self, command: ev.Command) -> list[ev.Event]:
        """All that a command is answered with which needs no time, if there is anything."""
        self.worker.send(command)
        self.worker.send(ev.ListModels())
        return self._read(lambda event: isinstance(event, ev.ModelsListed))[:-1]

    def _read(self, last: Callable[[ev.Event], bool]) -> list[ev.Event]:
        events: list[ev.Event] = []
        while not events or not last(events[-1]):
            event = self._inbox.get(timeout=60)
            if isinstance(event, ev.Status | ev.Progress):
                continue
            if events and superseded(events[-1], event):
                events.pop()
            events.append(event)
        return events


def superseded(before: ev.Event, after: ev.Event) -> bool:
    """Whether `after` tells all that `before` did."""
    same = type(before) is type(after) and runs([before]) == runs([after])
    return same and isinstance(after, ev.Explained | ev.EvidenceTraced)


def runs(events: list[ev.Event]) -> list[tuple[type, int]]:
    """Kinds and runs of events."""
    return [(type(event), getattr(event, "run_id", 0)) for event in events]


def failures(events: list[ev.Event]) -> list[tuple[type, int]]:
    """Whose failures these are: nothing else may be among them, and each says why."""
    assert all(isinstance(event, ev.Failed) and event.message for event in events)
    return [(event.command, event.run_id) for event in events]  # type: ignore[attr-defined]


def frames(events: list[ev.Event]) -> list[tuple[int, int, bool, int, str]]:
    """Run, step, whether it plays, steps so far, why it ended: of each frame."""
    assert all(isinstance(event, ev.Stepped) for event in events)
    shown = [(event.run_id, event.frame) for event in events]  # type: ignore[attr-defined]
    return [(run, f.step, f.playing, len(f.trace), f.finished) for run, f in shown]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The pictures that the fake worker pretends to find, and one that cannot be read."""
    root = tmp_path_factory.mktemp("pictures")
    (root / "balls").mkdir()
    samples = sorted(sample_folder().iterdir())[:: 50 // len(NAMES)]
    for name, sample in zip(NAMES, samples, strict=False):
        Image.open(sample).save(root / f"{name}.png")
    for name in BAD:
        (root / f"{name}.png").write_bytes(b"no picture")
    return str(root)


@pytest.fixture(params=["real", "fake"])
def talk(request: pytest.FixtureRequest) -> Iterator[Talk]:
    made = Talk(FakeWorker if request.param == "fake" else lambda emit: Worker(emit, threads=1))
    yield made
    assert made.worker.stop(30)


@pytest.fixture
def opened(talk: Talk, folder: str) -> Talk:
    """A worker with a network and an open picture."""
    talk.ask(ev.FindPictures((folder,)), found_all)
    talk.ask(ev.LoadModel(ModelSettings(device="cpu")))
    (talk.opened, _) = talk.ask(ev.Open(1, f"{folder}/elephant.png"))  # type: ignore[assignment]
    return talk


def found_all(event: ev.Event) -> bool:
    return isinstance(event, ev.Found) and event.done


def ended(event: ev.Event) -> bool:
    """Whether an attack is at its end, or an explanation."""
    if isinstance(event, ev.Explained):
        return event.evidence.done
    return isinstance(event, ev.Stepped) and bool(event.frame.finished)


def test_find_load_glance_and_open(talk: Talk, folder: str) -> None:
    events = talk.ask(ev.FindPictures((folder,)), found_all)
    assert {type(event) for event in events} == {ev.Found}
    paths = [path for event in events for path in event.paths]  # type: ignore[attr-defined]
    assert {f"{folder}/{name}.png" for name in NAMES} <= set(paths)
    settings = ModelSettings(device="cpu")
    (loaded,) = talk.ask(ev.LoadModel(settings))
    assert isinstance(loaded, ev.Loaded)
    assert loaded.info.name == settings.name
    events = talk.ask(ev.Glance(tuple(paths)), lambda event: event.path == paths[-1])  # type: ignore[attr-defined]
    assert [event.path for event in events] == paths  # type: ignore[attr-defined]
    for event in events:
        assert isinstance(event, ev.Glanced)
        bad = Path(event.path).stem in BAD
        assert (event.prediction is None, bool(event.reason)) == (bad, bad)
    events = talk.ask(ev.Open(7, f"{folder}/fox.png"))
    assert runs(events) == [(ev.Opened, 7), (ev.Glanced, 0)]
    opened, glanced = events
    assert isinstance(opened, ev.Opened)
    assert isinstance(glanced, ev.Glanced)
    assert opened.path == glanced.path == f"{folder}/fox.png"
    order = [prediction.probability for prediction in opened.predictions]
    assert order == sorted(order, reverse=True)
    assert len(order) == 5
    assert opened.original.index == opened.predictions[0].index


def test_an_attack_is_stepped_played_and_gone_through(opened: Talk) -> None:
    done = f"all {STEPS} steps done"
    assert frames(opened.ask(ev.StartAttack(4, ATTACK))) == [(4, 0, False, 1, "")]
    events = opened.ask(ev.StepBy(2), lambda event: event.frame.step == 2)  # type: ignore[attr-defined]
    assert frames(events) == [(4, 1, False, 2, ""), (4, 2, False, 3, "")]
    assert frames(opened.ask(ev.Pause())) == [(4, 2, False, 3, "")]
    events = opened.ask(ev.Play(), ended)
    playing = [(4, step, True, step + 1, "") for step in range(2, STEPS)]
    assert frames(events) == [*playing, (4, STEPS, False, STEPS + 1, done)]
    for command, step in (
        (ev.Seek(1), 1),
        (ev.StepBy(2), 3),
        (ev.StepBy(-9), 0),
        (ev.Seek(99), STEPS),
        (ev.StepBy(1), STEPS),
        (ev.Seek(2), 2),
        (ev.Play(), STEPS),
    ):
        assert frames(opened.ask(command)) == [(4, step, False, STEPS + 1, done)]


def test_an_attack_plays_from_its_start(opened: Talk) -> None:
    events = opened.ask(ev.StartAttack(5, ATTACK, play=True), ended)
    assert [frame[:3] for frame in frames(events)] == [
        (5, step, step < STEPS) for step in range(STEPS + 1)
    ]
    frame = events[-1].frame  # type: ignore[attr-defined]
    assert frame.settings == ATTACK
    shown = {frame.target.index, frame.original.index}
    for predictions in (frame.predictions, frame.clean):
        assert shown <= {prediction.index for prediction in predictions}
    assert frame.original == opened.opened.original  # type: ignore[union-attr]
    assert [record.step for record in frame.trace] == list(range(STEPS + 1))


def test_a_refused_attack_leaves_the_one_before_under_its_run(opened: Talk) -> None:
    assert failures(opened.ask(ev.StartAttack(2, attack_settings(target="nonsense")))) == [
        (ev.StartAttack, 2)
    ]
    assert failures(opened.ask(ev.Seek(0))) == [(ev.Seek, 0)]
    opened.ask(ev.StartAttack(3, ATTACK, play=True), ended)
    original = opened.opened.original.name  # type: ignore[union-attr]
    assert failures(opened.ask(ev.StartAttack(4, attack_settings(target=original)))) == [
        (ev.StartAttack, 4)
    ]
    assert [frame[:2] for frame in frames(opened.ask(ev.Seek(3)))] == [(4, 3)]


def test_evidence_refines_and_has_the_statistics_of_the_engine(opened: Talk) -> None:
    index = opened.opened.original.index  # type: ignore[union-attr]
    queries = (Query("clean", index), Query("adversarial", index))
    (told,) = opened.ask(ev.Explain(6, queries, QUICK), ended)
    assert isinstance(told, ev.Explained)
    assert told.run_id == 6
    assert [one.query for one in told.evidence.attributions] == [queries[0]]  # no attack yet
    assert told.evidence.contrasts == ()
    opened.ask(ev.StartAttack(7, ATTACK, play=True), ended)
    (told,) = opened.ask(ev.Explain(8, queries, QUICK), ended)
    assert isinstance(told, ev.Explained)
    evidence = told.evidence
    assert (evidence.step, evidence.settings) == (STEPS, QUICK)
    assert evidence.samples == evidence.total == QUICK.samples
    assert [one.query for one in evidence.attributions] == list(queries)
    for one in evidence.attributions:
        assert list(one.statistics) == list(one.errors) == list(STATISTICS)
        assert len(one.histogram) == len(evidence.edges) - 1
        assert one.heat_error is not None
        assert one.heat.shape == one.heat_error.shape
    assert [list(contrast) for contrast in evidence.contrasts] == [list(STATISTICS)]


def test_the_trace_has_every_kth_step_and_the_last(opened: Talk) -> None:
    events = opened.ask(ev.StartAttack(4, ATTACK, play=True), ended)
    frame = events[-1].frame  # type: ignore[attr-defined]

    def complete(event: ev.Event) -> bool:
        return isinstance(event, ev.EvidenceTraced) and event.points[-1].step == STEPS

    (traced,) = opened.ask(ev.TraceEvidence(4, 0.5, QUICK), complete)
    assert isinstance(traced, ev.EvidenceTraced)
    assert traced.run_id == 4
    assert traced.statistic in STATISTICS
    assert [point.step for point in traced.points] == [0, 0, 4, 4, 6, 6]
    both = {frame.target.index, frame.original.index}
    assert {point.class_index for point in traced.points} == both
    assert opened.at_once(ev.TraceEvidence(0, 0.5, QUICK)) == []


def test_cancelling_pauses_the_attack_and_says_so(opened: Talk) -> None:
    assert opened.at_once(ev.Cancel()) == []
    opened.ask(ev.StartAttack(4, ATTACK))
    assert frames(opened.ask(ev.Cancel())) == [(4, 0, False, 1, "")]
    assert len(frames(opened.ask(ev.Play(), ended))) == STEPS + 1


def test_another_network_closes_the_picture(opened: Talk, folder: str) -> None:
    opened.ask(ev.StartAttack(4, ATTACK))
    assert runs(opened.ask(ev.LoadModel(ModelSettings(device="cpu")))) == [(ev.Loaded, 0)]
    assert failures(opened.ask(ev.Seek(0))) == [(ev.Seek, 0)]
    assert failures(opened.ask(ev.StartAttack(5, ATTACK))) == [(ev.StartAttack, 5)]
    assert failures(opened.ask(ev.Explain(6, (Query("clean", 0),), QUICK))) == [(ev.Explain, 6)]


def test_saving_tells_what_became_of_it(opened: Talk, tmp_path: Path) -> None:
    assert failures(opened.ask(ev.Save(str(tmp_path)))) == [(ev.Save, 0)]
    opened.ask(ev.StartAttack(4, ATTACK, play=True), ended)
    assert runs(opened.ask(ev.Save(str(tmp_path)))) == [(ev.Saved, 0)]


def test_failures_name_their_command_and_its_run(talk: Talk, folder: str) -> None:
    events = talk.ask(ev.FindPictures(("/nowhere",)), found_all)
    assert failures(events[:-1]) == [(ev.FindPictures, 0)]
    assert events[-1] == ev.Found((), done=True)
    assert failures(talk.ask(ev.Open(1, f"{folder}/fox.png"))) == [(ev.Open, 1)]
    survey = ev.Survey(2, Experiment(folder), Execution(f"{folder}/run"))
    assert failures(talk.ask(survey)) == [(ev.Survey, 2)]
    assert failures(talk.ask(ev.LoadModel(ModelSettings("missing")))) == [(ev.LoadModel, 0)]
    talk.ask(ev.LoadModel(ModelSettings(device="cpu")))
    assert failures(talk.ask(ev.Open(3, f"{folder}/broken.png"))) == [(ev.Open, 3)]
    talk.ask(ev.Open(4, f"{folder}/fox.png"))
    for command in (ev.Play(), ev.Pause(), ev.Seek(1), ev.StepBy(1)):
        assert failures(talk.ask(command)) == [(type(command), 0)]
    layer = explain_settings(samples=4, layer="features.9")
    explain = ev.Explain(5, (Query("clean", 0),), layer)
    assert failures(talk.ask(explain)) == [(ev.Explain, 5)]
    trace = ev.TraceEvidence(2, 0.5, QUICK)
    assert talk.at_once(trace) == []
