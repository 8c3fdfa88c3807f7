"""A small world for tests of the survey: pictures, a network that knows them, quick settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from PIL import Image
from torch import nn

from engine.models.classifier import Classifier
from engine.pictures.fitting import Preprocessing
from engine.surveys import detectors
from engine.surveys.execution import SurveyRun
from engine.types import (
    METHODS,
    AttackSettings,
    Execution,
    Experiment,
    SurveyFrame,
    combinations,
    explain_settings,
)
from engine.types.survey import RULES

Asked = tuple[Experiment, Execution]

SIDE = 12
CLASSES = ("red thing", "green_thing", "blue thing", "grey thing")
WNIDS = ("n01", "n02", "n03", "n04")
COLORS = ((200, 60, 60), (60, 200, 60), (60, 60, 200), (130, 130, 130))


class Colors(nn.Module):
    """Tells pictures by their mean colour, through a smooth layer of random filters."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.act = nn.Tanh()
        self.last = nn.Linear(8 + 3, 4)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))
            means = torch.tensor(COLORS) / 255.0
            centred = means - means.mean(0)
            self.last.weight[:, 8:] = 30 * centred
            self.last.bias.copy_(-30 * (centred * (means + means.mean(0)) / 2).sum(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits (N, 4)."""
        inner = self.act(self.conv(x)).mean((2, 3))
        logits: torch.Tensor = self.last(torch.cat([inner * 0.2, x.mean((2, 3))], 1))
        return logits


def classifier() -> Classifier:
    """The network on plain pixels of SIDE x SIDE."""
    plain = Preprocessing(resize=SIDE, crop=SIDE, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    cpu = torch.device("cpu")
    return Classifier(
        Colors(), name="colors", labels=CLASSES, preprocessing=plain, device=cpu, wnids=WNIDS
    )


def paint(path: Path, kind: int, seed: int) -> None:
    """A noisy picture of a class's colour."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 25, (SIDE, SIDE, 3))
    pixels = np.clip(np.array(COLORS[kind]) + noise, 0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def folder(root: Path, names: tuple[str, ...] = WNIDS, each: int = 3) -> Path:
    """An ImageFolder with `each` pictures a class under the given folder names."""
    for kind, name in enumerate(names):
        for number in range(each):
            paint(root / name / f"{number}.png", kind, 10 * kind + number)
    return root


def attacks(
    methods: Sequence[str] = ("bim",),
    epsilons: Sequence[float] = (0.3,),
    targets: Sequence[str] = RULES,
    steps: int = 6,
) -> tuple[AttackSettings, ...]:
    """Every combination, with few steps."""
    sizes = [{"epsilon": epsilon} for epsilon in epsilons]
    rules = [{"target": target} for target in targets]
    return combinations(METHODS, methods, sizes, rules, [{"steps": steps}])


def settings(
    root: Path,
    out: Path,
    *,
    batch: int = 0,
    devices: tuple[str, ...] = (),
    ray: str | None = None,
    threads: int | None = 1,
    **changes: Any,
) -> Asked:
    """Settings under which a picture takes milliseconds; `changes` are of the experiment."""
    quick = explain_settings(samples=8)
    base = {"attacks": attacks(), "explanations": (quick, replace(quick, score="logit"))}
    execution = Execution(str(out), batch, devices, ray, threads)
    return Experiment(str(root), **(base | changes)), execution


def survey(asked: Asked, network: Classifier | None = None) -> SurveyFrame:
    """Run to the end; the last frame. The forest is small: it takes most of the time."""
    with patch.object(detectors, "TREES", 4):
        frames = [f for f in SurveyRun(*asked, network or classifier()).frames() if f is not None]
    return frames[-1]


def rows(out: Path) -> str:
    """What must not depend on how the run went."""
    return (out / "rows.csv").read_text(encoding="utf-8")
