"""Trains the built-in network on drawings: `python -m engine.builtin.making.train FOLDER`.

Seeded and resumable: step k's pictures and their augmentation depend on the seed and on k only, so
a run stopped at any checkpoint goes on as if it had not been. Imports torch.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn
from tqdm import tqdm

from engine.builtin import LABELS, sample_folder
from engine.builtin.making.dataset import drawings
from engine.builtin.making.report import (
    accuracy,
    by_class,
    calibration_error,
    confusions,
    reliability,
)
from engine.builtin.network import PREPROCESSING, WEIGHTS, BuiltinNet
from engine.models.classifier import set_layout
from engine.pictures.fitting import fit
from engine.pictures.reading import decode
from engine.types.files import write_atomically

SIDE = PREPROCESSING.crop
CARD = Path(__file__).parents[1] / "MODEL_CARD.md"


@dataclass(frozen=True)
class Settings:
    """A training run; two runs with equal settings and drawings give equal weights."""

    steps: int = 1000
    batch: int = 48
    rate: float = 4e-3
    decay: float = 0.02
    seed: int = 0


def augment(pictures: Tensor, random: torch.Generator) -> Tensor:
    """Random crops, flips, light, contrast and colour.

    Pale and flat pictures teach the network to see faint patterns, so that small attacks work;
    noise would teach it to resist them.

    `pictures` is uint8 (n, 3, h, w); the result is normalised float (n, 3, SIDE, SIDE).
    """
    n = len(pictures)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(n, *shape, generator=random) * (high - low) + low

    x = pictures.float() / 255.0
    zoom = uniform(0.72, 1.0)
    flip = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = zoom * flip
    theta[:, 1, 1] = zoom * uniform(0.92, 1.0)
    theta[:, :, 2] = (1.0 - zoom)[:, None] * uniform(-1, 1, 2)
    grid = F.affine_grid(theta, [n, 3, SIDE, SIDE], align_corners=False)
    x = F.grid_sample(x, grid, "bilinear", "reflection", align_corners=False)
    x = torch.lerp(x.mean(1, keepdim=True), x, uniform(0.25, 1.2, 1, 1, 1))
    middle = x.mean((1, 2, 3), keepdim=True)
    x = (x - middle) * uniform(0.25, 1.2, 1, 1, 1) + middle * uniform(0.6, 1.3, 1, 1, 1)
    x = x * uniform(0.9, 1.1, 3, 1, 1)
    return normalise(x.clamp(0.0, 1.0))


def normalise(x: Tensor) -> Tensor:
    """Pixels (n, 3, h, w) in [0, 1] to the network's input."""
    return (x - torch.tensor(PREPROCESSING.mean)[:, None, None]) / torch.tensor(PREPROCESSING.std)[
        :, None, None
    ]


def train(
    pictures: NDArray[np.uint8],
    truth: NDArray[np.int64],
    settings: Settings,
    checkpoint: Path | None = None,
    stop_after: int | None = None,
    every: int = 100,
    show: bool = False,
) -> BuiltinNet:
    """Trains on `pictures`, uint8 (n, h, w, 3), and `truth` (n,), continuing from `checkpoint`.

    `stop_after` ends this call early, after that step, with a checkpoint; `every` is how often
    one is written. Returns the network in evaluation mode.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        model = BuiltinNet(int(truth.max()) + 1)
        for module in model.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    set_layout(model, torch.channels_last)
    model.train()
    optimiser = torch.optim.AdamW(model.parameters(), settings.rate, weight_decay=settings.decay)
    first = 0
    if checkpoint is not None and checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        first = int(state["step"])
    data = torch.from_numpy(pictures).permute(0, 3, 1, 2)
    labels = torch.from_numpy(truth)
    last = min(settings.steps, stop_after or settings.steps)
    epoch_steps = max(1, len(data) // settings.batch)
    bar = tqdm(desc="training", total=settings.steps, initial=first, disable=not show)
    loss_mean: float | None = None
    for step in range(first, last):
        epoch, part = divmod(step, epoch_steps)
        order = np.random.default_rng([settings.seed, epoch]).permutation(len(data))
        rows = torch.from_numpy(order[part * settings.batch : (part + 1) * settings.batch])
        random = torch.Generator().manual_seed(settings.seed * 1_000_003 + step)
        x = augment(data[rows], random).contiguous(memory_format=torch.channels_last)
        done = step / settings.steps
        warm = min(1.0, (step + 1) / (0.08 * settings.steps + 1))
        for group in optimiser.param_groups:
            group["lr"] = settings.rate * warm * (0.5 + 0.5 * math.cos(math.pi * done)) + 1e-6
        loss = F.cross_entropy(model(x), labels[rows])
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimiser.step()
        value = float(loss.detach())
        loss_mean = value if loss_mean is None else loss_mean + 0.05 * (value - loss_mean)
        bar.set_postfix_str(f"loss {loss_mean:.4f}", refresh=False)
        bar.update()
        if checkpoint is not None and ((step + 1) % every == 0 or step + 1 == last):
            state = {"model": model.state_dict(), "optimiser": optimiser.state_dict(),
                     "step": step + 1}  # fmt: skip
            write_atomically(checkpoint, partial(torch.save, state))
    bar.close()
    model.eval()
    return model


@torch.inference_mode()
def logits(model: nn.Module, pictures: NDArray[np.uint8]) -> Tensor:
    """Logits of uint8 pictures (n, h, w, 3), each fitted first as a user's picture is."""
    fitted = np.stack([fit(Image.fromarray(p), PREPROCESSING) for p in pictures])
    x = normalise(torch.from_numpy(fitted))
    return torch.cat([model(x[i : i + 128]) for i in range(0, len(x), 128)])


@torch.inference_mode()
def disturbed(
    model: nn.Module, pictures: NDArray[np.uint8], truth: NDArray[np.int64], rounds: int = 4
) -> tuple[Tensor, NDArray[np.int64]]:
    """Logits and truth of pictures cropped, lit and coloured as in training, `rounds` times.

    Plain drawings are nearly all recognised, so they cannot tell 99 % from 99.99 %; these can.
    """
    data = torch.from_numpy(pictures).permute(0, 3, 1, 2)
    random = torch.Generator().manual_seed(1)
    scores = [
        model(augment(data[i : i + 128], random))
        for _ in range(rounds)
        for i in range(0, len(data), 128)
    ]
    return torch.cat(scores), np.tile(truth, rounds)


def temperature(scores: Tensor, truth: NDArray[np.int64]) -> float:
    """The temperature that makes the held-out scores likeliest (Guo et al. 2017, section 4.2)."""
    y = torch.from_numpy(truth)
    grid = torch.exp(torch.linspace(math.log(0.25), math.log(4.0), 281)).tolist()
    losses = [float(F.cross_entropy(scores / t, y)) for t in grid]
    return float(grid[losses.index(min(losses))])


def _samples() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    pictures, truth = [], []
    for k, label in enumerate(LABELS):
        for path in sorted(sample_folder().glob(f"{label.replace(' ', '_')}_[0-9]*")):
            pictures.append(np.asarray(decode(path)))
            truth.append(k)
    return np.stack(pictures), np.asarray(truth)


def softmax(scores: Tensor) -> NDArray[np.float64]:
    """Probabilities, float64."""
    return scores.double().softmax(1).numpy()


def card(model: nn.Module, settings: Settings, count: int, fresh: NDArray[np.uint8],
         truth: NDArray[np.int64], heat: float, minutes: float | None) -> str:  # fmt: skip
    """The model card: what the network is, how it was made and what was measured."""
    p = softmax(logits(model, fresh))
    scores, again = disturbed(model, fresh, truth)
    hard = softmax(scores)
    lines = [
        "# Built-in network",
        "",
        f"A plain CNN of seven convolutions for {len(LABELS)} ImageNet classes, trained only on",
        "drawings made by `engine.builtin.making`. It knows drawings, not photographs: use a real",
        "ImageNet network for those.",
        "",
        f"Input {SIDE} x {SIDE} (shorter side resized to {PREPROCESSING.resize}, middle cut "
        f"out), {sum(q.numel() for q in model.parameters()):,} parameters.",
        "",
        f"Made by `python -m engine.builtin.making.train FOLDER --count {count} "
        f"--steps {settings.steps} --batch {settings.batch} --seed {settings.seed}`"
        + (f"; the training steps took {minutes:.0f} minutes." if minutes else "."),
        f"{count} drawings a class (seeds from 10000), AdamW, no adversarial training, no label",
        f"smoothing; temperature {heat:.3f}, fitted on other drawings (seeds from 20000) that were",
        "cropped, lit and coloured at random, is folded into the last layer. Weights are stored",
        "as float16.",
        "",
        f"## Fresh drawings (seeds from 30000, {len(fresh)} pictures)",
        "",
        f"Top-1 accuracy {accuracy(p, truth):.4f}, expected calibration error (15 bins) "
        f"{calibration_error(p, truth):.4f}.",
        "",
        *reliability(p, truth),
        "",
        "Confusion matrix off the diagonal:",
        "",
        *confusions(p, truth, LABELS),
        "",
        *by_class(p, truth, LABELS),
        "",
        "## The same, cropped, lit and coloured at random as in training (4 times each)",
        "",
        f"Top-1 accuracy {accuracy(hard, again):.4f}, expected calibration error (15 bins) "
        f"{calibration_error(hard, again):.4f}.",
        "",
        *reliability(hard, again),
    ]
    if sample_folder().is_dir() and any(sample_folder().iterdir()):
        pictures, wanted = _samples()
        q = softmax(logits(model, pictures))
        right = int((q.argmax(1) == wanted).sum())
        lines += ["", "## Sample pictures", "", f"{right} of {len(wanted)} right; mean confidence "
                  f"{q.max(1).mean():.4f}, lowest {q.max(1).min():.4f}."]  # fmt: skip
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m engine.builtin.making.train", description=__doc__
    )
    parser.add_argument("folder", type=Path, help="where drawings and the checkpoint are kept")
    parser.add_argument("--count", type=int, default=200, help="training drawings a class")
    parser.add_argument("--steps", type=int, default=Settings.steps)
    parser.add_argument("--batch", type=int, default=Settings.batch)
    parser.add_argument("--seed", type=int, default=Settings.seed)
    parser.add_argument("--workers", type=int, default=2, help="processes that draw")
    parser.add_argument("--threads", type=int, default=2, help="threads that train")
    parser.add_argument("--output", type=Path, default=WEIGHTS, help="weights file to write")
    parser.add_argument("--card", type=Path, default=CARD, help="model card to write")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    settings = Settings(options.steps, options.batch, seed=options.seed)
    folder: Path = options.folder
    sets = {
        split: drawings(folder, split, count, options.workers)
        for split, count in (("train", options.count), ("calibration", 24), ("fresh", 30))
    }
    name = f"checkpoint_{settings.steps}_{settings.batch}_{settings.seed}_{options.count}.pt"
    started, resumed = time.perf_counter(), (folder / name).exists()
    model = train(*sets["train"], settings, folder / name, show=True)
    minutes = None if resumed else (time.perf_counter() - started) / 60
    heat = temperature(*disturbed(model, *sets["calibration"]))
    with torch.no_grad():
        model.classifier.weight.div_(heat)
        model.classifier.bias.div_(heat)
    model.half().float()
    state = {k: v.half() if v.is_floating_point() else v for k, v in model.state_dict().items()}
    save_file({k: v.contiguous() for k, v in state.items()}, options.output)
    text = card(model, settings, options.count, *sets["fresh"], heat, minutes)
    options.card.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
