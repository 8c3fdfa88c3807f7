"""`xaway-tui survey`: from the command line to files, and back after an interruption."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from engine.builtin import sample_folder
from engine.types import (
    ModelSettings,
    attack_settings,
    explain_settings,
    thresholds,
)
from tests.conftest import ROOT
from tests.tui.test_survey_screen import frame
from tui.cli import survey as survey_cli
from tui.cli import survey_progress
from tui.cli.main import main
from tui.state.thresholds import sentence

QUICK = (
    *("--samples", "4", "--steps", "3", "--targets", "similar", "--epsilon", "0.05"),
    *("--references", "fixed", "--threads", "1"),
)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a call."""
    try:
        code = main(["survey", *arguments])
    except SystemExit as exit:
        code = int(exit.code or 0)
    out = capsys.readouterr()
    return code, out.out, out.err


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on 12 sample pictures."""
    out = tmp_path_factory.mktemp("run") / "run"
    assert main(["survey", str(sample_folder()), "--out", str(out), "--limit", "12", *QUICK]) == 0
    return out


def test_a_survey_prints_plain_lines_and_leaves_its_files(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    code, text, _ = run(capsys, str(sample_folder()), "--out", str(out), "--limit", "3", *QUICK)
    assert code == 0
    assert "labels: the network's own top class" in text
    assert "3 of 3 pictures" in text
    assert f"Report: {out}/report.md" in text
    assert "\x1b" not in text
    assert json.loads((out / "summary.json").read_text())["state"] == "finished"


def test_a_survey_tells_its_background_as_an_explanation_does(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    samples, out = str(sample_folder()), tmp_path / "run"
    words = ("--out", str(out), "--limit", "2", "--background", samples, *QUICK)
    code, text, _ = run(capsys, samples, *words)
    assert code == 0
    picture = str(tmp_path / "outside.png")  # one of the samples would be left out for itself
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(picture)
    assert main(["explain", picture, "--background", samples, "--samples", "4", "--json"]) == 0
    digest = json.loads(capsys.readouterr().out)["background"]
    assert len(digest) == 12
    assert f"pictures, digest {digest}" in text
    assert f"pictures, digest {digest}." in (out / "report.md").read_text()
    for name in ("summary.json", "settings.json"):
        assert json.loads((out / name).read_text())["background"] == digest


def test_lists_make_every_combination(done: Path) -> None:
    arguments = [
        *("photos", "--out", "run", "--method", "bim,blog", "--epsilon", "0.01,8/255"),
        *("--score", "logit,probability", "--layer", "input,features.3,features.7:difference"),
    ]
    asked = survey_cli.experiment(survey_cli.parser().parse_args(arguments))
    assert [(a.method, a.epsilon, a.target) for a in asked.attacks] == [
        (method, epsilon, target)
        for method in ("bim", "blog")
        for epsilon in (0.01, 8 / 255)
        for target in ("random", "similar")
    ]
    assert [(e.layer, e.layer_form, e.score) for e in asked.explanations] == [
        (None, "activation", "logit"),
        (None, "activation", "probability"),
        ("features.3", "activation", "logit"),
        ("features.3", "activation", "probability"),
        ("features.7", "difference", "logit"),
        ("features.7", "difference", "probability"),
    ]


def test_the_explorer_repeats_a_row(capsys: pytest.CaptureFixture[str], done: Path) -> None:
    with (done / "rows.csv").open(encoding="utf-8") as file:
        row = next(row for row in csv.DictReader(file) if row["arm"] == "bim-0.05-similar")
    arguments = [
        *("attack", str(sample_folder() / row["picture"]), "--target", "similar", "--json"),
        *("--epsilon", "0.05", "--steps", "3", "--seed", row["seed"], "--threads", "1"),
    ]
    assert main(arguments) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["target"]["index"] == int(row["target"])
    last = report["steps"][-1]
    assert last["probability_target"] == pytest.approx(float(row["probability_target"]), abs=1e-4)
    assert last["l2"] == pytest.approx(float(row["l2"]), abs=1e-4)


def test_runs_are_compared(capsys: pytest.CaptureFixture[str], done: Path, tmp_path: Path) -> None:
    shutil.copytree(done, tmp_path / "copy")
    code, text, _ = run(capsys, "--compare", str(done), str(tmp_path / "copy"))
    assert code == 0
    assert "# Runs compared" in text
    assert "mean_abs" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "takes a folder of pictures"),
        (("{samples}",), "give --out RUN"),
        (("{tmp}/nowhere", "--out", "{tmp}/run"), "is not a folder"),
        (("{tmp}/empty", "--out", "{tmp}/run"), "holds no pictures"),
        (("{tmp}/mixed", "--out", "{tmp}/run"), "is not a class of builtin"),
        (("{samples}", "--out", "{tmp}/foreign"), "not empty and not a survey's folder"),
        (("{samples}", "--out", "{tmp}/foreign/file"), "cannot be written"),
        (("{samples}", "--out", "{tmp}/run", "--method", "magic"), "method must be one of"),
        (("{samples}", "--out", "{tmp}/run", "--epsilon", "3"), "between 0 and 1"),
        (("{samples}", "--out", "{tmp}/run", "--targets", "zebra"), "target must be one of"),
        (("{samples}", "--out", "{tmp}/run", "--layer", "features.99"), "has no layer"),
        (("{samples}", "--out", "{tmp}/run", "--devices", "cuda:9"), "is not here"),
        (("--compare", "{tmp}/empty", "{tmp}/foreign"), "is not a survey's folder"),
        (("--compare", "{tmp}/empty"), "two or more"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "file").write_text("mine")
    (tmp_path / "mixed" / "zebra").mkdir(parents=True)
    (tmp_path / "mixed" / "holiday").mkdir()
    sample = next(sample_folder().iterdir())
    for folder in ("zebra", "holiday"):
        shutil.copy(sample, tmp_path / "mixed" / folder)
    filled = [word.format(tmp=tmp_path, samples=sample_folder()) for word in arguments]
    code, _, error = run(capsys, *filled)
    assert code == 2
    assert message in error
    assert error.count("\n") == 1
    assert (tmp_path / "foreign" / "file").read_text() == "mine"
    assert not (tmp_path / "run" / "items.jsonl").exists()


def test_a_changed_setting_is_refused(capsys: pytest.CaptureFixture[str], done: Path) -> None:
    arguments = (str(sample_folder()), "--out", str(done), "--limit", "12", *QUICK)
    code, _, error = run(capsys, *arguments, "--seed", "5")
    assert code == 2
    assert "begun with seed 0, not 5: choose another --out" in error


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.parametrize(
    ("name", "more"), [("SIGINT", ()), ("SIGHUP", ()), ("SIGTERM", ("--devices", "cpu,cpu"))]
)
def test_a_signal_ends_after_the_picture_in_work_and_says_how_to_go_on(
    tmp_path: Path, name: str, more: tuple[str, ...]
) -> None:
    """Terminals and schedulers signal all processes at once."""
    out = tmp_path / "run"
    arguments = [
        "survey",
        str(sample_folder()),
        "--out",
        str(out),
        *QUICK,
        "--samples",
        "60",
        *more,
    ]
    started = subprocess.Popen(
        [sys.executable, "-m", "tui.cli.main", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    for _ in range(600):
        if (out / "items.jsonl").exists() and (out / "items.jsonl").stat().st_size:
            break
        time.sleep(0.1)
    number = getattr(signal, name)
    os.killpg(started.pid, number)
    text, error = started.communicate(timeout=120)
    assert started.returncode == 128 + number, error
    assert "stopping after the pictures in work" in error
    assert "all of them are on disk. Run the same command again to go on." in text
    summary = json.loads((out / "summary.json").read_text())
    assert summary["state"] == "stopped"
    assert 0 < summary["done"] < summary["pictures"]


class TestThresholds:
    def test_a_survey_leaves_thresholds_for_the_explorer(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        arguments = (str(sample_folder()), "--out", str(tmp_path / "run"), "--limit", "12", *QUICK)
        assert run(capsys, *arguments)[0] == 0
        explain = explain_settings(samples=4)
        kept = json.loads(thresholds.default_path().read_text())
        rows = kept[thresholds.key_of(ModelSettings(), explain)]
        summary = json.loads((tmp_path / "run" / "summary.json").read_text())
        row = next(
            row
            for row in summary["separations"]
            if (row["arm"], row["statistic"]) == ("bim-0.05-similar", "mean_abs")
        )
        assert rows[0]["value"] == row["threshold"]
        assert (rows[0]["auroc"], rows[0]["side"]) == (row["auroc"], row["side"])

    def test_they_speak_for_their_own_way_to_explain_only(self, tmp_path: Path) -> None:
        path, explain = tmp_path / "thresholds.json", explain_settings(samples=4)
        base = {
            "statistic": "mean_abs", "value": 2.0, "side": "below", "arm": "BIM", "pairs": 40,
            "method": "bim", "target": "random", "auroc": 0.8, "low": 0.7, "high": 0.9,
        }  # fmt: skip
        similar = base | {"target": "similar", "auroc": 0.5, "low": 0.4, "high": 0.6}
        key = thresholds.key_of(ModelSettings(), explain)
        path.write_text(json.dumps({key: [similar, base]}))
        attack, kept = (attack_settings().method, "random"), thresholds.read(path)
        threshold = thresholds.lookup(kept, ModelSettings(), explain, attack)
        assert threshold is not None
        assert threshold.target == "random"
        assert "Below the survey's threshold 2.00" in sentence(threshold, 1.5)
        assert "Not below the survey's threshold" in sentence(threshold, 2.5)
        for change in ({"score": "logit"}, {"background": "elsewhere"}, {"samples": 5}):
            other = replace(explain, **change)
            assert thresholds.lookup(kept, ModelSettings(), other, attack) is None
        path.write_text(json.dumps({key: [similar]}))
        kept = thresholds.read(path)
        assert thresholds.lookup(kept, ModelSettings(), explain, attack) is None

    @pytest.mark.parametrize("text", ["{", "[]", '{"a network": [{"value": 2.0}]}'])
    def test_a_broken_file_is_ignored(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "thresholds.json"
        path.write_text(text)
        assert thresholds.read(path) == {}


def test_in_a_terminal_the_display_shows_rates_and_results() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120, height=40)
    with survey_progress.Lines(console) as lines:
        lines.show(frame())
    text = out.getvalue()
    assert "\x1b[" in text
    assert "60 of 200 pictures, 4 left out (network errs), 1 failed, 1.25/s, 1:52 left" in text
    assert "reached: BIM 0.01 random 97 %" in text
    assert "0.83 [0.75, 0.90]" in text
