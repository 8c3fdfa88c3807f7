"""Measures what the drawings and the network promise: `python -m engine.builtin.making.tables`.

Recognition of the sample pictures, the cost of an attack step against MobileNetV2's, the cost of
200 expected-gradient samples, and how often the default attack reaches its target.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from engine.attacks.base import attack
from engine.attacks.stopping import succeeded
from engine.builtin import IMAGENET_INDEX, LABELS, sample_folder
from engine.builtin.making.classes import SIMILAR_PAIRS
from engine.builtin.making.samples import file_names
from engine.builtin.network import PREPROCESSING, load
from engine.models.classifier import Classifier
from engine.models.torchvision_compat import torchvision
from engine.pictures.fitting import Preprocessing, fit
from engine.pictures.reading import decode
from engine.types import AttackSettings, attack_settings


@dataclass(frozen=True)
class Samples:
    """The sample pictures for one network: pixels (n, 3, h, w), class numbers (n,), names."""

    x: Tensor
    truth: Tensor
    names: tuple[str, ...]


def samples(preprocessing: Preprocessing, classes: tuple[int, ...]) -> Samples:
    """Reads all sample pictures; `classes` are the network's numbers of `LABELS`."""
    listed = list(file_names())
    pictures = [fit(decode(sample_folder() / name), preprocessing) for name, _, _ in listed]
    truth = [classes[LABELS.index(label)] for _, label, _ in listed]
    return Samples(
        torch.from_numpy(np.stack(pictures)), torch.tensor(truth), tuple(n for n, _, _ in listed)
    )


def builtin() -> Classifier:
    """The built-in network as the program runs it."""
    return Classifier(load(), name="builtin", labels=LABELS, preprocessing=PREPROCESSING,
                      device=torch.device("cpu"), weights="shipped")  # fmt: skip


def mobilenet(weights: Path | None) -> Classifier:
    """MobileNetV2 as the program runs it; without weights, for timing only."""
    network = torchvision.models.mobilenet_v2()
    if weights is not None:
        network.load_state_dict(load_file(weights))
    return Classifier(network, name="mobilenet_v2", labels=tuple(map(str, range(1000))),
                      preprocessing=Preprocessing(), device=torch.device("cpu"))  # fmt: skip


@torch.inference_mode()
def _probabilities(model: Classifier, x: Tensor) -> Tensor:
    return torch.cat([model(x[i : i + 16]).softmax(1) for i in range(0, len(x), 16)])


def recognition(model: Classifier, classes: tuple[int, ...]) -> list[str]:
    """A Markdown table: of each class's sample pictures, how many in the top 1 and top 5."""
    data = samples(model.preprocessing, classes)
    p = _probabilities(model, data.x)
    own = p.gather(1, data.truth[:, None])
    rank = (p > own).sum(1)
    rows = [f"| class | pictures | top 1 | top 5 | probability ({model.name}) |"]
    rows.append("|---|---:|---:|---:|---:|")
    for label, number in zip(LABELS, classes, strict=True):
        mine = data.truth == number
        rows.append(
            f"| {label} | {int(mine.sum())} | {int((rank[mine] < 1).sum())} "
            f"| {int((rank[mine] < 5).sum())} | {float(own[mine].mean()):.3f} |"
        )
    top1, top5 = float((rank < 1).float().mean()), float((rank < 5).float().mean())
    rows.append(f"| all | {len(rank)} | {top1:.1%} | {top5:.1%} | {float(own.mean()):.3f} |")
    return rows


def _median_time(run: Callable[[], object], repeats: int) -> float:
    run()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _gradient(model: Classifier, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    return torch.autograd.grad(model(x).amax(1).sum(), x)[0]


def costs(small: Classifier, large: Classifier) -> list[str]:
    """One picture's input gradient on both networks, and 200 gradients in batches of 50."""
    steps = {}
    for model in (small, large):
        side = model.preprocessing.crop
        picture = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0))
        steps[model.name] = _median_time(partial(_gradient, model, picture), 15)
    side = small.preprocessing.crop
    many = torch.rand(50, 3, side, side, generator=torch.Generator().manual_seed(1))
    shap = _median_time(lambda: [_gradient(small, many) for _ in range(4)], 3)
    a, b = steps[small.name], steps[large.name]
    return [
        f"One BIM step (input gradient, batch 1, {torch.get_num_threads()} threads): "
        f"{small.name} {a * 1000:.2f} ms, {large.name} {b * 1000:.2f} ms, ratio {a / b:.3f}.",
        f"200 expected-gradient samples on {small.name}, batches of 50: {shap:.2f} s.",
    ]


def _success(
    model: Classifier, data: Samples, targets: Tensor, settings: AttackSettings
) -> tuple[float, float]:
    """Share of attacks that reach their target, and mean probability of the target at the end."""
    last = None
    for step in attack(model, data.x, targets, settings, targeted=True):
        last = step
    assert last is not None
    p = last.logits.softmax(1).gather(1, targets[:, None])
    return float(succeeded(last.logits, targets, targeted=True).float().mean()), float(p.mean())


def attacks(model: Classifier, draws: int, epsilons: tuple[float, ...]) -> list[str]:
    """A Markdown table of BIM's success over all sample pictures, by kind of target."""
    data = samples(model.preprocessing, tuple(range(len(LABELS))))
    p = _probabilities(model, data.x)
    rng = np.random.default_rng(0)
    count = len(LABELS)
    random = [
        (data.truth + torch.from_numpy(rng.integers(1, count, len(data.truth)))) % count
        for _ in range(draws)
    ]
    second = p.scatter(1, data.truth[:, None], -1.0).argmax(1)
    pair = {}
    for a, b in SIMILAR_PAIRS:
        i, j = LABELS.index(a), LABELS.index(b)
        pair[i], pair[j] = j, i
    paired = torch.tensor([k for k, t in enumerate(data.truth.tolist()) if t in pair])
    some = replace(data, x=data.x[paired], truth=data.truth[paired])
    partners = torch.tensor([pair[t] for t in some.truth.tolist()])
    ball = LABELS.index("ping-pong ball")
    other = data.truth != ball
    rest = replace(data, x=data.x[other], truth=data.truth[other])
    rows = ["| epsilon | random | runner-up | pair | ping-pong ball | p(random target) |",
            "|---|---:|---:|---:|---:|---:|"]  # fmt: skip
    for epsilon in epsilons:
        settings = attack_settings(epsilon=epsilon)
        many = [_success(model, data, targets, settings) for targets in random]
        share = [
            float(np.mean([m[0] for m in many])),
            _success(model, data, second, settings)[0],
            _success(model, some, partners, settings)[0],
            _success(model, rest, torch.full((len(rest.x),), ball), settings)[0],
        ]
        cells = " | ".join(f"{s:.1%}" for s in share)
        rows.append(f"| {epsilon:g} | {cells} | {np.mean([m[1] for m in many]):.4f} |")
    return rows


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m engine.builtin.making.tables", description=__doc__
    )
    parser.add_argument("--mobilenet", type=Path, help="torchvision MobileNetV2 safetensors")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--draws", type=int, default=3, help="random targets a picture")
    parser.add_argument("--epsilon", type=float, nargs="*", default=[0.005, 0.01, 0.02, 0.03])
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    small, large = builtin(), mobilenet(options.mobilenet)
    print("\n".join(recognition(small, tuple(range(len(LABELS))))), end="\n\n")
    if options.mobilenet is not None:
        print("\n".join(recognition(large, IMAGENET_INDEX)), end="\n\n")
    print("\n".join(costs(small, large)), end="\n\n")
    print(
        f"BIM, {attack_settings().steps} steps, alpha 2.5 epsilon / steps, {len(LABELS)} classes:"
    )
    print("\n".join(attacks(small, options.draws, tuple(options.epsilon))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
