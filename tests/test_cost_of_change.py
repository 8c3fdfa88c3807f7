"""A new attack, explainer or statistic is declared in one place, and found everywhere."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import engine
from engine.builtin import sample_folder
from engine.types import (
    EXPLAINERS,
    METHODS,
    ModelSettings,
    Row,
    attack_settings,
    explain_settings,
)
from engine.types.statistics import STATISTICS, Statistic
from tui.cli.main import main
from tui.screens.settings_forms import attack_fields, build_attack, build_explain, explain_fields
from tui.screens.survey_form import build_survey, survey_fields
from tui.state.survey import default_settings
from tui.widgets.settings_panel import attack_rows, explain_rows
from tui.widgets.statistics import rows_of

ELEPHANT = str(next(sample_folder().glob("African_elephant*")))

BOLD = '''
"""Steps of `boldness` times epsilon over the number of steps."""

from dataclasses import dataclass

from engine.types.fields import setting
from engine.types.settings import IteratedSettings


@dataclass(frozen=True, kw_only=True)
class Settings(IteratedSettings):
    boldness: float = setting(1.0, "number", "boldness", help="how bold a step is", panel=8)


def advance(state, gradient, x0, settings, sign):
    from engine.attacks.base import State, clip

    length = settings.boldness * settings.epsilon / settings.steps
    moved = state.x + sign * length * gradient.sign()
    return State(state.step + 1, clip(moved, x0, settings.epsilon))
'''


SURVEY = (
    *("survey", str(sample_folder()), "--limit", "3", "--steps", "3", "--samples", "4"),
    *("--targets", "similar", "--references", "fixed", "--threads", "1"),
)


@pytest.fixture
def bold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A method that costs one file and one line."""
    (tmp_path / "bold_attack.py").write_text(BOLD)
    monkeypatch.syspath_prepend(str(tmp_path))
    METHODS.add(Row("bold", "Bold", "bold_attack"))
    yield
    METHODS.remove("bold")
    sys.modules.pop("bold_attack", None)


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    try:
        code = main(list(words))
    except SystemExit as end:
        code = int(end.code or 0)
    streams = capsys.readouterr()
    assert code == 0, streams.err
    return streams.out


@pytest.mark.usefixtures("bold")
def test_an_attack_is_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ((), ("attack",), ("survey",)):
        text = " ".join(printed(capsys, *command, "--help").split())
        assert "bold" in text
        assert "--boldness" in text
        assert "how bold a step is" in text
    words = ("attack", ELEPHANT, "--method", "bold", "--boldness", "2", "--steps", "3", "--json")
    attack = json.loads(printed(capsys, *words))
    assert attack["method"] == "bold"
    assert attack["steps"][1]["linf"] == pytest.approx(2 * 4 / 255 / 3, rel=1e-4)


@pytest.mark.usefixtures("bold")
def test_an_attack_is_in_the_form_and_in_the_panel() -> None:
    attack = attack_settings("bold", boldness=3.0)
    rows = attack_fields(attack)
    texts = {row.name: row.value for row in rows}
    assert [row.label for row in rows if row.is_shown(texts)][-1] == "boldness"
    assert "boldness" not in [row.name for row in rows if row.is_shown({**texts, "method": "bim"})]
    assert build_attack(())(texts) == attack
    assert ("boldness", "3.0") in [row[:2] for row in attack_rows(attack, "")]


FLAT = '''
"""The gradient at the picture itself, `boost` times."""

from dataclasses import dataclass

import numpy as np

from engine.explainers.base import Reading
from engine.types.fields import setting
from engine.types.settings import ExplainSettings


@dataclass(frozen=True, kw_only=True)
class Settings(ExplainSettings):
    boost: float = setting(1.0, "number", "boost", help="factor of the gradient", panel=8)


def maps(settings, rows):
    return 2


def explainer(request):
    return Gradient(request)


class Gradient:
    def __init__(self, request):
        from engine.explainers.pacing import ChunkSize

        self.request, self.chunk = request, ChunkSize(64, 64)

    def advance(self, size):
        import torch

        maps = []
        for picture, index in self.request.queries:
            x = self.request.pictures[picture][None].clone().requires_grad_()
            with torch.enable_grad():
                score = self.request.classifier(x)[0, index]
            (gradient,) = torch.autograd.grad(score, x)
            maps.append(self.request.settings.boost * gradient[0].cpu().numpy())
            yield
        self.values = np.stack(maps)
        return size

    def read(self):
        nothing = np.full(len(self.values), np.nan)
        return Reading(values=self.values, expected=nothing, gap=nothing, note="plain gradient")
'''


@pytest.fixture
def flat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An explainer that costs one file and one line."""
    (tmp_path / "flat_explainer.py").write_text(FLAT)
    monkeypatch.syspath_prepend(str(tmp_path))
    EXPLAINERS.add(Row("flat", "plain gradient", "flat_explainer"))
    yield
    EXPLAINERS.remove("flat")
    sys.modules.pop("flat_explainer", None)


@pytest.mark.usefixtures("flat")
def test_an_explainer_is_on_the_command_line_and_in_the_survey(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for command in ((), ("explain",), ("survey",)):
        text = " ".join(printed(capsys, *command, "--help").split())
        assert "flat" in text
        assert "--boost" in text
    words = ("explain", ELEPHANT, "--explainer", "flat", "--samples", "1", "--json")
    one, two = (json.loads(printed(capsys, *words, "--boost", boost)) for boost in ("1", "2"))
    assert one["explainer"] == "flat"
    assert one["note"].startswith("plain gradient")
    assert two["statistics"]["mean_abs"] == pytest.approx(2 * one["statistics"]["mean_abs"])
    out = tmp_path / "run"
    printed(
        capsys, "survey", str(sample_folder()), "--out", str(out), "--limit", "2", "--steps", "2",
        "--explainer", "expected,flat", "--samples", "4", "--boost", "3",
    )  # fmt: skip
    assert "flat: input, probability" in (out / "report.md").read_text()
    settings = json.loads((out / "settings.json").read_text())["identity"]
    assert settings["explanations"]["flat: input, probability"]["boost"] == 3.0


@pytest.mark.usefixtures("flat")
def test_an_explainer_is_in_the_form_and_in_the_panel() -> None:
    explain = explain_settings("flat", boost=3.0)
    rows = explain_fields(explain, None)
    texts = {row.name: row.value for row in rows}
    shown = [row.label for row in rows if row.is_shown(texts)]
    assert "boost" in shown
    assert "layer" not in shown
    assert build_explain(texts) == explain
    assert ("boost", "3.0") in [row[:2] for row in explain_rows(explain, "daisy")]


@pytest.mark.usefixtures("bold")
def test_an_attack_is_surveyed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ("--method", "bold,fgsm", "--boldness", "2", "--epsilon", "0.05")
    printed(capsys, *SURVEY, *words, "--out", str(tmp_path / "run"))
    summary = json.loads((tmp_path / "run/summary.json").read_text())
    first = summary["arms"][0]
    assert (first["key"], first["name"]) == ("bold-0.05-similar", "Bold 0.05 similar")
    assert first["attack"]["boldness"] == 2.0
    assert summary["arms"][1]["key"] == "bold-0.05-similar-matched"
    assert summary["identity"]["attacks"][0]["boldness"] == 2.0
    assert "| Bold 0.05 similar | 3 |" in (tmp_path / "run/report.md").read_text()
    rows = list(csv.DictReader((tmp_path / "run/rows.csv").open()))
    assert len({row["picture"] for row in rows if row["arm"] == "bold-0.05-similar"}) == 3


@pytest.mark.usefixtures("bold")
def test_an_attack_is_in_the_form_of_a_survey() -> None:
    asked = default_settings(("photos",), ModelSettings(), attack_settings(), explain_settings())
    rows = survey_fields(*asked)
    texts = {row.name: row.value for row in rows} | {"folder": "photos"}
    texts |= {"method": "bim,bold", "boldness": "3", "target": "similar"}
    assert "boldness" in [row.name for row in rows if row.is_shown(texts)]
    assert "boldness" not in [row.name for row in rows if row.is_shown({**texts, "method": "bim"})]
    experiment, _ = build_survey(texts, ModelSettings())
    assert experiment.attacks[1] == attack_settings("bold", boldness=3.0, target="similar")


LENGTH = Statistic(
    "length",
    "length",
    "Euclidean length of the attribution",
    lambda measured: float(np.sqrt((measured.values**2).sum())),
)


def test_a_statistic_is_in_an_explanation(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STATISTICS, "length", LENGTH)
    report = json.loads(printed(capsys, "explain", ELEPHANT, "--samples", "8", "--json"))
    assert report["statistics"]["length"] > report["statistics"]["max"]
    assert 0 < report["standard_error"]["length"] < report["statistics"]["length"]


def test_a_statistic_is_on_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STATISTICS, "length", LENGTH)
    evidence = engine.explain(engine.load(), ELEPHANT, samples=8).evidence
    row = rows_of(evidence)[-1]
    assert row.key == "length"
    assert row.clean * 10.0**row.exponent == evidence.attributions[0].statistics["length"]


def test_a_statistic_is_surveyed_and_a_run_without_it_does_not_go_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before, run = tmp_path / "before", tmp_path / "run"
    words = ("--epsilon", "0.05")
    printed(capsys, *SURVEY, *words, "--out", str(before))
    monkeypatch.setitem(STATISTICS, "length", LENGTH)
    printed(capsys, *SURVEY, *words, "--out", str(run))
    report = (run / "report.md").read_text()
    assert "| length | " in report
    assert "| clean_length | Euclidean length of the attribution, score's units |" in report
    row = next(one for one in csv.DictReader((run / "rows.csv").open()) if one["explanation"])
    for name in ("clean_length", "adversarial_length", "clean_length_error"):
        assert float(row[name]) > 0
    assert json.loads((run / "settings.json").read_text())["identity"]["statistics"][-1] == "length"
    assert main([*SURVEY, *words, "--out", str(before)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "was begun with statistics mean, " in error
    assert "iqr, coherence, length: choose another --out" in error
