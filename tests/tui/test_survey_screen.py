"""The survey's screen: begin, watch, hold, look into a picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.surveys.experiment import Explanation
from engine.surveys.thresholds import remember
from engine.types import (
    Separation,
    SurveyArm,
    SurveyedPair,
    SurveyFrame,
    attack_settings,
    explain_settings,
)
from engine.types.thresholds import default_path
from engine.worker import protocol as ev
from tests.tui.harness import Harness
from tui.screens.survey import SurveyScreen

BIM = attack_settings("bim", target="random", epsilon=0.01)
NAMES = ("input, probability", "pair: input, probability")


def separation(arm: str, statistic: str, auroc: float, name: str = NAMES[0]) -> Separation:
    places = np.linspace(0, 1, 65)
    edges = np.linspace(0, 0.01, 41)
    rng = np.random.default_rng(0)
    clean = np.histogram(rng.normal(0.006, 0.001, 60), edges)[0].astype(float)
    other = np.histogram(rng.normal(0.004, 0.001, 60), edges)[0].astype(float)
    side = "below" if auroc > 0.5 else "above"
    roc = np.stack([places, places**0.3])
    return Separation(
        arm, name, statistic, 60, auroc, auroc - 0.08, auroc + 0.07, 0.31, 0.0042, side, 0.8,
        roc, edges, clean, other,
    )  # fmt: skip


def frame(state: str = "running", done: int = 60) -> SurveyFrame:
    arms = (
        SurveyArm("bim-0.01-random", "BIM 0.01 random", "attack", BIM, 60, 58, 3.0),
        SurveyArm("noise-0.01", "noise 0.01", "noise", BIM, 60, 60, float("nan")),
    )
    pairs = tuple(
        SurveyedPair(
            f"photos/n0{k}/picture{k}.png", "bim-0.01-random", replace(BIM, seed=70 + k),
            explain_settings(seed=70 + k, samples=20), 0.006, 0.003, 2.5 - k,
        )
        for k in range(4)
    )  # fmt: skip
    rows = (
        separation("bim-0.01-random", "confidence", 0.12, "no explanation"),
        separation("bim-0.01-random", "mean", 0.64),
        separation("bim-0.01-random", "mean_abs", 0.83),
        separation("noise-0.01", "mean_abs", 0.49),
    )
    notes = ("labels: the folders' names are wnids",)
    return SurveyFrame(
        state, done, 200, 4, 1, 1.25, 112.0, arms, NAMES, rows, pairs, pairs[::-1],
        "mean_abs", notes, "survey-1",
    )  # type: ignore[arg-type]  # fmt: skip


async def begun(harness: Harness, folder: str = "photos") -> ev.Survey:
    """Open the screen, take the form as it is, and answer with a frame."""
    await harness.press("g")
    await harness.until(lambda: "New survey" in harness.text())
    await harness.type(folder)
    await harness.press("enter")
    await harness.until(lambda: isinstance(harness.app.screen, SurveyScreen))
    command = harness.worker.of(ev.Survey)[-1]
    assert isinstance(command, ev.Survey)
    harness.worker.emit(ev.SurveyProgress(command.run_id, frame()))
    await harness.press()
    return command


async def ended(harness: Harness, command: ev.Survey) -> None:
    """The survey ends, and leaves thresholds as the engine does."""
    asked, last = command.experiment, frame("finished", 200)
    remember(asked.model, {NAMES[0]: Explanation(asked.explanations[0], "fixed")}, last)
    harness.worker.emit(ev.SurveyProgress(command.run_id, last))
    await harness.press("escape")


async def test_g_asks_for_settings_and_begins(tmp_path: Path) -> None:
    async with Harness().open(160, 50) as harness:
        command = await begun(harness)
        assert command.experiment.folder == "photos"
        assert command.execution.out == "survey-1"
        assert command.experiment.model.name == "builtin"
        assert command.experiment.explanations[0].samples == 200


async def test_everything_is_shown_while_it_runs() -> None:
    async with Harness().open(160, 50) as harness:
        await begun(harness)
        text = harness.text()
        assert "running · 60 of 200 pictures, 4 left out (network errs), 1 failed" in text
        assert "1.25/s, 1:52 left" in text
        assert "names are wnids" in text
        assert "97 % in 3" in text
        assert "0.83 [0.75, 0.90]" in text
        assert "31 %" in text
        assert "+2.5 sd n00/picture0.png" in harness.text("#survey-most")
        assert "-0.5 sd n03/picture3.png" in harness.text("#survey-least")
        assert "AUROC 0.12, reversed" in harness.text("#survey-roc")  # of confidence, the first row


async def test_the_curves_are_those_of_the_row_under_the_cursor() -> None:
    async with Harness().open(160, 50) as harness:
        await begun(harness)
        await harness.press("down", "down")
        assert "mean_abs · BIM 0.01 random" in harness.text("#survey-h-pane")
        assert "AUROC 0.83 · 60 pairs · adversarial if below 0.00420" in harness.text("#survey-roc")
        before = harness.text("#survey-results")
        run_id = harness.worker.of(ev.Survey)[-1].run_id  # type: ignore[attr-defined]
        harness.worker.emit(ev.SurveyProgress(run_id, frame(done=70)))
        await harness.press()
        assert harness.text("#survey-results") == before
        assert "mean_abs · BIM 0.01 random" in harness.text("#survey-h-pane")


async def test_s_looks_at_one_figure_at_a_time() -> None:
    async with Harness().open(160, 50) as harness:
        await begun(harness)
        await harness.press("s", "s", "s")
        text = harness.text("#survey-results")
        assert "mean_abs" in text
        assert "confidence" in text
        assert "mean  " not in text


async def test_space_holds_and_goes_on_and_c_ends() -> None:
    async with Harness().open(160, 50) as harness:
        command = await begun(harness)
        await harness.press("space")
        assert harness.worker.of(ev.SteerSurvey)[-1] == ev.SteerSurvey("pause")
        harness.worker.emit(ev.SurveyProgress(command.run_id, frame("paused")))
        await harness.press()
        assert "paused: space goes on" in harness.text()
        await harness.press("space")
        assert harness.worker.of(ev.SteerSurvey)[-1] == ev.SteerSurvey("resume")
        await harness.press("c")
        assert harness.worker.of(ev.SteerSurvey)[-1] == ev.SteerSurvey("stop")
        harness.worker.emit(ev.SurveyProgress(command.run_id, frame("stopped")))
        await harness.press("space")
        again = harness.worker.of(ev.Survey)
        assert len(again) == 2
        assert again[0].experiment == again[1].experiment  # type: ignore[attr-defined]
        assert again[0].execution == again[1].execution  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [(160, 50), (80, 24)])
async def test_enter_opens_a_picture_with_the_surveys_settings(size: tuple[int, int]) -> None:
    async with Harness().open(*size) as harness:
        await begun(harness)
        await harness.press(*(("3",) if size[0] < 140 else ("tab",)))
        await harness.press("down", "enter")
        await harness.until(lambda: harness.app.screen is harness.app.main)
        assert harness.workspace.picture.path == "photos/n01/picture1.png"
        assert harness.workspace.attack.settings == replace(BIM, seed=71)
        assert harness.workspace.explain.samples == 20
        await harness.until(lambda: harness.workspace.attack.frame)  # the attack begins by itself
        started = harness.worker.of(ev.StartAttack)[-1]
        assert started.settings.seed == 71  # type: ignore[attr-defined]


async def test_small_windows_have_pages() -> None:
    async with Harness().open(80, 24) as harness:
        await begun(harness)
        assert "0.83 [0.75, 0.90]" in harness.text()
        await harness.press("2")
        assert "false alarms" in harness.text()
        assert "adversarial" in harness.text("#survey-histogram")
        await harness.press("3")
        assert "picture0.png" in harness.text()


async def test_the_survey_goes_on_when_the_screen_is_left() -> None:
    async with Harness().open(160, 50) as harness:
        command = await begun(harness)
        await harness.press("escape")
        harness.worker.emit(ev.SurveyProgress(command.run_id, frame(done=90)))
        await harness.press("g")
        await harness.until(lambda: "90 of 200 pictures" in harness.text())


async def test_a_failure_is_told_and_another_surveys_events_are_not() -> None:
    async with Harness().open(160, 50) as harness:
        command = await begun(harness)
        harness.worker.emit(ev.SurveyProgress(command.run_id - 1, frame(done=199)))
        await harness.press()
        assert "199 of 200" not in harness.text()
        says = "run was begun with seed 0, not 1: choose another --out."
        harness.worker.emit(ev.Failed(ev.Survey, says, command.run_id))
        await harness.press()
        assert says in harness.text("#survey-progress")


async def test_what_is_wrong_in_the_form_is_said_in_the_form() -> None:
    async with Harness().open(160, 50) as harness:
        await harness.press("g")
        await harness.until(lambda: "New survey" in harness.text())
        await harness.press("enter")
        assert "a survey needs a folder of pictures" in harness.text()
        assert not harness.worker.of(ev.Survey)


async def test_a_finished_survey_speaks_in_the_explorers_sentence() -> None:
    async with Harness().open(160, 50) as harness:
        command = await begun(harness)
        await ended(harness, command)
        await harness.press("space")
        await harness.explained()
        says = " ".join(harness.text("#summary").split())
        assert "Below the survey's threshold 0.00420" in says
        assert "5 % of clean" in says


async def test_drawing_reads_no_thresholds_from_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Harness().open(160, 50) as harness:
        command = await begun(harness)
        await ended(harness, command)
        default_path().unlink()
        opened: list[str] = []
        read = Path.read_text
        monkeypatch.setattr(
            Path, "read_text", lambda path, **how: opened.append(path.name) or read(path, **how)
        )
        await harness.press("space")
        await harness.explained()
        assert "the survey's threshold" in " ".join(harness.text("#summary").split())
        assert "thresholds.json" not in opened


async def test_names_from_outside_cannot_touch_the_terminal() -> None:
    async with Harness().open(160, 50) as harness:
        command = await begun(harness)
        evil = replace(frame().most[0], path="photos/\x1b[2Jevil.png")
        nasty = replace(frame(), most=(evil,), notes=("\x1b]0;title\x07note",))
        harness.worker.emit(ev.SurveyProgress(command.run_id, nasty))
        await harness.press()
        assert "evil.png" in harness.text()
        assert "\x1b" not in harness.text()
