"""Attributions of both sides of a picture under every arm, in numbers."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from engine.evidence.statistics import standard_errors, statistics
from engine.explainers import Background, Estimate, TensorBackground, explain
from engine.surveys.attacking import Outcome
from engine.surveys.context import WorkContext
from engine.surveys.experiment import Item
from engine.surveys.records import ArmRecord, Figures, pack_features
from engine.types import ExplainSettings


def explain_all(
    context: WorkContext, item: Item, x0: Tensor, logits: Tensor, outcomes: Sequence[Outcome]
) -> Generator[None, None, tuple[dict[str, Figures], tuple[ArmRecord, ...]]]:
    """Figures of the clean picture by explanation, and a record for each arm.

    All sides of a picture are explained together, on the same draws (if memory has room for them,
    see `engine.explainers.memory`). An attack that did not reach its goal is not explained; a pair
    is no background for a matched one.
    """
    seed = item.seed(context.experiment.seed)
    reached = [n for n, outcome in enumerate(outcomes) if outcome.reached]
    pictures = torch.stack([x0, *(outcomes[n].x for n in reached)])
    tops = [int(logits.argmax()), *(int(outcomes[n].logits.argmax()) for n in reached)]
    background = context.background_for(item, pictures)
    clean: dict[str, Figures] = {}
    own_clean: list[dict[str, Figures]] = [{} for _ in outcomes]
    adversarial: list[dict[str, Figures]] = [{} for _ in outcomes]
    for name, asked in context.plan.explanations.items():
        if asked.reference == "fixed":
            fixed = pictures, tops, background, asked.settings, seed
            clean[name], *others = yield from _figures(context, *fixed)
            for n, each in zip(reached, others, strict=True):
                adversarial[n][name] = each
            continue
        for place, n in enumerate(reached, 1):
            if outcomes[n].arm.control != "matched":
                both = pictures[[0, place]]
                pair = both, [tops[0], tops[place]], TensorBackground(both), asked.settings, seed
                own_clean[n][name], adversarial[n][name] = yield from _figures(context, *pair)
    arms = tuple(
        _arm_record(outcome, x0, tops[0], own_clean[n], adversarial[n])
        for n, outcome in enumerate(outcomes)
    )
    return clean, arms


def _figures(
    context: WorkContext,
    pictures: Tensor,
    classes: Sequence[int],
    background: Background | None,
    asked: ExplainSettings,
    seed: int,
) -> Generator[None, None, list[Figures]]:
    """Figures of each picture's class."""
    settings = replace(asked, seed=seed, draws=max(1, context.rows // len(pictures)))
    queries = list(enumerate(classes))
    figures: list[Figures] = []
    for estimate in explain(context.classifier, pictures, queries, background, settings):
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
    clean: dict[str, Figures],
    adversarial: dict[str, Figures],
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
        clean=clean,
        adversarial=adversarial,
    )
