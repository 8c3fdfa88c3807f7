"""What is asked of the worker, and which of its answers still matter."""

from dataclasses import replace

import pytest

from engine.types import AttackSettings, ExplainSettings, ModelSettings
from engine.worker import protocol as ev
from tui.state.epsilons import EPSILONS, next_epsilon
from tui.state.workspace import Session

from .fake_worker import FakeWorker


class Bench:
    """A session wired to a fake worker."""

    def __init__(self) -> None:
        self.session = Session(ModelSettings(), AttackSettings(), ExplainSettings(samples=20))
        self.worker = FakeWorker(self.take)
        self.ignored = 0
        self.do(self.session.load_model(self.session.model))
        self.do(self.session.open("photos/elephant.png"))

    def take(self, event: ev.Event) -> None:
        self.ignored += not self.session.take(event)

    def do(self, commands: list[ev.Command]) -> None:
        for command in commands:
            self.worker.send(command)


def test_a_picture_waits_for_its_network() -> None:
    session = Session(ModelSettings(), AttackSettings(), ExplainSettings())
    session.load_model(session.model)
    assert session.open("x.png") == []
    assert session.path == "x.png"


def test_space_starts_then_pauses_then_goes_on_and_begins_again_at_the_end() -> None:
    bench = Bench()
    bench.worker.hold = True
    kinds = []
    for _ in range(3):
        commands = bench.session.play_or_pause()
        kinds.append(type(commands[0]))
        bench.do(commands)
        bench.worker.advance()
    bench.worker.advance(30)
    kinds.append(type(bench.session.play_or_pause()[0]))
    assert kinds == [ev.StartAttack, ev.Pause, ev.Play, ev.StartAttack]


def test_steps_back_are_counted_from_where_the_cursor_was_sent() -> None:
    bench = Bench()
    bench.do(bench.session.start(play=True))
    sent = [*bench.session.step(-1), *bench.session.step(-1), *bench.session.step(-1)]
    assert sent == [ev.Seek(19), ev.Seek(18), ev.Seek(17)]


def test_a_step_beyond_the_last_computes_one_and_the_end_is_the_end() -> None:
    bench = Bench()
    bench.do(bench.session.step(1))
    assert bench.session.frame is not None
    assert bench.session.frame.step == 1
    assert bench.session.step(1) == [ev.StepBy(1)]
    bench.do([ev.Play()])
    assert bench.session.step(1) == []


def test_answers_of_an_earlier_run_are_ignored() -> None:
    bench = Bench()
    bench.do(bench.session.start(play=True))
    old = bench.session.frame
    assert old is not None
    bench.do(bench.session.open("photos/zebra.png"))
    bench.take(ev.Stepped(2, old))
    assert bench.session.frame is None
    assert bench.ignored == 1


def test_each_side_is_explained_for_its_own_prediction() -> None:
    bench = Bench()
    bench.do(bench.session.start(play=True))
    assert [(q.side, q.class_index) for q in bench.session.queries()] == [
        ("clean", 0),
        ("adversarial", 1),
    ]
    bench.session.class_choice = "target"
    assert [q.class_index for q in bench.session.queries()] == [1, 1]
    bench.session.class_choice = "original"
    assert [q.class_index for q in bench.session.queries()] == [0, 0]


def test_evidence_is_stale_at_another_step_and_after_another_start() -> None:
    bench = Bench()
    bench.do(bench.session.start(play=True))
    bench.do(bench.session.explain_now())
    assert not bench.session.evidence_stale
    bench.do(bench.session.seek(3))
    assert bench.session.evidence_stale
    bench.do(bench.session.seek(20))
    assert not bench.session.evidence_stale
    bench.do(bench.session.start(play=True))
    assert bench.session.evidence_stale


def test_evidence_is_stale_under_other_settings() -> None:
    bench = Bench()
    bench.do(bench.session.explain_now())
    bench.session.explain = replace(bench.session.explain, explainer="lime")
    assert bench.session.evidence_stale == "the settings as they are now"


def test_a_juxtaposition_leaves_the_main_evidence_alone() -> None:
    bench = Bench()
    bench.do(bench.session.explain_now())
    before = bench.session.evidence
    bench.do(bench.session.juxtapose(bench.session.top_queries()))
    assert bench.session.evidence is before
    assert bench.session.juxtaposed is not None
    assert len(bench.session.juxtaposed.attributions) == 5


def test_a_network_that_fails_to_come_leaves_the_old_one() -> None:
    bench = Bench()
    bench.do(bench.session.load_model(ModelSettings("missing")))
    assert not bench.session.loading
    assert bench.session.info is not None
    assert bench.session.info.name == bench.session.model.name == "builtin"


def test_another_network_drops_the_picture_and_its_runs() -> None:
    bench = Bench()
    bench.do(bench.session.start(play=True))
    bench.do(bench.session.load_model(ModelSettings("mobilenet_v2")))
    assert bench.session.opened is bench.session.frame is bench.session.evidence is None
    assert bench.session.path == "photos/elephant.png"


def test_cancelling_a_load_keeps_the_network_and_the_picture() -> None:
    bench = Bench()
    bench.worker.load = False
    bench.do(bench.session.load_model(ModelSettings("inception_v3")))
    assert bench.session.open("photos/zebra.png") == []
    assert bench.session.cancel() == [ev.Cancel()]
    assert not bench.session.loading
    assert bench.session.model.name == "builtin"
    assert bench.session.opened is not None


def test_the_trace_is_asked_for_with_each_attack_while_it_is_on() -> None:
    bench = Bench()
    bench.do(bench.session.toggle_trace())
    bench.session.attack = replace(bench.session.attack, steps=100)
    commands = bench.session.start(play=True)
    assert [type(command) for command in commands] == [ev.StartAttack, ev.TraceEvidence]
    assert isinstance(commands[1], ev.TraceEvidence)
    assert commands[1].every == 5
    bench.do(commands)
    assert bench.session.points
    assert bench.session.toggle_trace()[0].every == 0  # type: ignore[union-attr]
    assert not bench.session.points


@pytest.mark.parametrize("up", [True, False])
def test_epsilon_walks_the_whole_ladder_and_stays_on_it(up: bool) -> None:
    epsilon = EPSILONS[0] if up else EPSILONS[-1]
    seen = [epsilon]
    for _ in EPSILONS:
        epsilon = next_epsilon(epsilon, up)
        seen.append(epsilon)
    assert sorted(set(seen)) == list(EPSILONS)


def test_epsilon_between_two_rungs_takes_the_neighbours() -> None:
    assert next_epsilon(8 / 255, up=True) == 0.04
    assert next_epsilon(8 / 255, up=False) == 0.03
