"""Seconds a step of BIM takes, against torchattacks' BIM and the plain loop of the blog post.

    python -m tests.bench.attack_speed [--network mobilenet_v2] [--steps 10] [--rounds 5]
        [--device cuda]

All three run in turn in one process on the same random weights and picture, the others with malloc
as it comes (see `engine.models.allocator`); torchattacks is left out where it is not installed
(`pip install --no-deps torchattacks`).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from engine.attacks.base import attack
from engine.models.classifier import Classifier, Normalised
from engine.models.device import exact_arithmetic
from engine.models.torchvision_compat import torchvision
from engine.pictures.fitting import Preprocessing
from engine.types import attack_settings
from tests.bench import allocator


def network(name: str) -> nn.Module:
    """Random weights: speed does not depend on them."""
    options = {"init_weights": False} if name in ("inception_v3", "googlenet") else {}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        built: nn.Module = torchvision.models.get_model(name, weights=None, **options)
    return built.eval()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", default="mobilenet_v2")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    exact_arithmetic()
    side = 299 if options.network == "inception_v3" else 224
    how = Preprocessing(crop=side)
    device = torch.device(options.device)
    x = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0)).to(device)
    y = torch.tensor([1], device=device)
    steps, epsilon, alpha = options.steps, 0.01, 0.001
    plain = Normalised(network(options.network), how).eval().to(device)
    labels = tuple(str(index) for index in range(1000))
    ours = Classifier(
        network(options.network), name="", labels=labels, preprocessing=how, device=device
    )

    def blog() -> None:
        for _ in range(steps):
            leaf = x.clone().requires_grad_()
            F.cross_entropy(plain(leaf), y).backward()

    def our_own() -> None:
        settings = attack_settings(epsilon=epsilon, alpha=alpha, steps=steps)
        for _ in attack(ours, x, y, settings, targeted=True):
            pass

    runs: dict[str, Callable[[], None]] = {"plain loop": blog, "xaway-tui": our_own}
    try:
        import torchattacks

        peer = torchattacks.BIM(plain, eps=epsilon, alpha=alpha, steps=steps)
        peer.set_mode_targeted_by_label(quiet=True)
        runs["torchattacks"] = lambda: peer(x, y)
    except ImportError:
        print("torchattacks is not installed: left out")
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(options.rounds + 1):
        for name, run in runs.items():
            if name == "xaway-tui":
                allocator.ours()
            else:
                allocator.as_found()
            began = time.perf_counter()
            run()
            if device.type == "cuda":
                torch.cuda.synchronize()
            if turn:  # the first round warms up
                seconds[name].append((time.perf_counter() - began) / steps)
    ours_took = statistics.median(seconds["xaway-tui"])
    where = f"{options.device}, {options.threads} threads"
    print(f"{options.network}, {where}, {options.rounds} rounds")
    for name, took in seconds.items():
        middle = statistics.median(took)
        print(f"  {name:14} {1000 * middle:8.1f} ms a step   {middle / ours_took:5.2f} x ours")


if __name__ == "__main__":
    main()
