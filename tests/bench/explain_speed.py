"""Our expected gradients against shap.GradientExplainer and captum's GradientShap.

    python -m tests.bench.explain_speed [--model mobilenet_v2] [--weights FILE] [--samples 200]
        [--classes 5] [--score logit|probability|both] [--layer NAME] [--side 224]
        [--reference 20000] [--keep FILE] [--repeats 3] [--threads 2] [--no-captum] [--kept]
        [--draws N] [--device cuda]

Two pictures (a clean one and its BIM attack), their five top classes, a background of 50. Each
tool runs in turn, interleaved, `--repeats` times, and the fastest counts. Shap and captum get
torchvision's network as anyone would load it, and malloc as it comes (`--kept`: with our settings,
see `engine.models.allocator`). `--draws` fixes the draws of our chunks, as `xaway-tui explain`
does with 8; without, they begin small and grow, as on the screen.

The error is the mean absolute error over all elements and queries, against a plain sum over
`--reference` evenly spaced points of all paths (0: times only), kept with the pictures in `--keep`
for the next run, on whichever device.
The errors of shap and captum fall with the root of their samples: "samples worth" is the squared
ratio of the errors at equal samples, and "x to error" how much longer a tool takes to our error.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from pathlib import Path

import captum.attr
import numpy as np
import shap
import torch
from torch import Tensor, nn

from engine.explainers import TensorBackground, explain
from engine.explainers.single_output import OneScore
from engine.models.classifier import Classifier, Normalised
from engine.models.device import exact_arithmetic
from engine.models.torchvision_compat import torchvision
from engine.pictures.background import PictureSet
from engine.pictures.fitting import Preprocessing
from engine.types import explain_settings
from tests.bench import allocator

IMAGENET = Path(os.environ.get("XAWAY_IMAGENET", "../shared/imagenet"))


def main() -> None:
    """Print the tables."""
    options = parse()
    torch.set_num_threads(options.threads)
    exact_arithmetic()
    plain, classifier = networks(options)
    shown, background = material(options, classifier)
    kept = dict(np.load(options.keep)) if options.keep and Path(options.keep).exists() else {}
    if kept:  # the last digits of an attack depend on the device
        shown = torch.from_numpy(kept["shown"]).to(classifier.device)
    top = classifier(shown).topk(options.classes, 1).indices.tolist()
    queries = [(p, c) for p in range(len(shown)) for c in top[p]]
    wanted = ("logit", "probability") if options.score == "both" else (options.score,)
    print(
        f"{options.model}, {options.side} px, {len(shown)} pictures x {options.classes} classes,"
        f" {options.samples} samples, background of {len(background)},"
        f" layer {options.layer or '(pixels)'}, {options.device}, {options.threads} threads"
    )
    known = kept or references(options, classifier, shown, background, queries)
    for score in wanted:
        table(options, plain, classifier, shown, background, queries, score, known.get(score))


def references(options, classifier, shown, background, queries) -> dict[str, np.ndarray]:
    """Both scores' expected gradients, from the same backward passes.

    The gradient of a probability p_c is p_c (g_c - g), with g that of the logarithm of the sum of
    the logits' exponentials.
    """
    if not options.reference or options.layer:
        return {}
    allocator.ours()
    each = options.reference // len(background)
    positions = (torch.arange(each) + 0.5) / each
    device = shown.device
    sums = {
        score: torch.zeros(len(queries), *shown.shape[1:], dtype=torch.float64, device=device)
        for score in ("logit", "probability")
    }
    for x, b in ((x, b) for x in range(len(shown)) for b in background):
        wanted = [q for q, (p, _) in enumerate(queries) if p == x]
        for a in positions.to(device).split(8 if device.type == "cpu" else 200):
            points = torch.lerp(b, shown[x], a.view(-1, 1, 1, 1))
            points = points.requires_grad_()
            logits = classifier(points)
            total = logits.logsumexp(1)
            (common,) = torch.autograd.grad(total.sum(), points, retain_graph=True)
            for q in wanted:
                logit = logits[:, queries[q][1]]
                (gradient,) = torch.autograd.grad(logit.sum(), points, retain_graph=True)
                p = (logit - total).detach().exp().view(-1, 1, 1, 1)
                difference = shown[x] - b
                sums["logit"][q] += (gradient.sum(0) * difference).double()
                sums["probability"][q] += ((p * (gradient - common)).sum(0) * difference).double()
    found = {
        score: (each / options.reference).float().cpu().numpy() for score, each in sums.items()
    }
    if options.keep:
        np.savez_compressed(options.keep, shown=shown.cpu().numpy(), **found)
    return found


def table(options, plain, classifier, shown, background, queries, score, reference) -> None:
    if reference is None:
        reference = np.ones((len(queries), 1, 1, 1))
    tools = {
        "ours": lambda seed: ours(
            options, classifier, shown, background, queries, score, options.samples, seed
        ),
        "shap": lambda seed: by_shap(options, plain, shown, background, queries, score, seed),
    }
    if options.layer is None and not options.no_captum:
        tools["captum"] = lambda seed: by_captum(
            options, plain, shown, background, queries, score, seed
        )
    seconds = {name: [] for name in tools}
    errors = {name: [] for name in tools}
    for seed in range(options.repeats):
        for name, tool in tools.items():
            if name == "ours" or options.kept:
                allocator.ours()
            else:
                allocator.as_found()
            begun = time.perf_counter()
            values = tool(seed)
            seconds[name].append(time.perf_counter() - begun)
            errors[name].append(np.abs(values - reference).mean((1, 2, 3)))
    fastest = {name: min(each) for name, each in seconds.items()}
    scale = np.abs(reference).mean((1, 2, 3))
    error = {name: np.mean(each, 0) for name, each in errors.items()}
    print(f"\nscore {score}; reference {options.reference} samples")
    print(
        f"{'':8}{'s':>9}{'x time':>9}{'error / mean |phi|':>21}"
        f"{'samples worth':>15}{'x to error':>12}"
    )
    for name in tools:
        ratio = fastest[name] / fastest["ours"]
        # Normalised errors fall with the root of the samples: squared ratios are sample ratios.
        worth = float(np.mean((error[name] / error["ours"]) ** 2))
        print(
            f"{name:8}{fastest[name]:9.2f}{ratio:9.2f}{np.mean(error[name] / scale):21.3f}"
            f"{worth:15.2f}{ratio * worth:12.1f}"
        )


def ours(options, classifier, shown, background, queries, score, samples, seed) -> np.ndarray:
    settings = explain_settings(
        score=score, samples=samples, seed=seed, layer=options.layer, draws=options.draws
    )
    running = explain(classifier, shown, queries, TensorBackground(background), settings)
    return np.concatenate([e.values for e in running if e is not None and e.done])


def by_shap(options, plain, shown, background, queries, score, seed) -> np.ndarray:
    """Shap chooses the classes itself, by rank, as in the blog post."""
    model: nn.Module = Score(plain, score)
    layer = None if options.layer is None else plain.network.get_submodule(options.layer)
    explainer = shap.GradientExplainer(
        model if layer is None else (model, layer), background, batch_size=50
    )
    count = options.classes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values, ranks = explainer.shap_values(
            shown, nsamples=options.samples, ranked_outputs=count, rseed=seed
        )
    found = {
        (p, int(ranks[p, r])): values[p, ..., r] for p in range(len(shown)) for r in range(count)
    }
    return np.stack([found[query] for query in queries])


def by_captum(options, plain, shown, background, queries, score, seed) -> np.ndarray:
    """One call for each class; noise tunnel batches of at most 50."""
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - what captum draws from
    out = []
    for p, c in queries:
        model = OneScore(plain, score, c)
        parts = [
            captum.attr.GradientShap(model).attribute(
                shown[p : p + 1], baselines=background, n_samples=size, stdevs=0.0, target=0
            )[0]
            * size
            for size in [50] * (options.samples // 50) + [options.samples % 50]
            if size
        ]
        out.append((sum(parts) / options.samples).detach().cpu().numpy())
    return np.stack(out)


class Score(nn.Module):
    """All scores of a network."""

    def __init__(self, module: nn.Module, score: str) -> None:
        super().__init__()
        self.module = module
        self.score = score

    def forward(self, x: Tensor) -> Tensor:
        """Logits or probabilities (N, C)."""
        logits = self.module(x)
        return logits if self.score == "logit" else logits.softmax(1)


def networks(options) -> tuple[Normalised, Classifier]:
    """The same network twice: as it comes, and as ours."""
    extra = {"aux_logits": False, "init_weights": False} if "inception" in options.model else {}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = torchvision.models.get_model(options.model, weights=None, **extra)
    if options.weights:
        from safetensors.torch import load_file

        network.load_state_dict(load_file(options.weights))
    elif options.model.startswith("resnet"):
        spread(network)
    network.eval()
    how = Preprocessing(resize=round(options.side / 0.875), crop=options.side)
    classifier = Classifier(
        network,
        name=options.model,
        labels=tuple(map(str, range(1000))),
        preprocessing=how,
        device=torch.device(options.device),
    )
    return Normalised(network, how).to(options.device), classifier


def spread(network: nn.Module) -> None:
    """Random weights give all classes the same score; a larger last layer tells them apart."""
    network.fc.weight.data *= 30


def material(options, classifier: Classifier) -> tuple[Tensor, Tensor]:
    """A clean picture and its BIM attack, and the background."""
    how, device = classifier.preprocessing, classifier.device
    files = sorted(map(str, (IMAGENET / "background").glob("*.jpg")))
    background = PictureSet(files, how, device).batch(range(len(files)))
    elephant = PictureSet([str(IMAGENET / "blog/elephant.png")], how, device)
    clean = elephant.batch([0])
    adversarial = clean.clone()
    target = torch.tensor([722], device=device)
    for _ in range(20):
        x = adversarial.detach().requires_grad_()
        loss = nn.functional.cross_entropy(classifier(x), target)
        (gradient,) = torch.autograd.grad(loss, x)
        step = adversarial - 0.00125 * gradient.sign()
        adversarial = step.clamp(clean - 0.01, clean + 0.01).clamp(0, 1)
    return torch.cat([clean, adversarial]), background


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="mobilenet_v2")
    parser.add_argument("--weights")
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--classes", type=int, default=5)
    parser.add_argument("--score", default="both")
    parser.add_argument("--layer")
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--reference", type=int, default=20_000)
    parser.add_argument("--keep")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-captum", action="store_true")
    parser.add_argument("--kept", action="store_true")
    parser.add_argument("--draws", type=int)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
