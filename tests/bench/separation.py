"""Which score, explained, separates clean from adversarial pictures best?

    python -m tests.bench.separation [--pictures 36] [--samples 40] [--targets random similar]
        [--epsilon 0.01] [--threads 2]

For each photograph of ../shared/imagenet (spread evenly over the classes) that MobileNetV2 gets a
prediction on, BIM attacks it; mean |phi| of the predicted class is compared between the clean and
the adversarial picture, for the logit and for the probability. Printed is the AUROC of "higher
for the clean picture" (below 0.5: the reverse) with its standard error (Hanley & McNeil 1982),
next to the AUROC of coherence and of plain confidence, "lower for the clean picture".
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from engine.attacks.base import attack
from engine.attacks.targets import resolve_target
from engine.evidence.statistics import statistics
from engine.explainers import explain
from engine.models.catalog import load
from engine.models.classifier import Classifier
from engine.models.device import exact_arithmetic
from engine.pictures.background import PictureSet
from engine.types import (
    ModelSettings,
    attack_settings,
    explain_settings,
)
from engine.types.generators import finish

IMAGENET = Path(os.environ.get("XAWAY_IMAGENET", "../shared/imagenet"))


def main() -> None:
    """Print the table."""
    options = parse()
    torch.set_num_threads(options.threads)
    exact_arithmetic()
    classifier = network()
    files = sorted(map(str, (IMAGENET / "photos").glob("*/*.JPEG")))
    chosen = [files[i] for i in np.linspace(0, len(files) - 1, options.pictures).astype(int)]
    photos = PictureSet(chosen, classifier.preprocessing, classifier.device)
    paths = sorted(map(str, (IMAGENET / "background").glob("*.jpg")))
    background = PictureSet(paths, classifier.preprocessing, classifier.device)
    print(
        f"{len(photos)} photographs, {options.samples} samples, BIM {options.epsilon}, 20 steps\n"
        f"{'target':10}{'score':14}{'mean |phi|':>17}{'coherence':>17}{'confidence':>17}"
    )
    for target in options.targets:
        rows: dict[str, list[tuple[float, ...]]] = {"logit": [], "probability": []}
        for number in range(len(photos)):
            clean = photos.batch([number])
            for score, figures in rows.items():
                figures.append(
                    compare(classifier, clean, background, target, number, score, options)
                )
        for score, figures in rows.items():
            table = np.array(figures)
            cells = [auroc(table[:, i], table[:, i + 1]) for i in (0, 2, 4)]
            # Attacks raise coherence and confidence: the other way round.
            cells = [cells[0], 1 - cells[1], 1 - cells[2]]
            shown = "".join(f"{c:11.2f} ±{error(c, len(table)):.2f}" for c in cells)
            print(f"{target:10}{score:14}{shown}", flush=True)


def network() -> Classifier:
    """MobileNetV2 with the weights at hand."""
    weights = str(IMAGENET / "mobilenet_v2.safetensors")
    return finish(load(ModelSettings("mobilenet_v2", weights, device="auto")))


def compare(classifier, clean, background, target, seed, score, options) -> tuple[float, ...]:
    """(clean, adversarial) of mean |phi|, coherence and confidence."""
    logits = classifier(clean)[0].detach()
    goal = resolve_target(target, logits, classifier.labels, seed)
    settings = attack_settings(epsilon=options.epsilon, seed=seed)
    *_, last = attack(classifier, clean, torch.tensor([goal]), settings, targeted=True)
    both = torch.cat([clean, last.state.x])
    found = classifier(both).detach()
    queries = [(p, int(found[p].argmax())) for p in (0, 1)]
    how = explain_settings(score=score, samples=options.samples, seed=seed)
    *_, end = explain(classifier, both, queries, background, how)
    one, two = (statistics(values) for values in end.values)
    sure = found.softmax(1).amax(1).tolist()
    return one["mean_abs"], two["mean_abs"], one["coherence"], two["coherence"], *sure


def auroc(clean: np.ndarray, adversarial: np.ndarray) -> float:
    """Chance that a clean picture's figure is higher than an adversarial one's."""
    truth = np.repeat([1, 0], len(clean))
    return float(roc_auc_score(truth, np.concatenate([clean, adversarial])))


def error(area: float, count: int) -> float:
    """Standard error of an AUROC from `count` pictures of each kind."""
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (count - 1) * (q1 + q2 - 2 * area**2)
    return float(np.sqrt(max(variance, 0.0)) / count)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=36)
    parser.add_argument("--samples", type=int, default=40)
    parser.add_argument("--targets", nargs="+", default=["random", "similar"])
    parser.add_argument("--epsilon", type=float, default=0.01)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
