"""The worker answers every command with events, in order, and outlives every failure."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import save_file

from engine.attacks.attack_run import AttackRun
from engine.types import ModelSettings, NotFinite, Query, attack_settings, explain_settings
from engine.worker import Worker
from engine.worker import protocol as ev
from tests.engine.test_models import random_network

E = TypeVar("E")
NETWORK = "shufflenet_v2_x0_5"
QUICK = explain_settings(samples=8)


class Line:
    """A worker and the events that it gave."""

    def __init__(self) -> None:
        self.queue: queue.Queue[ev.Event] = queue.Queue()
        self.seen: list[ev.Event] = []
        self.worker = Worker(self.queue.put, threads=1)
        self.worker.start()

    def send(self, *commands: ev.Command) -> None:
        for command in commands:
            self.worker.send(command)

    def wait(self, kind: type[E], holds: Callable[[E], bool] = lambda event: True) -> E:
        while True:
            event = self.queue.get(timeout=60)
            self.seen.append(event)
            if isinstance(event, kind) and holds(event):
                return event
            if isinstance(event, ev.Failed) and kind is not ev.Failed:
                raise AssertionError(event)

    def frame(self, holds: Callable[[ev.Stepped], bool] = lambda event: True) -> ev.Stepped:
        return self.wait(ev.Stepped, holds)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelSettings:
    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    network = random_network(NETWORK)
    for parameter in network.parameters():  # random weights are too meek to be fooled
        parameter.data *= 1.5
    save_file(network.state_dict(), path)
    return ModelSettings(NETWORK, str(path), device="cpu")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for number in range(4):
        coarse = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((240, 240), Image.Resampling.BICUBIC).save(
            folder / f"{number}.png"
        )
    (folder / "broken.png").write_bytes(b"no picture")
    return [str(path) for path in sorted(folder.iterdir())]


@pytest.fixture
def line(model: ModelSettings, pictures: list[str]) -> Iterator[Line]:
    """A worker with a network and an open picture."""
    line = Line()
    folder = str(Path(pictures[0]).parent)
    line.send(ev.FindPictures((folder,)), ev.LoadModel(model), ev.Open(1, pictures[0]))
    line.wait(ev.Opened)
    yield line
    assert line.worker.stop(20)


def test_pictures_are_found_before_torch_is_there(pictures: list[str]) -> None:
    line = Line()
    line.send(ev.FindPictures((str(Path(pictures[0]).parent), "/nowhere")))
    failed = line.wait(ev.Failed)
    assert "/nowhere does not exist" in failed.message
    found = line.wait(ev.Found, lambda event: event.done)
    assert found.paths == tuple(pictures)
    assert line.worker.stop(20)


def test_loading_tells_what_it_does_and_then_opens_what_waits(line: Line) -> None:
    kinds = [type(event) for event in line.seen]
    assert kinds.index(ev.Progress) < kinds.index(ev.Loaded) < kinds.index(ev.Opened)
    opened = line.seen[-1]
    assert isinstance(opened, ev.Opened)
    assert opened.picture.shape == (224, 224, 3)
    assert len(opened.predictions) == 5
    assert opened.original.index == opened.predictions[0].index


def test_an_attack_plays_to_its_end_and_its_trace_is_whole(line: Line) -> None:
    line.send(ev.StartAttack(7, attack_settings(steps=6, epsilon=0.05), play=True))
    last = line.frame(lambda event: bool(event.frame.finished))
    frame = last.frame
    assert last.run_id == 7
    assert [record.step for record in frame.trace] == list(range(7))
    assert not frame.playing
    assert frame.target is not None
    shown = {prediction.index for prediction in frame.predictions}
    assert {frame.target.index, frame.original.index} <= shown
    assert {frame.target.index, frame.original.index} <= {p.index for p in frame.clean}
    assert frame.trace[-1].probability_target > frame.trace[0].probability_target
    assert frame.trace[-1].linf <= 0.05 + 1e-6
    assert abs(int(frame.perturbation.max()) - 255) <= 1
    assert frame.factor == pytest.approx(10)


def test_any_iteration_is_visited_again_without_a_new_attack(line: Line) -> None:
    line.send(ev.StartAttack(2, attack_settings(steps=5), play=True))
    frames = {0: None, **dict.fromkeys(range(1, 6))}
    while None in frames.values():
        event = line.frame()
        frames[event.frame.step] = event.frame
    for step in (0, 3, 5):
        line.send(ev.Seek(step))
        again = line.frame(lambda event, step=step: event.frame.step == step).frame
        original = frames[step]
        assert np.array_equal(again.picture, original.picture)
        assert again.predictions == original.predictions
        assert len(again.trace) == 6
    line.send(ev.Seek(0))
    clean = line.frame(lambda event: event.frame.step == 0).frame
    assert (clean.perturbation == 128).all()


def test_steps_play_pause_and_cancel(line: Line) -> None:
    line.send(ev.StartAttack(2, attack_settings(steps=400)), ev.StepBy(3))
    assert line.frame(lambda event: event.frame.step == 3).frame.playing is False
    line.send(ev.Play())
    line.frame(lambda event: event.frame.step > 4 and event.frame.playing)
    line.send(ev.Pause())
    paused = line.frame(lambda event: not event.frame.playing).frame
    assert paused.step < 400
    line.send(ev.StepBy(-2))
    assert line.frame().frame.step == paused.step - 2
    line.send(ev.Play())
    line.frame(lambda event: event.frame.step > paused.step)
    line.send(ev.Cancel())
    assert not line.frame(lambda event: not event.frame.playing).frame.finished


def test_stop_rules_end_an_attack(line: Line) -> None:
    line.send(
        ev.StartAttack(
            3,
            attack_settings("bim", target="similar", epsilon=0.1, steps=200, stop="success"),
            play=True,
        )
    )
    frame = line.frame(lambda event: bool(event.frame.finished)).frame
    assert frame.success_step == frame.step < 200
    assert "goal is reached" in frame.finished


def test_evidence_streams_and_a_finished_one_is_kept(line: Line) -> None:
    line.send(ev.StartAttack(2, attack_settings(steps=2), play=True))
    frame = line.frame(lambda event: bool(event.frame.finished)).frame
    assert frame.target is not None
    queries = (Query("clean", frame.original.index), Query("adversarial", frame.target.index))
    line.send(ev.Explain(9, queries, QUICK))
    done = line.wait(ev.Explained, lambda event: event.evidence.done)
    evidence = done.evidence
    assert done.run_id == 9
    assert evidence.samples >= 8
    assert evidence.step == 2
    assert [one.query for one in evidence.attributions] == list(queries)
    assert np.isfinite(evidence.attributions[1].statistics["mean_abs"])
    line.send(ev.Seek(0), ev.Explain(10, queries, QUICK))
    line.wait(ev.Explained, lambda event: event.evidence.done and event.run_id == 10)
    line.send(ev.Seek(2), ev.Explain(11, queries, QUICK))
    first = line.wait(ev.Explained, lambda event: event.run_id == 11)
    assert first.evidence is evidence


def test_evidence_is_traced_beside_the_attack(line: Line) -> None:
    line.send(
        ev.TraceEvidence(2, 0.5, QUICK), ev.StartAttack(4, attack_settings(steps=5), play=True)
    )
    last = line.wait(ev.EvidenceTraced, lambda event: event.points[-1].step == 5)
    assert sorted({point.step for point in last.points}) == [0, 2, 4, 5]
    assert len(last.points) == 8
    assert all(point.error >= 0 for point in last.points)


def test_a_trace_that_fails_says_so_once(line: Line) -> None:
    nowhere = explain_settings(samples=8, layer="nope")
    line.send(
        ev.TraceEvidence(2, 0.5, nowhere), ev.StartAttack(4, attack_settings(steps=3), play=True)
    )
    failed = line.wait(ev.Failed)
    assert (failed.command, failed.run_id) == (ev.TraceEvidence, 4)
    line.frame(lambda event: bool(event.frame.finished))
    for step in (0, 2):
        line.send(ev.Seek(step), ev.Explain(5, (Query("clean", 1),), QUICK))
        line.wait(ev.Explained, lambda event: event.evidence.done)  # would tell of a failure
    line.send(ev.TraceEvidence(2, 0.5, QUICK))
    line.wait(ev.EvidenceTraced, lambda event: event.points[-1].step == 3)


def test_an_attack_that_fails_while_it_plays_is_told_to_stand(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance = AttackRun.advance

    def failing(attack: AttackRun) -> bool:
        if len(attack.trace) == 3:
            raise NotFinite("a gradient is not a number.")
        return advance(attack)

    monkeypatch.setattr(AttackRun, "advance", failing)
    line.send(ev.StartAttack(4, attack_settings(steps=9), play=True))
    failed = line.wait(ev.Failed)
    assert (failed.command, failed.run_id) == (ev.StartAttack, 4)
    stands = line.frame()
    assert (stands.run_id, stands.frame.step, stands.frame.playing) == (4, 2, False)


def test_a_failure_is_told_and_the_thread_lives_on(line: Line, pictures: list[str]) -> None:
    bad = [
        (ev.Open(5, pictures[-1]), "broken.png"),
        (ev.StartAttack(6, attack_settings(target="nonsense")), "unknown class"),
        (ev.LoadModel(ModelSettings("resnet_1")), "unknown network"),
        (ev.Seek(3), "no attack yet"),
        (ev.Save("/tmp"), "no attack to save"),
        (
            ev.Explain(8, (Query("clean", 1),), explain_settings(samples=4, layer="nope")),
            "no layer 'nope'",
        ),
    ]
    for command, said in bad:
        line.send(command)
        failed = line.wait(ev.Failed)
        assert said in failed.message
        assert failed.command is type(command)
        assert failed.run_id == getattr(command, "run_id", failed.run_id)
    line.send(ev.StartAttack(12, attack_settings(steps=1), play=True))
    assert line.frame(lambda event: bool(event.frame.finished)).run_id == 12


def test_glances_name_the_pictures_and_skip_bad_ones(line: Line, pictures: list[str]) -> None:
    line.send(ev.Glance(tuple(pictures)))
    told = {}
    while set(told) != set(pictures):
        event = line.wait(ev.Glanced)
        told[event.path] = event
    for path, event in told.items():
        assert (event.prediction is None) == path.endswith("broken.png")


def test_saving_keeps_every_bit_and_checks_the_png(line: Line, tmp_path: Path) -> None:
    line.send(ev.StartAttack(2, attack_settings(steps=10, epsilon=0.05), play=True))
    frame = line.frame(lambda event: bool(event.frame.finished)).frame
    line.send(ev.Save(str(tmp_path / "out")))
    saved = line.wait(ev.Saved).saved
    pixels = np.load(saved.npy)
    assert pixels.shape == (3, 224, 224)
    assert pixels.dtype == np.float32
    rounded = np.asarray(Image.open(saved.png)).transpose(2, 0, 1) / 255
    assert 0 < np.abs(rounded - pixels).max() <= 0.5 / 255 + 1e-6
    line.send(ev.Open(20, saved.npy))
    reopened = line.wait(ev.Opened, lambda event: event.run_id == 20)
    assert reopened.predictions == frame.predictions[:5]
    line.send(ev.Open(21, saved.png))
    png = line.wait(ev.Opened, lambda event: event.run_id == 21)
    assert png.predictions[0].index == saved.prediction.index


def test_stopping_does_not_wait_for_a_long_attack(line: Line) -> None:
    line.send(ev.StartAttack(2, attack_settings(steps=10_000), play=True))
    line.frame(lambda event: event.frame.step > 2)
    assert line.worker.stop(20)
    line.wait(ev.Stopped)
    assert not any(thread.name == "device" for thread in threading.enumerate())


def test_at_step_zero_both_sides_are_one_picture(line: Line) -> None:
    line.send(ev.StartAttack(2, attack_settings(steps=2)))
    original = line.frame().frame.original.index
    queries = (Query("clean", original), Query("adversarial", original))
    line.send(ev.Explain(9, queries, QUICK))
    found = line.wait(ev.Explained, lambda event: event.evidence.done).evidence
    assert found.contrasts[0]["mean_abs"] == (0.0, 0.0)
    assert np.array_equal(found.attributions[0].heat, found.attributions[1].heat)
