"""Attributions of both sides of a picture under every arm, in numbers."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from engine.evidence.statistics import standard_errors, statistics
from engine.explain import Background, Estimate, TensorBackground, explain
from engine.survey.attacking import Outcome
from engine.survey.context import Bench
from engine.survey.experiment import Item
from engine.survey.records import ArmRecord, Figures, pack_features
from engine.types import ExplainSettings


def explained(
    bench: Bench, item: Item, x0: Tensor, logits: Tensor, outcomes: Sequence[Outcome]
) -> Generator[None, None, tuple[tuple[Figures, ...], tuple[ArmRecord, ...]]]:
    """Figures of the clean picture, and a record for each arm.

    All sides of a picture are explained together, on the same draws (if memory has room for them,
    see `engine.explain.memory`). An attack that did not reach its goal is not explained.
    """
    seed = item.seed(bench.settings.seed)
    shown = [n for n, outcome in enumerate(outcomes) if outcome.reached]
    pictures = torch.stack([x0, *(outcomes[n].x for n in shown)])
    tops = [int(logits.argmax()), *(int(outcomes[n].logits.argmax()) for n in shown)]
    clean: list[Figures] = []
    fixed: dict[int, list[Figures]] = {n: [] for n in shown}
    pair: dict[int, tuple[Figures, ...]] = {}
    background = bench.background_for(item)
    for asked in bench.settings.explanations:
        figures = yield from _figures(bench, pictures, tops, background, asked, seed)
        clean.append(figures[0])
        for n, each in zip(shown, figures[1:], strict=True):
            fixed[n].append(each)
    paired = bench.settings.paired
    if paired is not None:
        for place, n in enumerate(shown, 1):
            if outcomes[n].arm.control == "matched":
                continue
            both = pictures[[0, place]]
            own = TensorBackground(both)
            found = yield from _figures(bench, both, [tops[0], tops[place]], own, paired, seed)
            pair[n] = tuple(found)
    original = tops[0]
    arms = tuple(
        _arm_record(outcome, x0, original, tuple(fixed.get(n, ())), pair.get(n, ()))
        for n, outcome in enumerate(outcomes)
    )
    return tuple(clean), arms


def _figures(
    bench: Bench,
    pictures: Tensor,
    classes: Sequence[int],
    background: Background | None,
    asked: ExplainSettings,
    seed: int,
) -> Generator[None, None, list[Figures]]:
    """Figures of each picture's class."""
    settings = replace(asked, seed=seed, draws=max(1, bench.rows // len(pictures)))
    queries = list(enumerate(classes))
    figures: list[Figures] = []
    for estimate in explain(bench.classifier, pictures, queries, background, settings):
        if estimate is not None and estimate.done:
            # numpy lets go of the interpreter while it sorts: the sides are done side by side.
            with ThreadPoolExecutor(8) as pool:
                each = partial(_figures_of, estimate)
                figures += pool.map(each, range(len(estimate.values)))
        yield
    return figures


def _figures_of(estimate: Estimate, q: int) -> Figures:
    values, deviations = estimate.values[q], estimate.deviations
    return Figures(
        statistics=statistics(values),
        errors=standard_errors(values, None if deviations is None else deviations[:, q]),
        score=float(estimate.score_values[q]),
        expected=float(estimate.expected[q]),
        gap=float(estimate.gap[q]),
        samples=estimate.samples,
        features=pack_features(values),
    )


def _arm_record(
    outcome: Outcome,
    x0: Tensor,
    original: int,
    fixed: tuple[Figures, ...],
    pair: tuple[Figures, ...],
) -> ArmRecord:
    probability = outcome.logits.softmax(0)
    top = int(outcome.logits.argmax())
    delta = outcome.x - x0
    target = outcome.target
    return ArmRecord(
        key=outcome.arm.key,
        seed=outcome.seed,
        target=target,
        step=outcome.step,
        success_step=outcome.success_step,
        reached=outcome.reached,
        prediction=top,
        confidence=float(probability[top]),
        probability_target=float("nan") if target is None else float(probability[target]),
        probability_original=float(probability[original]),
        linf=float(delta.abs().max()),
        l2=float(delta.norm()),
        fixed=fixed,
        pair=pair,
    )
