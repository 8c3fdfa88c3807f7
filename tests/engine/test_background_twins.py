"""A background is never the explained picture in another guise, and says when it means little."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import engine
from engine.builtin import sample_folder
from engine.evidence.warnings import too_close
from engine.pictures.background import choose_background
from engine.pictures.finding import find_pictures
from engine.pictures.fitting import Preprocessing
from engine.pictures.likeness import count_different
from engine.pictures.reading import read
from engine.surveys.execution import SurveyRun
from engine.types import Attribution, BadBackground, Execution, Experiment, Query, explain_settings
from engine.types.generators import finish
from engine.worker.open_picture import OpenPicture

SAMPLES = [str(path) for path in sorted(sample_folder().glob("*.webp"))]
DAISY = next(path for path in SAMPLES if "daisy_1" in path)
OTHERS = [path for path in SAMPLES if "daisy" not in path][::9]
ATTRIBUTION = Attribution(
    Query("clean", 0), "daisy", np.zeros((2, 2)), None, {}, {}, np.zeros(2), 0.0, 0.0, 0.0
)
QUICK = explain_settings(samples=8, draws=8)


@pytest.fixture(scope="module")
def classifier() -> engine.Classifier:
    return engine.load(device="cpu")


@pytest.fixture
def twins(classifier: engine.Classifier, tmp_path: Path) -> Path:
    """The daisy and an attack on it, in many formats."""
    step = engine.run_attack(classifier, DAISY, "lemon", epsilon=16 / 255, steps=5)
    engine.save_step(classifier, step, str(tmp_path), "daisy")
    np.save(tmp_path / "array.npy", step.pixels)
    image = Image.open(DAISY).convert("RGB")
    image.save(tmp_path / "clean.png")
    image.save(tmp_path / "clean.jpg", quality=90)
    image.save(tmp_path / "clean.webp", quality=80)
    image.resize((192, 192)).save(tmp_path / "small.png")
    return tmp_path


def chosen(explained: str, browsed: list[str], how: Preprocessing, seed: int = 0) -> set[str]:
    pictures = read(explained, how)[None]
    return set(finish(choose_background(explained, pictures, how, browsed, None, seed)).paths)


def test_no_format_of_the_explained_picture_is_its_background(
    classifier: engine.Classifier, twins: Path
) -> None:
    found = list(find_pictures(twins))
    assert len(found) == 7
    for explained in found:
        how = classifier.preprocessing
        assert chosen(explained, [*found, *OTHERS], how) == set(OTHERS), explained


def test_what_attack_saves_is_explained_against_something_else(
    classifier: engine.Classifier, twins: Path
) -> None:
    for path in (*twins.glob("daisy*.npy"), *twins.glob("daisy*.png")):
        explanation = engine.explain(classifier, path, settings=QUICK)
        assert "shipped sample" in explanation.note
        assert explanation.statistics["mean_abs"] > 1e-6


def test_the_app_leaves_out_what_shows_the_picture_or_the_attack(
    classifier: engine.Classifier, twins: Path
) -> None:
    picture = OpenPicture(classifier, DAISY)
    queries = (Query("clean", picture.original.index),)
    of_others, of_all = (
        [e for e in picture.explain(queries, QUICK, browsed) if e is not None][-1]
        for browsed in (OTHERS, [*OTHERS, *find_pictures(twins)])
    )
    assert of_all.background == of_others.background
    assert of_all.warnings == ()
    shutil.copy(OTHERS[0], twins)
    (twins / "one").mkdir()
    alone = [str(shutil.copy(OTHERS[0], twins / "one")), *find_pictures(twins)]
    last = [e for e in picture.explain(queries, QUICK, alone) if e is not None][-1]
    assert last.warnings[0].startswith("Only 1 different background picture:")


def test_a_survey_leaves_them_out_as_well(classifier: engine.Classifier, twins: Path) -> None:
    for path in OTHERS:
        shutil.copy(path, twins)
    experiment = Experiment(str(twins), explanations=(QUICK,))
    run = SurveyRun(experiment, Execution(str(twins / "run")), classifier)
    for item in run.plan.items:
        pixels = torch.from_numpy(read(run.context.path(item), classifier.preprocessing))[None]
        background = run.context.background_for(item, pixels)
        assert background is not None
        batch = background.batch(range(len(background)))
        assert float((batch - pixels).abs().mean((1, 2, 3)).min()) > 0.05


def test_a_draw_without_twins_is_the_plain_draw(classifier: engine.Classifier) -> None:
    rest = sorted(set(SAMPLES) - {DAISY})
    for seed in (0, 7):
        drawn = np.random.default_rng(seed).choice(len(rest), 50, replace=False)
        plain = {rest[index] for index in drawn}
        assert chosen(DAISY, SAMPLES, classifier.preprocessing, seed) == plain


def test_the_next_of_the_draw_takes_a_twins_place(
    classifier: engine.Classifier, twins: Path
) -> None:
    paths = chosen(DAISY, [*SAMPLES, *find_pictures(twins)], classifier.preprocessing)
    assert len(paths) == 50
    assert paths < set(SAMPLES)


def all_different(paths: list[str], how: Preprocessing) -> bool:
    different: int = finish(count_different(paths, how, len(paths) + 1))
    return different == len(paths)


def test_no_two_pictures_are_taken_for_one(classifier: engine.Classifier, imagenet: Path) -> None:
    assert all_different(SAMPLES, classifier.preprocessing)
    photos = [*find_pictures(imagenet / "photos"), *find_pictures(imagenet / "background")]
    assert all_different(photos, Preprocessing())


def test_a_named_folder_of_twins_is_refused(classifier: engine.Classifier, twins: Path) -> None:
    with pytest.raises(BadBackground, match="no picture but the explained one"):
        engine.explain(classifier, DAISY, samples=8, background=str(twins))


def scored(score_value: float, expected: float, score: str, spread: float = math.nan) -> str:
    settings = explain_settings(score=score)
    one = replace(ATTRIBUTION, score_value=score_value, expected=expected)
    return too_close(one, spread, settings)


def test_a_background_that_scores_like_the_picture_is_named() -> None:
    assert "mean probability for daisy (0.98) is close to the clean picture's (0.99)" in scored(
        0.99, 0.98, "probability"
    )
    assert scored(0.99, 0.9, "probability") == ""
    assert scored(0.01, 0.005, "probability") == ""  # the class is in neither
    assert scored(8.0, 7.9, "logit", spread=2.0)
    assert scored(8.0, 7.0, "logit", spread=2.0) == ""
    assert scored(8.0, 8.0, "logit") == ""  # spread not known
    assert scored(0.9, math.nan, "probability") == ""
