"""The real worker and the one that the app is tested with keep the same contract.

Compared are kinds of events and their order, runs, steps, and names of statistics.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from engine.builtin import sample_folder
from engine.types import (
    Execution,
    Experiment,
    ModelSettings,
    Query,
    attack_settings,
    explain_settings,
)
from engine.types.statistics import STATISTICS
from engine.worker import Worker
from engine.worker import protocol as ev

from .fake_worker import FakeWorker
from .talk import STEPS, Talk, ended, failures, found_all, frames, plays, runs, whole

NAMES = ("elephant", "balls/table tennis", "zebra", "fox", "pump")
BAD = ("soup", "broken")
ATTACK = attack_settings(steps=STEPS)
QUICK = explain_settings(samples=12)


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
    progress = [event for event in made.told if isinstance(event, ev.Progress)]
    assert all(event.finished for event in progress[-1:])
    assert made.worker.stop(30)


@pytest.fixture
def opened(talk: Talk, folder: str) -> Talk:
    """A worker with a network and an open picture."""
    talk.ask(ev.FindPictures((folder,)), found_all)
    talk.ask(ev.LoadModel(ModelSettings(device="cpu")))
    (talk.opened, _) = talk.ask(ev.Open(1, f"{folder}/elephant.png"))  # type: ignore[assignment]
    return talk


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
    for part in (e.evidence for e in opened.told if isinstance(e, ev.Explained)):
        assert part.done == (part.samples == part.total)
        for one in part.attributions:
            assert list(one.statistics) == list(one.errors) == list(STATISTICS)


def test_the_trace_has_every_kth_step_and_the_last(opened: Talk) -> None:
    events = opened.ask(ev.StartAttack(4, ATTACK, play=True), ended)
    frame = events[-1].frame  # type: ignore[attr-defined]

    (traced,) = opened.ask(ev.TraceEvidence(4, 0.5, QUICK), whole)
    assert isinstance(traced, ev.EvidenceTraced)
    assert traced.run_id == 4
    assert traced.statistic in STATISTICS
    assert [point.step for point in traced.points] == [0, 0, 4, 4, 6, 6]
    both = {frame.target.index, frame.original.index}
    assert {point.class_index for point in traced.points} == both
    assert opened.at_once(ev.TraceEvidence(0, 0.5, QUICK)) == []


def test_the_trace_grows_beside_the_attack(opened: Talk) -> None:
    assert opened.at_once(ev.TraceEvidence(4, 0.5, QUICK)) == []  # no attack yet
    opened.ask(ev.StartAttack(4, ATTACK), lambda event: isinstance(event, ev.EvidenceTraced))
    opened.ask(ev.Play(), whole)
    traced = [event for event in opened.told if isinstance(event, ev.EvidenceTraced)]
    steps = [{point.step for point in event.points} for event in traced]
    assert {event.run_id for event in traced} == {4}
    assert all(before <= after for before, after in pairwise(steps))
    assert (steps[0], steps[-1]) == ({0}, {0, 4, 6})


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (ev.Pause(), [(ev.Stepped, 4)]),
        (ev.Seek(0), [(ev.Stepped, 4)]),
        (ev.Cancel(), [(ev.Stepped, 4)]),
        (ev.LoadModel(ModelSettings("missing")), [(ev.Stepped, 4), (ev.Failed, 0)]),
        (ev.Open(5, "/nowhere/broken.png"), [(ev.Failed, 5), (ev.Stepped, 4)]),
        (
            ev.StartAttack(6, attack_settings(target="nonsense")),
            [(ev.Failed, 6), (ev.Stepped, 6)],
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_ends_the_playing_says_so(
    opened: Talk, command: ev.Command, says: list[tuple[type, int]]
) -> None:
    if isinstance(opened.worker, FakeWorker):
        opened.worker.hold = True
    long = attack_settings(steps=2000)
    assert plays(opened.ask(ev.StartAttack(4, long, play=True))[0])
    kind = says[-1][0]
    events = opened.ask(command, lambda event: isinstance(event, kind) and not plays(event))
    events = [event for event in events if not plays(event)]  # as many as there was time for
    assert runs(events) == says
    frame = next(event.frame for event in events if isinstance(event, ev.Stepped))
    assert not frame.finished
    assert (frame.step == 0) or not isinstance(command, ev.Seek)


def test_networks_are_listed_the_shipped_one_first(talk: Talk) -> None:
    talk.at_once(ev.Cancel())
    listed = talk.told[-1]
    assert isinstance(listed, ev.ModelsListed)
    assert (listed.models[0].name, listed.models[0].cached) == ("builtin", True)
    assert len({model.name for model in listed.models}) == len(listed.models) > 1


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
