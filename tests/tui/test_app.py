"""The main job through keys: open, attack, walk through time, read the evidence."""

from engine.types import Query, attack_settings, explain_settings
from engine.worker import protocol as ev

from .harness import Harness


async def test_the_first_paint_says_what_is_loaded() -> None:
    async with Harness(load=False).open() as harness:
        await harness.until(lambda: "12.3 MB of 35.5 MB" in harness.text("#status"))
        assert "loading builtin" in harness.text("#status")
        assert "5.1 MB/s" in harness.text("#status")
        assert "0:05 left" in harness.text("#status")
        assert "loading builtin" in harness.text("#clean")


async def test_the_first_picture_opens_by_itself_and_is_explained() -> None:
    async with Harness().open() as harness:
        await harness.until(lambda: harness.workspace.evidence.shown)
        assert "elephant.png" in harness.text("#clean-pane")
        assert "• African ele" in harness.text("#bars-clean")
        assert "Clean picture: mean |phi| for African elephant" in harness.text("#summary")


async def test_visible_pictures_get_their_prediction() -> None:
    async with Harness().open() as harness:
        await harness.until(lambda: "gas pump" in harness.text("#rows"))
        assert "not a picture" in harness.text("#rows")
        glances = harness.worker.of(ev.Glance)
        assert glances
        # The open picture is told with its opening.
        assert len(glances[0].paths) == 5  # type: ignore[attr-defined]


async def test_space_attacks_and_the_evidence_follows() -> None:
    async with Harness().open() as harness:
        await harness.press("space")
        assert "step 20 of 20" in harness.text("#adversarial-pane")
        assert "99.9 %" in harness.text("#bars-adversarial")
        await harness.explained()
        assert "At step 20: ping-pong ball 99.9 %" in harness.text("#summary")
        assert "n 200" in harness.text("#caption")
        explained = harness.worker.of(ev.Explain)[-1]
        assert explained.queries == (Query("clean", 0), Query("adversarial", 1))  # type: ignore[attr-defined]


async def test_space_before_the_network_has_come_starts_the_attack_when_it_has() -> None:
    async with Harness(load=False).open() as harness:
        await harness.press("space")
        assert "begins as soon as the network is there" in harness.text()
        harness.worker.load = True
        harness.app.send(*harness.workspace.load(harness.workspace.network.settings))
        await harness.until(
            lambda: harness.workspace.attack.frame and harness.workspace.attack.frame.finished
        )
        assert len(harness.worker.of(ev.StartAttack)) == 1


async def test_escape_takes_back_the_attack_that_was_to_come() -> None:
    async with Harness(load=False).open() as harness:
        await harness.press("space", "escape")
        harness.worker.load = True
        harness.app.send(*harness.workspace.load(harness.workspace.network.settings))
        await harness.until(lambda: harness.workspace.picture.opened)
        assert not harness.worker.of(ev.StartAttack)


async def test_ctrl_c_says_how_to_quit() -> None:
    async with Harness().open() as harness:
        await harness.press("ctrl+c")
        assert "ctrl+q quits" in harness.text()
        assert not harness.worker.stopped


async def test_space_pauses_and_goes_on() -> None:
    harness = Harness()
    async with harness.open():
        harness.worker.hold = True
        await harness.press("space")
        harness.worker.advance(3)
        await harness.press("space")
        assert harness.worker.of(ev.Pause)
        assert "paused" in harness.text("#axis-pane")
        harness.worker.hold = False
        await harness.press("space")
        assert "all 20 steps done" in harness.text("#axis-pane")


async def test_the_arrows_walk_back_to_the_clean_picture_and_forth_again() -> None:
    async with Harness().open() as harness:
        await harness.press("space", "left", "left")
        assert "step 18 of 20" in harness.text("#adversarial-pane")
        await harness.press("home")
        assert "step 0 of 20" in harness.text("#adversarial-pane")
        await harness.press("right", "end")
        assert "step 20 of 20" in harness.text("#adversarial-pane")
        assert len(harness.worker.of(ev.StartAttack)) == 1


async def test_evidence_of_another_step_is_labelled_until_its_own_arrives() -> None:
    async with Harness().open() as harness:
        await harness.press("space")
        await harness.explained()
        await harness.press("u", "left")
        assert "not of what is shown (step 19): step 20" in harness.text("#caption")
        await harness.press("x")
        assert harness.text("#caption").startswith("step 19")


async def test_evidence_waits_for_x_when_it_does_not_follow() -> None:
    async with Harness().open() as harness:
        await harness.until(lambda: harness.workspace.evidence.shown)
        await harness.press("u")
        asked = len(harness.worker.of(ev.Explain))
        await harness.press("space", "left", "left")
        assert harness.pilot is not None
        await harness.pilot.pause(0.5)
        assert len(harness.worker.of(ev.Explain)) == asked


async def test_epsilon_keys_change_it_and_say_that_the_attack_is_another() -> None:
    async with Harness(attack=attack_settings(epsilon=0.02)).open() as harness:
        await harness.press("space", "plus")
        assert "0.0300 = 7.65/255" in harness.text("#settings")
        assert "a starts again" in harness.text("#settings-pane")
        await harness.press("a")
        assert harness.worker.of(ev.StartAttack)[-1].settings.epsilon == 0.03  # type: ignore[attr-defined]
        assert "a starts again" not in harness.text("#settings-pane")
        await harness.press("minus", "minus")
        assert "0.0157 = 4.00/255" in harness.text("#settings")


async def test_method_and_seed_have_keys() -> None:
    async with Harness().open() as harness:
        await harness.press("m", "m", "r")
        assert "MI-FGSM" in harness.text("#settings")
        assert harness.workspace.attack.settings.seed == 1


async def test_s_attacks_towards_the_runner_up() -> None:
    async with Harness().open() as harness:
        await harness.press("s")
        assert harness.worker.of(ev.StartAttack)[-1].settings.target == "similar"  # type: ignore[attr-defined]
        assert "Indian elephant" in harness.text("#settings")
        assert "the runner-up class" in harness.text("#settings")


async def test_c_cycles_the_class_that_is_explained() -> None:
    async with Harness().open() as harness:
        await harness.press("space")
        await harness.explained()
        await harness.press("c")
        assert "the target" in harness.text("#settings")
        await harness.until(
            lambda: harness.worker.of(ev.Explain)[-1].queries[0].class_index == 1  # type: ignore[attr-defined]
        )
        await harness.press("c")
        assert "the original class" in harness.text("#settings")


async def test_evidence_appears_on_the_time_axis() -> None:
    async with Harness().open() as harness:
        await harness.press("y", "space")
        assert harness.workspace.attack.points
        assert "mean |φ|" in harness.text("#axis")
        await harness.press("y")
        assert not harness.workspace.attack.points


async def test_w_saves_and_says_whether_the_attack_survived() -> None:
    async with Harness().open() as harness:
        await harness.press("w")
        assert not harness.worker.of(ev.Save)
        await harness.press("space", "w")
        assert harness.worker.of(ev.Save) == [ev.Save("saved")]
        await harness.until(lambda: "survived" in harness.text())


async def test_enter_opens_the_picture_under_the_cursor() -> None:
    async with Harness().open() as harness:
        await harness.press("down", "down", "enter")
        assert harness.workspace.picture.opened is not None
        assert harness.workspace.picture.opened.path == "photos/zebra.png"
        assert "zebra.png" in harness.text("#clean-pane")


async def test_a_failure_is_shown_and_the_app_goes_on() -> None:
    async with Harness().open() as harness:
        harness.app.send(*harness.workspace.open("photos/broken.png"))
        harness.app._drain()
        await harness.until(lambda: "is no picture: choose another" in harness.text("#status"))
        await harness.press("down", "enter")
        assert harness.workspace.picture.opened is not None
        assert "is no picture" not in harness.text("#status")


async def test_a_first_picture_that_cannot_be_opened_is_not_waited_for() -> None:
    async with Harness(paths=("photos/broken.png",), pictures=0).open() as harness:
        harness.app.send(*harness.workspace.open("photos/broken.png"))
        await harness.until(lambda: "broken.png cannot be opened" in harness.text("#clean"))
        assert "opening" not in harness.text("#clean")


async def test_a_target_that_is_no_class_is_told_before_the_attack() -> None:
    async with Harness(attack=attack_settings(target="tuskerr")).open() as harness:
        assert harness.workspace.attack.settings.target == "random"
        assert "did you mean tusker" in harness.text()


async def test_an_attack_on_the_own_class_fails_with_a_sentence() -> None:
    async with Harness(attack=attack_settings(target="African elephant")).open() as harness:
        await harness.press("space")
        await harness.until(lambda: "choose another target" in harness.text("#status"))


async def test_a_failed_explanation_is_said_until_one_succeeds() -> None:
    async with Harness(explain=explain_settings(layer="features.9")).open() as harness:
        await harness.until(lambda: "did you mean features.7" in harness.text("#status"))
        await harness.press("space")
        assert "did you mean features.7" in harness.text("#status")
        harness.workspace.explain = explain_settings()
        await harness.press("x")
        assert "did you mean" not in harness.text("#status")


async def test_no_pictures_is_said() -> None:
    async with Harness(pictures=0).open() as harness:
        await harness.until(lambda: "no pictures were" in harness.text("#clean"))


async def test_names_from_outside_do_not_reach_the_terminal_as_commands() -> None:
    async with Harness(paths=("ev\x1b]0;owned\x07il[red]",)).open() as harness:
        await harness.until(lambda: harness.workspace.evidence.shown)
        harness.worker.emit(ev.Failed(ev.Open, "bad \x1b[31mfile\x1b[0m [bold]x[/bold]"))
        harness.worker.emit(ev.Found(("x/\x1b]0;owned\x07[red]name.png",), done=True))
        await harness.until(lambda: "name" in harness.text("#rows"))
        assert "\x1b" not in harness.text()
        assert "\x07" not in harness.text()
        assert "[red]name" in harness.text("#rows")
        assert "[bold]x[/bold]" in harness.text("#status")
