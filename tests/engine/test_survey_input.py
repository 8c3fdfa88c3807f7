"""What a survey refuses, and what it records and passes over."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.pictures.reading import read
from engine.surveys.execution import SurveyRun
from engine.types import UserError, explain_settings
from tests.engine.surveying import classifier, folder, paint, rows, settings, survey


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder(tmp_path_factory.mktemp("photos"))


def table(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(rows(out).splitlines()))


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(UserError, match="holds no pictures"):
        SurveyRun(*settings(tmp_path / "photos", tmp_path / "run"), classifier())


def test_no_picture_that_the_network_gets_right(tmp_path: Path) -> None:
    for kind in range(4):
        paint(tmp_path / "photos" / f"n0{kind + 1}" / "0.png", (kind + 1) % 4, kind)
    with pytest.raises(UserError, match="none of the 4 pictures right"):
        survey(settings(tmp_path / "photos", tmp_path / "run"))


def test_an_unreadable_picture_is_recorded_and_the_run_goes_on(tmp_path: Path) -> None:
    root = folder(tmp_path / "photos", each=2)
    (root / "n02" / "broken.png").write_bytes(b"no picture")
    last = survey(settings(root, tmp_path / "run", batch=4))
    assert (last.state, last.done, last.failed) == ("finished", 9, 1)
    assert "broken.png is not a picture" in rows(tmp_path / "run")


def test_a_picture_that_fails_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder(tmp_path / "photos", each=2)
    network = classifier()
    bad = torch.from_numpy(read(root / "n01" / "0.png", network.preprocessing))
    inner = network.module.forward

    def fails(x: torch.Tensor) -> torch.Tensor:
        if any(torch.equal(one, bad) for one in x) and x.requires_grad:
            raise RuntimeError("the device coughed")
        return inner(x)

    monkeypatch.setattr(network.module, "forward", fails)
    last = survey(settings(root, tmp_path / "run", batch=4), network)
    assert (last.done, last.failed) == (8, 1)
    assert "the device coughed" in rows(tmp_path / "run")


def test_an_unknown_layer_is_told_before_anything_is_written(photos: Path, tmp_path: Path) -> None:
    wrong = (explain_settings(layer="convv"),)
    with pytest.raises(UserError, match="did you mean conv"):
        SurveyRun(*settings(photos, tmp_path / "run", explanations=wrong), classifier())
    assert not (tmp_path / "run").exists()


def test_a_stopped_survey_says_so_and_can_go_on(photos: Path, tmp_path: Path) -> None:
    asked = settings(photos, tmp_path / "run")
    run = SurveyRun(*asked, classifier())
    frames = []
    for frame in run.frames():
        if frame is not None:
            frames.append(frame)
            run.stop()
    assert frames[-1].state == "stopped"
    assert 0 <= frames[-1].done < 12
    assert survey(asked).state == "finished"


def test_a_name_that_is_no_text_is_a_name_all_the_same(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for kind, name in enumerate((b"plain.png", b"not\xfftext.png")):
        paint(photos / f"{kind}.png", kind, kind)
        (photos / f"{kind}.png").rename(photos / os.fsdecode(name))
    last = survey(settings(photos, tmp_path / "run", references=("fixed",)))
    assert (last.done, last.failed) == (2, 0)


@pytest.mark.parametrize(
    ("own", "paired"),
    [
        ({"explainer": "lime", "superpixels": 4, "features": 2}, False),
        ({"explainer": "integrated", "baseline": "blurred"}, False),
        ({"explainer": "integrated", "baseline": "mean"}, True),
    ],
)
def test_the_pair_is_no_background_of_explainers_that_have_none(
    own: dict[str, Any], paired: bool, photos: Path, tmp_path: Path
) -> None:
    one = explain_settings(samples=4, **own)
    last = survey(settings(photos, tmp_path / "run", explanations=(one,), limit=3))
    assert any(name.startswith("pair: ") for name in last.explanations) == paired
    assert any(note.startswith("background: ") for note in last.notes) == paired
