"""Whose memory settings a tool runs with: ours, or those that any program finds; and what they do.

    python -m tests.bench.allocator [--network mobilenet_v2] [--threads 2]

prints milliseconds and page faults a gradient at the pixels, for five classes of batches of
pictures (one forward and five backward passes), with either.
"""

from __future__ import annotations

import argparse
import ctypes
import resource
import statistics
import time

import torch

from engine.models import allocator

MMAP_THRESHOLD = -3
DEFAULTS = {
    allocator.MMAP_MAX: 65536,
    # What glibc's own adaptation reaches once blocks as large as a network's were freed.
    MMAP_THRESHOLD: 32 * 2**20,
    allocator.TRIM_THRESHOLD: 64 * 2**20,
    allocator.TOP_PAD: 128 * 2**10,
}
CLASSES, ROUNDS = 5, 5


def ours() -> None:
    """As in the worker."""
    allocator.keep()


def as_found() -> None:
    """As in a program that sets nothing."""
    for name, value in DEFAULTS.items():
        ctypes.CDLL(None).mallopt(name, value)
    allocator.give_back()


def gradients(network: torch.nn.Module, x: torch.Tensor) -> None:
    logits = network(x)
    for c in range(CLASSES):
        torch.autograd.grad(logits[:, c].sum(), x, retain_graph=c + 1 < CLASSES)


def main() -> None:
    """Print the table."""
    from engine.models.classifier import Classifier
    from engine.models.torchvision_compat import torchvision
    from engine.pictures.fitting import Preprocessing

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", default="mobilenet_v2")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    plain = torchvision.models.get_model(options.network, weights=None)
    labels, cpu = tuple(map(str, range(1000))), torch.device("cpu")
    network = Classifier(
        plain, name="", labels=labels, preprocessing=Preprocessing(), device=cpu
    ).module
    print(f"{options.network}: ms and page faults a gradient")
    print(f"{'batch':>6}{'as found':>18}{'ours':>18}{'ratio':>8}")
    for batch in (1, 8, 16):
        x = torch.rand(batch, 3, 224, 224).contiguous(memory_format=torch.channels_last)
        x.requires_grad_()
        took, faults = {}, {}
        for how in (as_found, ours):
            how()
            gradients(network, x)
            before, each = resource.getrusage(resource.RUSAGE_SELF).ru_minflt, []
            for _ in range(ROUNDS):
                begun = time.perf_counter()
                gradients(network, x)
                each.append(time.perf_counter() - begun)
            count = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
            took[how] = 1000 * statistics.median(each) / batch / CLASSES
            faults[how] = count / ROUNDS / batch / CLASSES
        cells = "".join(f"{took[h]:10.1f}{faults[h]:8.0f}" for h in (as_found, ours))
        print(f"{batch:6}{cells}{took[as_found] / took[ours]:8.2f}")


if __name__ == "__main__":
    main()
