"""Peak memory of our expected gradients against samples, classes and background size.

    python -m tests.bench.explain_memory [--side 112]

Each row runs in its own process (resident memory's high-water mark, less that of a process that
only loads the network). About sixty arrays of the picture's size are needed for each picture and
class, until they take a gigabyte: then classes are explained in blocks.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
from collections.abc import Sequence

import torch
from torch import Tensor

from engine.explainers import explain, pacing
from engine.models.classifier import Classifier
from engine.models.torchvision_compat import torchvision
from engine.pictures.fitting import Preprocessing
from engine.types import explain_settings


class Lazy:
    """A background that makes its pictures when asked, as a folder's are decoded."""

    def __init__(self, count: int, side: int) -> None:
        self.count = count
        self.side = side

    def __len__(self) -> int:
        """Number of pictures."""
        return self.count

    def batch(self, indices: Sequence[int]) -> Tensor:
        """Pictures by index."""
        made = (torch.Generator().manual_seed(index) for index in indices)
        return torch.stack([torch.rand(3, self.side, self.side, generator=g) for g in made])


def peak(samples: int, classes: int, background: int, side: int) -> float:
    """Megabytes of this process at most."""
    torch.set_num_threads(1)
    pacing.ROWS = 16  # chunks grow with the speed of the machine: compare equal ones
    classifier = Classifier(
        torchvision.models.mobilenet_v3_small(weights=None),
        name="mobilenet_v3_small",
        labels=tuple(map(str, range(1000))),
        preprocessing=Preprocessing(resize=side, crop=side),
        device=torch.device("cpu"),
    )
    shown = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    queries = [(p, c) for p in (0, 1) for c in range(classes)]
    if samples:
        settings = explain_settings(samples=samples, score="logit")
        for _ in explain(classifier, shown, queries, Lazy(background, side), settings):
            pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=112)
    side = parser.parse_args().side
    context = multiprocessing.get_context("spawn")
    rows = [
        *[(400, 1, 50), (1600, 1, 50), (400, 1, 1000)],
        *[(64, classes, 50) for classes in (1, 5, 25, 50, 100, 200)],
    ]
    with context.Pool(1, maxtasksperchild=1) as pool:
        floor = pool.apply(peak, (0, 1, 1, side))
        print(f"{'samples':>8}{'classes':>9}{'background':>12}{'MiB above loading':>19}")
        for samples, classes, background in rows:
            used = pool.apply(peak, (samples, classes, background, side)) - floor
            print(f"{samples:8}{classes:9}{background:12}{used:19.0f}")


if __name__ == "__main__":
    main()
