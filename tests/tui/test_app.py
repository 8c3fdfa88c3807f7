"""The main job through keys: open, attack, walk through time, read the evidence."""

import os
import signal
import sys
from pathlib import Path

import pytest

from engine.types import AttackSettings, ExplainSettings, Query
from engine.worker import protocol as ev
from tui.state.remembered import State, load_state

from .harness import Desk


async def test_the_first_paint_says_what_is_loaded() -> None:
    async with Desk(load=False).open() as desk:
        await desk.until(lambda: "12.3 MB of 35.5 MB" in desk.text("#status"))
        assert "loading builtin" in desk.text("#status")
        assert "5.1 MB/s" in desk.text("#status")
        assert "0:05 left" in desk.text("#status")
        assert "loading builtin" in desk.text("#clean")


async def test_the_first_picture_opens_by_itself_and_is_explained() -> None:
    async with Desk().open() as desk:
        await desk.until(lambda: desk.session.evidence)
        assert "elephant.png" in desk.text("#clean-pane")
        assert "• African ele" in desk.text("#bars-clean")
        assert "Clean picture: mean |phi| for African elephant" in desk.text("#summary")


async def test_visible_pictures_get_their_prediction() -> None:
    async with Desk().open() as desk:
        await desk.until(lambda: "gas pump" in desk.text("#rows"))
        assert "not a picture" in desk.text("#rows")
        glances = desk.worker.of(ev.Glance)
        assert glances
        assert len(glances[0].paths) == 6  # type: ignore[attr-defined]


async def test_space_attacks_and_the_evidence_follows() -> None:
    async with Desk().open() as desk:
        await desk.press("space")
        assert "step 20 of 20" in desk.text("#adversarial-pane")
        assert "99.9 %" in desk.text("#bars-adversarial")
        await desk.explained()
        assert "At step 20: ping-pong ball 99.9 %" in desk.text("#summary")
        assert "n 200" in desk.text("#caption")
        explained = desk.worker.of(ev.Explain)[-1]
        assert explained.queries == (Query("clean", 0), Query("adversarial", 1))  # type: ignore[attr-defined]


async def test_space_before_the_network_has_come_starts_the_attack_when_it_has() -> None:
    async with Desk(load=False).open() as desk:
        await desk.press("space")
        assert "begins as soon as the network is there" in desk.text()
        desk.worker.load = True
        desk.app.send(*desk.session.load_model(desk.session.model))
        await desk.until(lambda: desk.session.frame and desk.session.frame.finished)
        assert len(desk.worker.of(ev.StartAttack)) == 1


async def test_escape_takes_back_the_attack_that_was_to_come() -> None:
    async with Desk(load=False).open() as desk:
        await desk.press("space", "escape")
        desk.worker.load = True
        desk.app.send(*desk.session.load_model(desk.session.model))
        await desk.until(lambda: desk.session.opened)
        assert not desk.worker.of(ev.StartAttack)


async def test_ctrl_c_says_how_to_quit() -> None:
    async with Desk().open() as desk:
        await desk.press("ctrl+c")
        assert "ctrl+q quits" in desk.text()
        assert not desk.worker.stopped


async def test_space_pauses_and_goes_on() -> None:
    desk = Desk()
    async with desk.open():
        desk.worker.hold = True
        await desk.press("space")
        desk.worker.advance(3)
        await desk.press("space")
        assert desk.worker.of(ev.Pause)
        assert "paused" in desk.text("#axis-pane")
        desk.worker.hold = False
        await desk.press("space")
        assert "all 20 steps done" in desk.text("#axis-pane")


async def test_the_arrows_walk_back_to_the_clean_picture_and_forth_again() -> None:
    async with Desk().open() as desk:
        await desk.press("space", "left", "left")
        assert "step 18 of 20" in desk.text("#adversarial-pane")
        await desk.press("home")
        assert "step 0 of 20" in desk.text("#adversarial-pane")
        await desk.press("right", "end")
        assert "step 20 of 20" in desk.text("#adversarial-pane")
        assert len(desk.worker.of(ev.StartAttack)) == 1


async def test_evidence_of_another_step_is_labelled_until_its_own_arrives() -> None:
    async with Desk().open() as desk:
        await desk.press("space")
        await desk.explained()
        await desk.press("u", "left")
        assert "not of what is shown (step 19): step 20" in desk.text("#caption")
        await desk.press("x")
        assert desk.text("#caption").startswith("step 19")


async def test_evidence_waits_for_x_when_it_does_not_follow() -> None:
    async with Desk().open() as desk:
        await desk.until(lambda: desk.session.evidence)
        await desk.press("u")
        asked = len(desk.worker.of(ev.Explain))
        await desk.press("space", "left", "left")
        assert desk.pilot is not None
        await desk.pilot.pause(0.5)
        assert len(desk.worker.of(ev.Explain)) == asked


async def test_epsilon_keys_change_it_and_say_that_the_attack_is_another() -> None:
    async with Desk(attack=AttackSettings(epsilon=0.02)).open() as desk:
        await desk.press("space", "plus")
        assert "0.0300 = 7.65/255" in desk.text("#settings")
        assert "a starts again" in desk.text("#settings-pane")
        await desk.press("a")
        assert desk.worker.of(ev.StartAttack)[-1].settings.epsilon == 0.03  # type: ignore[attr-defined]
        assert "a starts again" not in desk.text("#settings-pane")
        await desk.press("minus", "minus")
        assert "0.0157 = 4.00/255" in desk.text("#settings")


async def test_method_and_seed_have_keys() -> None:
    async with Desk().open() as desk:
        await desk.press("m", "m", "r")
        assert "MI-FGSM" in desk.text("#settings")
        assert desk.session.attack.seed == 1


async def test_s_attacks_towards_the_runner_up() -> None:
    async with Desk().open() as desk:
        await desk.press("s")
        assert desk.worker.of(ev.StartAttack)[-1].settings.target == "similar"  # type: ignore[attr-defined]
        assert "Indian elephant" in desk.text("#settings")
        assert "the runner-up class" in desk.text("#settings")


async def test_c_cycles_the_class_that_is_explained() -> None:
    async with Desk().open() as desk:
        await desk.press("space")
        await desk.explained()
        await desk.press("c")
        assert "the target" in desk.text("#settings")
        await desk.until(
            lambda: desk.worker.of(ev.Explain)[-1].queries[0].class_index == 1  # type: ignore[attr-defined]
        )
        await desk.press("c")
        assert "the original class" in desk.text("#settings")


async def test_evidence_appears_on_the_time_axis() -> None:
    async with Desk().open() as desk:
        await desk.press("y", "space")
        assert desk.session.points
        assert "mean |φ|" in desk.text("#axis")
        await desk.press("y")
        assert not desk.session.points


async def test_w_saves_and_says_whether_the_attack_survived() -> None:
    async with Desk().open() as desk:
        await desk.press("w")
        assert not desk.worker.of(ev.Save)
        await desk.press("space", "w")
        assert desk.worker.of(ev.Save) == [ev.Save("saved")]
        await desk.until(lambda: "survived" in desk.text())


async def test_enter_opens_the_picture_under_the_cursor() -> None:
    async with Desk().open() as desk:
        await desk.press("down", "down", "enter")
        assert desk.session.opened is not None
        assert desk.session.opened.path == "photos/zebra.png"
        assert "zebra.png" in desk.text("#clean-pane")


async def test_a_failure_is_shown_and_the_app_goes_on() -> None:
    async with Desk().open() as desk:
        desk.app.open("photos/broken.png")
        desk.app._drain()
        await desk.until(lambda: "is no picture: choose another" in desk.text("#status"))
        await desk.press("down", "enter")
        assert desk.session.opened is not None
        assert "is no picture" not in desk.text("#status")


async def test_a_first_picture_that_cannot_be_opened_is_not_waited_for() -> None:
    async with Desk(paths=("photos/broken.png",), pictures=0).open() as desk:
        desk.app.open("photos/broken.png")
        await desk.until(lambda: "broken.png cannot be opened" in desk.text("#clean"))
        assert "opening" not in desk.text("#clean")


async def test_a_target_that_is_no_class_is_told_before_the_attack() -> None:
    async with Desk(attack=AttackSettings(target="tuskerr")).open() as desk:
        assert desk.session.attack.target == "random"
        assert "did you mean tusker" in desk.text()


async def test_an_attack_on_the_own_class_fails_with_a_sentence() -> None:
    async with Desk(attack=AttackSettings(target="African elephant")).open() as desk:
        await desk.press("space")
        await desk.until(lambda: "choose another target" in desk.text("#status"))


async def test_a_failed_explanation_is_said_until_one_succeeds() -> None:
    async with Desk(explain=ExplainSettings(layer="features.9")).open() as desk:
        await desk.until(lambda: "did you mean features.7" in desk.text("#status"))
        await desk.press("space")
        assert "did you mean features.7" in desk.text("#status")
        desk.session.explain = ExplainSettings()
        await desk.press("x")
        assert "did you mean" not in desk.text("#status")


async def test_no_pictures_is_said() -> None:
    async with Desk(pictures=0).open() as desk:
        await desk.until(lambda: "no pictures were" in desk.text("#clean"))


async def test_names_from_outside_do_not_reach_the_terminal_as_commands() -> None:
    async with Desk(paths=("ev\x1b]0;owned\x07il[red]",)).open() as desk:
        await desk.until(lambda: desk.session.evidence)
        desk.worker.emit(ev.Failed("Open", "bad \x1b[31mfile\x1b[0m [bold]x[/bold]"))
        desk.worker.emit(ev.Found(("x/\x1b]0;owned\x07[red]name.png",), done=True))
        await desk.until(lambda: "name" in desk.text("#rows"))
        assert "\x1b" not in desk.text()
        assert "\x07" not in desk.text()
        assert "[red]name" in desk.text("#rows")
        assert "[bold]x[/bold]" in desk.text("#status")


# --- quitting, hints, memory --------------------------------------------------------------------


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_quit_stops_the_worker(key: str) -> None:
    desk = Desk()
    async with desk.open():
        await desk.press("space")
        assert desk.pilot is not None
        await desk.pilot.press(key)
    assert desk.worker.stopped
    assert desk.app.return_value == 0


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
async def test_a_closed_terminal_ends_the_app_as_quit_does(name: str) -> None:
    number = getattr(signal, name, None)
    if number is None or sys.platform == "win32":
        pytest.skip(f"there is no {name} here")
    desk = Desk()
    async with desk.open():
        os.kill(os.getpid(), number)
        await desk.until(lambda: desk.worker.stopped)
    assert desk.app.return_value == 128 + number


async def test_hints_appear_one_by_one_and_never_again(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    async with Desk(state=State(path=path)).open() as desk:
        assert "Press space" in desk.text("#hint")
        await desk.press("space")
        assert "Press s" in desk.text("#hint")
        await desk.press("s")
        assert "Press v" in desk.text("#hint")
        await desk.press("v", "escape")
        assert not desk.app.main.query_one("#hint").display
    state = load_state(path)
    assert state.model is not None
    assert state.model.name == "builtin"
    async with Desk(state=state).open() as desk:
        assert not desk.app.main.query_one("#hint").display


async def test_hints_can_be_switched_off() -> None:
    async with Desk(hints=False).open() as desk:
        assert not desk.app.main.query_one("#hint").display


async def test_an_unreadable_state_is_said() -> None:
    async with Desk(state=State(note="The remembered settings were ignored.")).open() as desk:
        await desk.until(lambda: "settings were ignored" in desk.text())
