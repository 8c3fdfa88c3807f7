"""What only a GPU can show; skipped where there is none."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.attacks.base import attack
from engine.builtin import sample_folder
from engine.explainers import TensorBackground
from engine.explainers.single_output import OneScore, ShapOfOne
from engine.models.classifier import Classifier
from engine.models.device import exact_arithmetic
from engine.models.torchvision_compat import torchvision
from engine.pictures.fitting import Preprocessing
from engine.surveys.processes import load_now
from engine.types import (
    ModelSettings,
    Query,
    attack_settings,
    explain_settings,
)
from engine.worker import protocol as ev
from tests.engine.explaining import pictures, run, small
from tests.engine.surveying import attacks, rows, settings, survey
from tests.engine.test_explain_oracles import close, on_draws, shap_draws
from tests.engine.test_explain_oracles import kept_generators as kept_generators
from tests.engine.test_worker import Line

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
SIDE = 64
QUERIES = [(0, 0), (1, 2)]


@pytest.fixture(autouse=True)
def _exact():
    """As a program of ours would set it when it starts."""
    with torch.backends.cudnn.flags(enabled=True):
        exact_arithmetic()
        yield


def network(name: str, device: str) -> Classifier:
    """A network of torchvision's with the same seeded weights on every device."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        built = torchvision.models.get_model(name, weights=None)
    return Classifier(
        built,
        name=name,
        labels=tuple(map(str, range(1000))),
        preprocessing=Preprocessing(resize=SIDE, crop=SIDE),
        device=torch.device(device),
    )


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet18"])
def test_logits_and_explanations_agree_with_the_cpu(name):
    """Convolutions in TF32, which cuDNN takes unless told otherwise, would be 1e-3 off."""
    shown, background = pictures(1, 2, SIDE), pictures(2, 12, SIDE)
    found = {}
    for device in ("cpu", "cuda"):
        model, x = network(name, device), shown.to(device)
        last = run(model, x, QUERIES, background.to(device), samples=48, score="logit", draws=8)[-1]
        found[device] = model(x).cpu().numpy(), last.values
    # A ReLU near zero may fall to either side, which a whole piece of a gradient hangs on.
    for gpu, cpu, most in zip(found["cuda"], found["cpu"], (1e-5, 1e-2), strict=True):
        assert np.linalg.norm(gpu - cpu) <= most * np.linalg.norm(cpu)


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet18"])
def test_the_same_seed_gives_the_same_bits(name):
    model, x = network(name, "cuda"), pictures(1, 2, SIDE).cuda()
    background = pictures(2, 12, SIDE).cuda()
    runs = []
    for _ in range(3):
        values = run(model, x, QUERIES, background, samples=48, draws=8)[-1].values
        settings = attack_settings(epsilon=0.03, steps=8)
        *_, step = attack(model, x, torch.tensor([5, 6]).cuda(), settings, targeted=True)
        runs.append((values, step.state.x.cpu().numpy(), step.logits.cpu().numpy()))
    for again in runs[1:]:
        for one, other in zip(again, runs[0], strict=True):
            np.testing.assert_array_equal(one, other)


def test_the_integrand_agrees_with_shap_on_the_same_draws():
    model, x, background = small(device="cuda"), pictures(1, 2).cuda(), pictures(2, 7).cuda()
    settings, seed, n = explain_settings(score="logit"), 11, 24
    one = {c: OneScore(model.module, "logit", c) for _, c in QUERIES}
    theirs = [ShapOfOne(one[c], None, background, n)(x[p], n, seed).numpy() for p, c in QUERIES]
    draws = shap_draws(n, len(background), seed)
    assert close(on_draws(model, x, background, draws, settings), np.stack(theirs))


def test_running_out_of_memory_halves_the_chunk_and_goes_on():
    model, x = network("resnet18", "cuda"), pictures(1, 2, SIDE).cuda()
    background = pictures(2, 50, SIDE).cuda()
    whole = run(model, x, QUERIES, background, samples=400, score="logit", draws=128)[-1]
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(
        (torch.cuda.memory_allocated() + 300 * 2**20) / total
    )
    try:
        last = run(model, x, QUERIES, background, samples=400, score="logit", draws=128)[-1]
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert last.samples == 400
    assert "memory ran out" in last.note
    scale = np.abs(whole.values).max()
    np.testing.assert_allclose(last.values, whole.values, rtol=0, atol=1e-5 * scale)


def test_memory_does_not_grow_with_samples_or_the_background():
    model, x = network("resnet18", "cuda"), pictures(1, 2, SIDE).cuda()

    class Lazy(TensorBackground):
        """Pictures that reach the device when asked for."""

        def batch(self, indices):
            return self.pictures[list(indices)].cuda()

    def peak(samples: int, count: int) -> int:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        background = Lazy(pictures(2, count, SIDE))
        run(model, x, QUERIES, background, samples=samples, score="logit", draws=16)
        return torch.cuda.max_memory_allocated()

    once = peak(200, 50)
    assert peak(1600, 50) <= 1.1 * once
    assert peak(200, 1000) <= 1.1 * once


def test_the_worker_attacks_and_explains_on_the_gpu():
    line = Line()
    first = sorted(map(str, sample_folder().glob("*.webp")))[0]
    folder = ev.FindPictures((str(sample_folder()),))
    line.send(folder, ev.LoadModel(ModelSettings()), ev.Open(1, first))
    opened = line.wait(ev.Opened)
    loaded = next(event for event in line.seen if isinstance(event, ev.Loaded))
    assert loaded.info.device == "cuda"
    line.send(ev.StartAttack(1, attack_settings(steps=20), play=True))
    frame = line.frame(lambda event: bool(event.frame.finished)).frame
    assert frame.trace[-1].probability_target > 0.9
    queries = (Query("clean", opened.original.index), Query("adversarial", frame.target.index))
    line.send(ev.Explain(1, queries, explain_settings(samples=64)))
    evidence = line.wait(ev.Explained, lambda event: event.evidence.done).evidence
    assert evidence.samples == 64
    assert all(type(one.heat) is np.ndarray for one in evidence.attributions)
    memory = [event.memory for event in line.seen if isinstance(event, ev.Status)]
    assert max(memory) > 0
    assert line.worker.stop(20)


def test_a_survey_gives_the_same_rows_alone_and_shared_by_two_processes(tmp_path):
    def asked(name, **sharing):
        return settings(
            sample_folder(),
            tmp_path / name,
            model=ModelSettings(device="cuda"),
            attacks=attacks(epsilons=[0.03], steps=5),
            explanations=(explain_settings(samples=16),),
            limit=8,
            threads=None,
            **sharing,
        )

    model = load_now(ModelSettings(), "cuda")
    assert survey(asked("alone"), model).done >= 4
    survey(asked("again"), model)
    survey(asked("shared", devices=("cuda:0", "cuda:0")), model)
    assert rows(tmp_path / "again") == rows(tmp_path / "alone")
    assert rows(tmp_path / "shared") == rows(tmp_path / "alone")
