"""What is asked of the worker, and which of its answers still matter."""

from dataclasses import replace

import pytest

from engine.types import (
    Execution,
    Experiment,
    ModelSettings,
    Query,
    attack_settings,
    explain_settings,
)
from engine.worker import protocol as ev
from tui.state.epsilons import EPSILONS, next_epsilon
from tui.state.workspace import Workspace

from .fake_worker import FakeWorker


class Wired:
    """A workspace wired to a fake worker."""

    def __init__(self) -> None:
        self.workspace = Workspace(ModelSettings(), attack_settings(), explain_settings(samples=20))
        self.worker = FakeWorker(self.take)
        self.ignored = 0
        self.explain_to_the_end = True
        self.last_explained: ev.Explained | None = None
        self.do(self.workspace.load(self.workspace.network.settings))
        self.do(self.workspace.open("photos/elephant.png"))

    def take(self, event: ev.Event) -> None:
        if isinstance(event, ev.Explained):
            if event.evidence.done and not self.explain_to_the_end:
                return
            self.last_explained = event
        self.ignored += not self.workspace.take(event)

    def do(self, commands: list[ev.Command]) -> None:
        for command in commands:
            self.worker.send(command)


def asked_of(wired: Wired) -> list[tuple[str, int]]:
    """Sides and classes that are explained now."""
    (command,) = wired.workspace.explain_now()
    assert isinstance(command, ev.Explain)
    return [(query.side, query.class_index) for query in command.queries]


def test_a_picture_waits_for_its_network() -> None:
    workspace = Workspace(ModelSettings(), attack_settings(), explain_settings())
    workspace.load(workspace.network.settings)
    assert workspace.open("x.png") == []
    assert workspace.picture.path == "x.png"


def test_space_starts_then_pauses_then_goes_on_and_begins_again_at_the_end() -> None:
    wired = Wired()
    wired.worker.hold = True
    kinds = []
    for _ in range(3):
        commands = wired.workspace.play_or_pause()
        kinds.append(type(commands[0]))
        wired.do(commands)
        wired.worker.advance()
    wired.worker.advance(30)
    kinds.append(type(wired.workspace.play_or_pause()[0]))
    assert kinds == [ev.StartAttack, ev.Pause, ev.Play, ev.StartAttack]


def test_steps_back_are_counted_from_where_the_cursor_was_sent() -> None:
    wired = Wired()
    wired.do(wired.workspace.start(play=True))
    sent = [*wired.workspace.step(-1), *wired.workspace.step(-1), *wired.workspace.step(-1)]
    assert sent == [ev.Seek(19), ev.Seek(18), ev.Seek(17)]


def test_a_step_beyond_the_last_computes_one_and_the_end_is_the_end() -> None:
    wired = Wired()
    wired.do(wired.workspace.step(1))
    assert wired.workspace.attack.frame is not None
    assert wired.workspace.attack.frame.step == 1
    assert wired.workspace.step(1) == [ev.StepBy(1)]
    wired.do([ev.Play()])
    assert wired.workspace.step(1) == []


def test_answers_of_an_earlier_run_are_ignored() -> None:
    wired = Wired()
    wired.do(wired.workspace.start(play=True))
    old = wired.workspace.attack.frame
    assert old is not None
    wired.do(wired.workspace.open("photos/zebra.png"))
    wired.take(ev.Stepped(2, old))
    assert wired.workspace.attack.frame is None
    assert wired.ignored == 1


def test_each_side_is_explained_for_its_own_prediction() -> None:
    wired = Wired()
    wired.do(wired.workspace.start(play=True))
    assert asked_of(wired) == [("clean", 0), ("adversarial", 1)]
    wired.workspace.explained_class.choice = "target"
    assert asked_of(wired) == [("clean", 1), ("adversarial", 1)]
    wired.workspace.explained_class.choice = "original"
    assert asked_of(wired) == [("clean", 0), ("adversarial", 0)]


def test_evidence_is_stale_at_another_step_and_after_another_start() -> None:
    wired = Wired()
    wired.do(wired.workspace.start(play=True))
    wired.do(wired.workspace.explain_now())
    assert not wired.workspace.evidence_stale
    wired.do(wired.workspace.attack.seek(3))
    assert wired.workspace.evidence_stale
    wired.do(wired.workspace.attack.seek(20))
    assert not wired.workspace.evidence_stale
    wired.do(wired.workspace.start(play=True))
    assert wired.workspace.evidence_stale


def test_evidence_is_stale_under_other_settings() -> None:
    wired = Wired()
    wired.do(wired.workspace.explain_now())
    wired.workspace.explain = explain_settings("lime", samples=20)
    assert wired.workspace.evidence_stale == "the settings as they are now"


def test_a_juxtaposition_leaves_the_main_evidence_alone() -> None:
    wired = Wired()
    wired.do(wired.workspace.explain_now())
    before = wired.workspace.evidence.shown
    queries = tuple(Query("clean", index) for index in range(5))
    wired.do(wired.workspace.juxtapose(queries))
    assert wired.workspace.evidence.shown is before
    assert wired.workspace.juxtaposition.shown is not None
    assert len(wired.workspace.juxtaposition.shown.attributions) == 5


def test_a_network_that_fails_to_come_leaves_the_old_one() -> None:
    wired = Wired()
    wired.do(wired.workspace.load(ModelSettings("missing")))
    assert not wired.workspace.network.loading
    assert wired.workspace.network.info is not None
    assert wired.workspace.network.info.name == wired.workspace.network.settings.name == "builtin"


def test_another_network_drops_the_picture_and_its_runs() -> None:
    wired = Wired()
    wired.do(wired.workspace.start(play=True))
    wired.do(wired.workspace.load(ModelSettings("mobilenet_v2")))
    assert (
        wired.workspace.picture.opened
        is wired.workspace.attack.frame
        is wired.workspace.evidence.shown
        is None
    )
    assert wired.workspace.picture.path == "photos/elephant.png"


def test_cancelling_a_load_keeps_the_network_and_the_picture() -> None:
    wired = Wired()
    wired.worker.load = False
    wired.do(wired.workspace.load(ModelSettings("inception_v3")))
    assert wired.workspace.open("photos/zebra.png") == []
    cancel, open_again = wired.workspace.cancel()
    assert cancel == ev.Cancel()
    assert isinstance(open_again, ev.Open)
    assert open_again.path == "photos/zebra.png"
    assert not wired.workspace.network.loading
    assert wired.workspace.network.settings.name == "builtin"
    assert wired.workspace.picture.opened is not None


def test_the_trace_is_asked_for_with_each_attack_while_it_is_on() -> None:
    wired = Wired()
    wired.do(wired.workspace.toggle_trace())
    wired.workspace.attack.settings = replace(wired.workspace.attack.settings, steps=100)
    commands = wired.workspace.start(play=True)
    assert [type(command) for command in commands] == [ev.StartAttack, ev.TraceEvidence]
    assert isinstance(commands[1], ev.TraceEvidence)
    assert commands[1].every == 5
    wired.do(commands)
    assert wired.workspace.attack.points
    assert wired.workspace.toggle_trace()[0].every == 0  # type: ignore[union-attr]
    assert not wired.workspace.attack.points


@pytest.mark.parametrize("up", [True, False])
def test_epsilon_walks_through_all_its_values_and_stays_among_them(up: bool) -> None:
    epsilon = EPSILONS[0] if up else EPSILONS[-1]
    seen = [epsilon]
    for _ in EPSILONS:
        epsilon = next_epsilon(epsilon, up)
        seen.append(epsilon)
    assert sorted(set(seen)) == list(EPSILONS)


def test_epsilon_between_two_of_its_values_takes_the_neighbours() -> None:
    assert next_epsilon(8 / 255, up=True) == 0.04
    assert next_epsilon(8 / 255, up=False) == 0.03


# --- failures, and what they leave alone --------------------------------------------------------


def explaining() -> Wired:
    """A workspace that waits for the end of an explanation."""
    wired = Wired()
    wired.explain_to_the_end = False
    wired.do(wired.workspace.explain_now())
    assert wired.workspace.evidence.running
    return wired


@pytest.mark.parametrize(
    "failure",
    [
        ev.Failed(ev.Open, "no picture", 99),
        ev.Failed(ev.Survey, "no folder", 99),
        ev.Failed(ev.Survey, "no folder", 0),
        ev.Failed(ev.Save, "no room"),
        ev.Failed(ev.Explain, "no layer", 1),
    ],
)
def test_a_failure_of_something_else_leaves_an_explanation_running(failure: ev.Failed) -> None:
    wired = explaining()
    path = wired.workspace.picture.path
    wired.take(failure)
    assert wired.workspace.evidence.running
    assert wired.workspace.picture.path == path
    assert not wired.workspace.picture.refused
    assert not wired.workspace.survey.error


def test_an_explanation_that_fails_is_not_waited_for() -> None:
    wired = explaining()
    asked = wired.workspace.evidence.asked
    assert asked is not None
    wired.take(ev.Failed(ev.Explain, "no layer", asked.run_id))
    assert not wired.workspace.evidence.running


def test_a_picture_that_cannot_be_opened_leaves_the_one_before() -> None:
    wired = Wired()
    wired.do(wired.workspace.open("photos/broken.png"))
    assert wired.workspace.picture.refused == "photos/broken.png"
    assert wired.workspace.picture.path == "photos/elephant.png"


def test_what_comes_of_an_explanation_after_it_was_stopped_is_ignored() -> None:
    wired = explaining()
    wired.do(wired.workspace.cancel())
    asked, before = wired.last_explained, wired.workspace.evidence.shown
    assert asked is not None
    wired.take(replace(asked, evidence=replace(asked.evidence, samples=19)))
    assert wired.workspace.evidence.shown is before
    assert not wired.workspace.explaining


def test_every_run_has_an_id_of_its_own() -> None:
    wired = Wired()
    survey = Experiment("photos"), Execution("run")
    wired.do(wired.workspace.start(play=True))
    wired.do(wired.workspace.survey.start(survey))
    wired.do(wired.workspace.explain_now())
    wired.do(wired.workspace.juxtapose((Query("clean", 0),)))
    wired.do(wired.workspace.survey.start(survey))
    ids = [command.run_id for command in wired.worker.sent if hasattr(command, "run_id")]
    assert len(ids) == 6
    assert ids == sorted(set(ids))
