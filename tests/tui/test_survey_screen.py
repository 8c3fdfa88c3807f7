"""The survey's screen: begin, watch, hold, look into a picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.types import (
    AttackSettings,
    ExplainSettings,
    Separation,
    SurveyArm,
    SurveyedPair,
    SurveyFrame,
)
from engine.worker import protocol as ev
from tests.tui.harness import Desk
from tui.screens.survey import SurveyScreen
from tui.state import thresholds as survey_thresholds

BIM = AttackSettings("bim", "random", 0.01)
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
            ExplainSettings(seed=70 + k, samples=20), 0.006, 0.003, 2.5 - k,
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


async def begun(desk: Desk, folder: str = "photos") -> ev.Survey:
    """Open the screen, take the form as it is, and answer with a frame."""
    await desk.press("g")
    await desk.until(lambda: "New survey" in desk.text())
    await desk.type(folder)
    await desk.press("enter")
    await desk.until(lambda: isinstance(desk.app.screen, SurveyScreen))
    command = desk.worker.of(ev.Survey)[-1]
    assert isinstance(command, ev.Survey)
    desk.worker.emit(ev.SurveyProgress(command.run_id, frame()))
    await desk.press()
    return command


async def test_g_asks_for_settings_and_begins(tmp_path: Path) -> None:
    async with Desk().open(160, 50) as desk:
        command = await begun(desk)
        assert command.settings.folder == "photos"
        assert command.settings.out == "survey-1"
        assert command.settings.model.name == "builtin"
        assert command.settings.explanations[0].samples == 200


async def test_everything_is_shown_while_it_runs() -> None:
    async with Desk().open(160, 50) as desk:
        await begun(desk)
        text = desk.text()
        assert "running · 60 of 200 pictures, 4 left out (network errs), 1 failed" in text
        assert "1.25/s, 1:52 left" in text
        assert "names are wnids" in text
        assert "97 % in 3" in text
        assert "0.83 [0.75, 0.90]" in text
        assert "31 %" in text
        assert "+2.5 sd n00/picture0.png" in desk.text("#survey-most")
        assert "-0.5 sd n03/picture3.png" in desk.text("#survey-least")
        assert "AUROC 0.12, reversed" in desk.text("#survey-roc")  # of confidence, the first row


async def test_the_curves_are_those_of_the_row_under_the_cursor() -> None:
    async with Desk().open(160, 50) as desk:
        await begun(desk)
        await desk.press("down", "down")
        assert "mean_abs · BIM 0.01 random" in desk.text("#survey-h-pane")
        assert "AUROC 0.83 · 60 pairs · adversarial if below 0.00420" in desk.text("#survey-roc")
        before = desk.text("#survey-results")
        run_id = desk.worker.of(ev.Survey)[-1].run_id  # type: ignore[attr-defined]
        desk.worker.emit(ev.SurveyProgress(run_id, frame(done=70)))
        await desk.press()
        assert desk.text("#survey-results") == before
        assert "mean_abs · BIM 0.01 random" in desk.text("#survey-h-pane")


async def test_s_looks_at_one_figure_at_a_time() -> None:
    async with Desk().open(160, 50) as desk:
        await begun(desk)
        await desk.press("s", "s", "s")
        text = desk.text("#survey-results")
        assert "mean_abs" in text
        assert "confidence" in text
        assert "mean  " not in text


async def test_space_holds_and_goes_on_and_c_ends() -> None:
    async with Desk().open(160, 50) as desk:
        command = await begun(desk)
        await desk.press("space")
        assert desk.worker.of(ev.SteerSurvey)[-1] == ev.SteerSurvey("pause")
        desk.worker.emit(ev.SurveyProgress(command.run_id, frame("paused")))
        await desk.press()
        assert "paused: space goes on" in desk.text()
        await desk.press("space")
        assert desk.worker.of(ev.SteerSurvey)[-1] == ev.SteerSurvey("resume")
        await desk.press("c")
        assert desk.worker.of(ev.SteerSurvey)[-1] == ev.SteerSurvey("stop")
        desk.worker.emit(ev.SurveyProgress(command.run_id, frame("stopped")))
        await desk.press("space")
        again = desk.worker.of(ev.Survey)
        assert len(again) == 2
        assert again[0].settings == again[1].settings  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [(160, 50), (80, 24)])
async def test_enter_opens_a_picture_with_the_surveys_settings(size: tuple[int, int]) -> None:
    async with Desk().open(*size) as desk:
        await begun(desk)
        await desk.press(*(("3",) if size[0] < 140 else ("tab",)))
        await desk.press("down", "enter")
        await desk.until(lambda: desk.app.screen is desk.app.main)
        assert desk.session.path == "photos/n01/picture1.png"
        assert desk.session.attack == replace(BIM, seed=71)
        assert desk.session.explain.samples == 20
        await desk.until(lambda: desk.session.frame)  # the attack begins by itself
        started = desk.worker.of(ev.StartAttack)[-1]
        assert started.settings.seed == 71  # type: ignore[attr-defined]


async def test_small_windows_have_pages() -> None:
    async with Desk().open(80, 24) as desk:
        await begun(desk)
        assert "0.83 [0.75, 0.90]" in desk.text()
        await desk.press("2")
        assert "false alarms" in desk.text()
        assert "adversarial" in desk.text("#survey-histogram")
        await desk.press("3")
        assert "picture0.png" in desk.text()


async def test_the_survey_goes_on_when_the_screen_is_left() -> None:
    async with Desk().open(160, 50) as desk:
        command = await begun(desk)
        await desk.press("escape")
        desk.worker.emit(ev.SurveyProgress(command.run_id, frame(done=90)))
        await desk.press("g")
        await desk.until(lambda: "90 of 200 pictures" in desk.text())


async def test_a_failure_is_told_and_another_surveys_events_are_not() -> None:
    async with Desk().open(160, 50) as desk:
        command = await begun(desk)
        desk.worker.emit(ev.SurveyProgress(command.run_id - 1, frame(done=199)))
        await desk.press()
        assert "199 of 200" not in desk.text()
        words = "run was begun with seed 0, not 1: choose another --out."
        desk.worker.emit(ev.Failed("Survey", words, command.run_id))
        await desk.press()
        assert words in desk.text("#survey-progress")


async def test_what_is_wrong_in_the_form_is_said_in_the_form() -> None:
    async with Desk().open(160, 50) as desk:
        await desk.press("g")
        await desk.until(lambda: "New survey" in desk.text())
        await desk.press("enter")
        assert "a survey needs a folder of pictures" in desk.text()
        assert not desk.worker.of(ev.Survey)


async def test_a_finished_survey_speaks_in_the_explorers_sentence() -> None:
    async with Desk().open(160, 50) as desk:
        command = await begun(desk)
        own = frame("finished", 200)
        desk.worker.emit(ev.SurveyProgress(command.run_id, own))
        await desk.press("escape")
        assert survey_thresholds.default_path().exists()
        await desk.press("space")
        await desk.explained()
        words = " ".join(desk.text("#summary").split())
        assert "Below the survey's threshold 0.00420" in words
        assert "5 % of clean" in words


async def test_names_from_outside_cannot_touch_the_terminal() -> None:
    async with Desk().open(160, 50) as desk:
        command = await begun(desk)
        evil = replace(frame().most[0], path="photos/\x1b[2Jevil.png")
        nasty = replace(frame(), most=(evil,), notes=("\x1b]0;title\x07note",))
        desk.worker.emit(ev.SurveyProgress(command.run_id, nasty))
        await desk.press()
        assert "evil.png" in desk.text()
        assert "\x1b" not in desk.text()
