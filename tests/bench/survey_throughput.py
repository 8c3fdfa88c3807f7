"""Pictures a second: the survey against the way of the blog post's script, at equal settings.

The script's way: one picture at a time, parameters that take gradients, the attack's own loop, and
for each side of the pair one call of `shap.GradientExplainer` at its own batch size, with class
ranks. Equal: network, pictures, threads, attack (BIM, iterations, epsilon, random target), what is
explained (logit of each side's top class, at the pixels or a layer), samples and background. The
survey does more in that time: it also compares noise and the matched attack, computes errors, and
syncs rows to disk; `--bare` leaves the controls out, for the plainest comparison.

    python -m tests.bench.survey_throughput --model mobilenet_v2 --weights FILE --photos DIR
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
import torch.nn.functional as F

from engine.builtin import sample_folder
from engine.models.classifier import Classifier, Normalised
from engine.models.device import exact_arithmetic
from engine.models.torchvision_compat import torchvision
from engine.pictures.reading import read
from engine.surveys import experiment
from engine.surveys.execution import SurveyRun
from engine.surveys.processes import do, load_now
from engine.surveys.run_folder import RunFolder
from engine.types import (
    Execution,
    Experiment,
    ModelSettings,
    attack_settings,
    explain_settings,
)
from tests.bench import allocator

EPSILON, BACKGROUND = 0.01, 50


def unfrozen(options: argparse.Namespace, fast: Classifier) -> Normalised:
    """The same network as a script has it: batch-norm as it is, parameters that take gradients."""
    from engine.builtin import network as builtin
    from engine.models.weights import read_state_dict

    if options.model == "builtin":
        network = builtin.load()
    else:
        network = torchvision.models.get_model(options.model, weights=None)
        network.load_state_dict(read_state_dict(Path(options.weights)), strict=False)
    network.eval().requires_grad_(True)
    return Normalised(network, fast.preprocessing).eval()


def script(
    network: Normalised,
    pictures: torch.Tensor,
    background: torch.Tensor,
    layer: str | None,
    steps: int,
    n: int,
) -> None:
    """One picture after the other."""
    import shap

    rng = np.random.default_rng(0)
    for x0 in pictures.unbind():
        x0 = x0[None]
        top = int(network(x0).argmax())
        drawn = int(rng.integers(network(x0).shape[1] - 1))
        target = torch.tensor([drawn + (drawn >= top)])
        x = x0.clone()
        for _ in range(steps):
            x = x.detach().requires_grad_()
            F.cross_entropy(network(x), target).backward()  # type: ignore[no-untyped-call]
            assert x.grad is not None
            x = x - 2.5 * EPSILON / steps * x.grad.sign()
            x = torch.min(torch.max(x, x0 - EPSILON), x0 + EPSILON).clamp(0, 1)
        for side in (x0, x.detach()):
            asked = (network, network.network.get_submodule(layer)) if layer else network
            explainer = shap.GradientExplainer(asked, background)
            explainer.shap_values(side, nsamples=n, ranked_outputs=1)


def main() -> None:
    """Print both rates and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="builtin")
    parser.add_argument("--weights")
    parser.add_argument("--photos", default=str(sample_folder()))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--layer", help="explain this layer's input, as the post does")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--bare", action="store_true", help="without controls")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(options.threads)
    exact_arithmetic()
    explain = explain_settings(samples=options.samples, score="logit", layer=options.layer)
    with tempfile.TemporaryDirectory() as folder:
        asked = Experiment(
            options.photos,
            ModelSettings(options.model, options.weights),
            attacks=(attack_settings(target="random", epsilon=EPSILON, steps=options.steps),),
            explanations=(explain,),
            references=("fixed",),
            limit=options.count,
        )
        fast = load_now(asked.model, options.device)
        with patch.object(experiment, "label_folders", lambda *_: (None, "all pictures count")):
            run = SurveyRun(asked, Execution(folder + "/run", threads=options.threads), fast)
        context = run.context
        if options.bare:
            context = replace(context, plan=replace(run.plan, arms=run.plan.arms[:1]))
        groups = run.plan.groups(run.batch)
        do(context, groups[0])  # warms up: the background is decoded
        allocator.ours()
        began = time.perf_counter()
        with RunFolder(Path(folder) / "kept", {}, {}) as kept:
            for group in groups[1:]:
                kept.add(do(context, group))
            done = len(kept.records)
        survey = done / (time.perf_counter() - began)
        items = [run.context.path(item) for item in run.plan.items[-done:]]
        paths = run.plan.background[:BACKGROUND]
    how, device = fast.preprocessing, fast.device
    pictures = torch.stack([torch.from_numpy(read(p, how)) for p in items]).to(device)
    background = torch.stack([torch.from_numpy(read(p, how)) for p in paths]).to(device)
    slow = unfrozen(options, fast).to(device)
    allocator.as_found()
    script(slow, pictures[:1], background, options.layer, 2, 4)
    began = time.perf_counter()
    script(slow, pictures, background, options.layer, options.steps, options.samples)
    blog = done / (time.perf_counter() - began)
    controls = "without controls" if options.bare else "with controls"
    print(f"{options.model} on {device}, {options.threads} threads, {done} pictures,")
    where = options.layer or "pixels"
    print(f"BIM {options.steps} iterations, {options.samples} samples a side, at {where}")
    print(f"  the script's way      {blog:8.4f} pictures/s")
    print(f"  survey, {controls:<16}{survey:6.4f} pictures/s   {survey / blog:.2f}x")


if __name__ == "__main__":
    main()
