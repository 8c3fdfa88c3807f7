"""Drawn pictures and evidence, alike on every machine: what the fake worker tells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.evidence.statistics import histogram, statistics
from engine.types import Attribution, Evidence, ExplainSettings, ListedModel, Prediction, Query

SIZE = 48
Y, X = np.mgrid[0:SIZE, 0:SIZE] / SIZE
EDGES = np.linspace(-0.004, 0.004, 41)
LABELS = (
    *("African elephant", "ping-pong ball", "Indian elephant", "tusker", "zebra", "gas pump"),
    *("forklift", "burrito", "sleeping bag", "ambulance", "grey fox", "coyote", "soup bowl"),
    *(f"class number {index}" for index in range(13, 1000)),
)
MODELS = (
    ListedModel("builtin", "shipped", True, 0.0, 0, 0.0),
    ListedModel("inception_v3", "IMAGENET1K_V1", False, 103.9, 27_161_264, 77.3),
    ListedModel("mobilenet_v2", "IMAGENET1K_V2", True, 13.6, 3_504_872, 72.2),
    ListedModel("missing", "IMAGENET1K_V1", False, 1.0, 1, 0.0),
)

Asked = tuple[Query, str, float, tuple[Prediction, ...]]
"""A query, its class's name, how far the attack has come (0 to 1), and the predictions there."""


def picture(seed: int) -> np.ndarray:
    """A hill of light over a slope of colour, (SIZE, SIZE, 3)."""
    hill = np.exp(-(((X - 0.5) ** 2 + (Y - 0.4 - 0.05 * seed) ** 2) / 0.05))
    parts = [0.25 + 0.6 * hill, 0.25 + 0.35 * Y + 0.3 * hill, 0.6 - 0.4 * Y + 0.2 * hill]
    return (np.clip(np.stack(parts, -1), 0, 1) * 255).astype(np.uint8)


def attacked(seed: int, noise_seed: int, step: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """A picture under noise that grows with the steps, and the noise amplified."""
    noise = np.random.default_rng(noise_seed).integers(-90, 91, (SIZE, SIZE, 3)) * step // steps
    changed = np.clip(picture(seed).astype(int) + noise // 40, 0, 255).astype(np.uint8)
    return changed, np.clip(128 + noise, 0, 255).astype(np.uint8)


def evidence(
    asked: Sequence[Asked], settings: ExplainSettings, samples: int, step: int
) -> Evidence:
    """Evidence that is less the further the attack has come, and surer with more samples."""
    attributions = tuple(_attribution(*each, samples) for each in asked)
    sides = {
        side: [a for a in attributions if a.query.side == side] for side in ("clean", "adversarial")
    }
    contrasts = tuple(
        {
            key: (value - clean.statistics[key], 1.2 * clean.errors[key])
            for key, value in other.statistics.items()
        }
        for clean, other in zip(sides["clean"], sides["adversarial"], strict=False)
    )
    done = samples >= settings.samples
    return Evidence(
        attributions=attributions,
        edges=EDGES,
        contrasts=contrasts,
        ratios=tuple(map(_ratio, sides["clean"], sides["adversarial"])),
        samples=samples,
        total=settings.samples,
        seconds=2.0 * samples / settings.samples,
        seconds_left=0.0 if done else 1.5,
        done=done,
        step=step,
        settings=settings,
    )


def _ratio(clean: Attribution, other: Attribution) -> dict[str, tuple[float, float, float]]:
    """Mean |phi|, adversarial over clean, and an interval around it."""
    ratio = other.statistics["mean_abs"] / clean.statistics["mean_abs"]
    return {"mean_abs": (ratio, 0.95 * ratio, 1.05 * ratio)}


def _attribution(
    query: Query, name: str, share: float, predictions: tuple[Prediction, ...], samples: int
) -> Attribution:
    """A hill of evidence for a class and a dale against it, which depends on the class."""
    heat = np.exp(-((X - 0.5) ** 2 + (Y - 0.4) ** 2) / 0.04) - 0.6 * np.exp(
        -((X - 0.2 - 0.05 * query.class_index) ** 2 + (Y - 0.8) ** 2) / 0.02
    )
    heat = 0.003 * (1.0 - 0.4 * share) * heat
    figures = statistics(heat)
    relative = 0.5 / np.sqrt(samples)
    seen = {p.index: p.probability for p in predictions}
    return Attribution(
        query=query,
        name=name,
        heat=heat,
        heat_error=np.abs(heat) * relative,
        statistics=figures,
        errors={key: abs(value) * relative for key, value in figures.items()},
        histogram=histogram(heat, EDGES),
        score_value=seen.get(query.class_index, 0.0001),
        expected=0.01,
        gap=0.002,
    )
