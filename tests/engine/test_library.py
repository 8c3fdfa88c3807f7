"""The library's door: lazy, typed, and with the numbers of the app."""

from __future__ import annotations

import queue
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
import torch

import engine
from engine.builtin import sample_folder
from engine.types import (
    BadPicture,
    ModelSettings,
    Query,
    UnknownClass,
    UnknownLayer,
    UnknownNetwork,
    attack_settings,
    explain_settings,
)
from engine.worker import Worker
from engine.worker import protocol as ev
from tests.conftest import ROOT

E = TypeVar("E", bound=ev.Event)
ELEPHANT = str(next(sample_folder().glob("African_elephant*")))


@pytest.fixture(scope="module")
def classifier() -> engine.Classifier:
    return engine.load(device="cpu")


def test_importing_it_loads_nothing_heavy() -> None:
    code = "import sys, engine; engine.METHODS; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "shap", "PIL", "sklearn", "scipy"} & set(run.stdout.split())


def test_all_its_names_are_there_and_no_others() -> None:
    for name in engine.__all__:
        assert getattr(engine, name) is not None
    assert set(engine.__all__) <= set(dir(engine))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        engine.nonsense  # noqa: B018


def test_an_attack_is_an_iterator_and_ends_where_the_one_line_does(
    classifier: engine.Classifier,
) -> None:
    steps = list(engine.attack(classifier, ELEPHANT, "daisy", epsilon=0.02, steps=5))
    assert [step.step for step in steps] == [0, 1, 2, 3, 4, 5]
    assert not steps[0].reached
    assert steps[-1].finished == "all 5 steps done"
    assert np.abs(steps[-1].pixels - steps[0].pixels).max() <= 0.02 + 1e-6
    last = engine.run_attack(classifier, steps[0].pixels, "daisy", epsilon=0.02, steps=5)
    np.testing.assert_array_equal(last.pixels, steps[-1].pixels)
    assert last.record == steps[-1].record


def test_pixels_may_be_an_array_or_a_tensor(classifier: engine.Classifier) -> None:
    pixels = engine.run_attack(classifier, ELEPHANT, steps=1).pixels
    tensor = torch.from_numpy(pixels)
    one, other = (engine.run_attack(classifier, p, "similar", steps=2) for p in (pixels, tensor))
    np.testing.assert_array_equal(one.pixels, other.pixels)
    with pytest.raises(BadPicture, match="the picture must hold pixels in"):
        engine.run_attack(classifier, pixels * 255)
    with pytest.raises(BadPicture, match="of shape"):
        engine.run_attack(classifier, pixels[:, :50])


def test_an_explanation_gives_every_element_with_its_error(classifier: engine.Classifier) -> None:
    evidence = engine.explain(classifier, ELEPHANT, samples=64, score="logit", draws=8)
    assert evidence.values.shape == (3, *classifier.input_size)
    assert evidence.standard_error is not None
    assert evidence.standard_error.shape == evidence.values.shape
    assert evidence.statistics == engine.statistics(evidence.values)
    total = float(evidence.values.sum(dtype=np.float64))
    assert total == pytest.approx(evidence.score_value - evidence.expected + evidence.gap, rel=1e-6)
    at_layer = engine.explain(classifier, ELEPHANT, "daisy", samples=8, layer="features.3", draws=8)
    assert at_layer.values.shape[1] < classifier.input_size[0]
    plain = engine.explain(classifier, ELEPHANT, explainer="lime", samples=60)
    assert plain.standard_error is None
    assert plain.background == ""


def test_errors_can_be_told_apart(classifier: engine.Classifier) -> None:
    with pytest.raises(UnknownNetwork):
        engine.load("resnet_50")
    with pytest.raises(UnknownClass, match="did you mean daisy"):
        engine.run_attack(classifier, ELEPHANT, "daisi")
    with pytest.raises(UnknownLayer):
        engine.explain(classifier, ELEPHANT, layer="features.99")
    with pytest.raises(BadPicture):
        engine.run_attack(classifier, "nowhere.png")
    with pytest.raises(engine.UserError, match="has no use for steps"):
        engine.run_attack(classifier, ELEPHANT, "daisy", "fgsm", steps=3)


def test_the_same_seed_gives_the_apps_numbers(classifier: engine.Classifier) -> None:
    events: queue.SimpleQueue[ev.Event] = queue.SimpleQueue()

    def wait(kind: type[E], last: Callable[[E], object] = lambda _: True) -> E:
        while True:
            event = events.get(timeout=120)
            assert not isinstance(event, ev.Failed), event
            if isinstance(event, kind) and last(event):
                return event

    attack = attack_settings("pgd", target="random", steps=6, seed=3)
    explain = explain_settings(samples=48, draws=8, seed=3)
    threads = torch.get_num_threads()
    worker = Worker(events.put, threads)
    worker.start()
    try:
        worker.send(ev.FindPictures((str(sample_folder()),)))
        worker.send(ev.LoadModel(ModelSettings(device="cpu")))
        wait(ev.Loaded)
        worker.send(ev.Open(1, ELEPHANT))
        worker.send(ev.StartAttack(2, attack, play=True))
        stepped = wait(ev.Stepped, lambda event: event.frame.finished)
        index = stepped.frame.original.index
        worker.send(ev.Explain(3, (Query("clean", index),), explain))
        explained = wait(ev.Explained, lambda event: event.evidence.done)
    finally:
        worker.stop(5.0)
    torch.set_num_threads(threads)
    steps = list(engine.attack(classifier, ELEPHANT, settings=attack))
    assert tuple(step.record for step in steps) == stepped.frame.trace
    evidence = engine.explain(classifier, ELEPHANT, settings=explain)
    assert evidence.background == explained.evidence.background
    (seen,) = explained.evidence.attributions
    assert evidence.statistics == pytest.approx(seen.statistics, rel=1e-5)
    assert evidence.errors == pytest.approx(seen.errors, rel=1e-4)


def test_the_readmes_lines_run() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    run = subprocess.run(
        [sys.executable, "-c", lines], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "mean |phi|" in run.stdout


def test_a_type_checker_knows_what_it_gives(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import engine\n"
        "classifier = engine.load()\n"
        "for step in engine.attack(classifier, 'x.png', 'daisy', epsilon=0.01):\n"
        "    reveal_type(step.probability_target)\n"
        "reveal_type(engine.explain(classifier, 'x.png').errors)\n"
    )
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(script)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert 'note: Revealed type is "float"' in run.stdout.replace("builtins.", "")
    assert "dict[" in run.stdout
    assert run.returncode == 0, run.stdout
