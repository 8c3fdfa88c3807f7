"""Attacks and controls on a group of pictures."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from engine.attacks import base as attacks
from engine.attacks.stopping import stops, succeeded
from engine.attacks.targets import resolve_target
from engine.explainers.pacing import is_out_of_memory
from engine.surveys.context import WorkContext
from engine.surveys.experiment import Arm, Item
from engine.types import AttackSettings

Pair = tuple[int, Arm]
"""A row of an attack's batch: which picture, under which arm."""


@dataclass(slots=True)
class Outcome:
    """An attack on one picture, at the iterate that counts for its arm."""

    arm: Arm
    seed: int
    target: int | None
    x: Tensor
    logits: Tensor
    step: int
    success_step: int | None
    reached: bool


def attack_all(
    context: WorkContext, items: Sequence[Item], x0: Tensor, logits: Tensor
) -> Generator[None, None, list[list[Outcome]]]:
    """Outcomes of every item in the order of the arms.

    Targets of one method and epsilon run in one batch. The matched control is an iterate of the
    attack itself: the first one that is as sure as the network was of the clean picture.
    """
    by_arm: list[dict[str, Outcome]] = [{} for _ in items]
    controls = {arm.key: arm for arm in context.plan.arms if arm.control == "matched"}
    batches: dict[tuple[AttackSettings, bool], list[Pair]] = {}
    for arm in context.plan.arms:
        for k, item in enumerate(items):
            if arm.control == "noise":
                by_arm[k][arm.key] = _noise(context, arm, item, x0[k], logits[k])
            elif arm.control == "attack":
                kind = replace(arm.attack, target=""), arm.attack.target != "none"
                batches.setdefault(kind, []).append((k, arm))
    for (attack, targeted), pairs in batches.items():
        outcomes = yield from _attack(context, attack, targeted, pairs, items, x0, logits)
        for (k, arm), (last, matched) in zip(pairs, outcomes, strict=True):
            by_arm[k][arm.key] = last
            control = controls.get(f"{arm.key}-matched")
            if control is not None:
                by_arm[k][control.key] = replace(matched, arm=control)
    return [[each[arm.key] for arm in context.plan.arms] for each in by_arm]


def _noise(context: WorkContext, arm: Arm, item: Item, x0: Tensor, logits: Tensor) -> Outcome:
    """Random signs of size epsilon: as large as the attack, and no attack."""
    seed = item.seed(context.experiment.seed)
    rng = np.random.default_rng([seed, 0x401CE])
    signs = torch.from_numpy(rng.integers(0, 2, x0.shape).astype(np.float32) * 2 - 1)
    x = (x0 + arm.attack.epsilon * signs.to(x0.device)).clamp(0.0, 1.0)
    with torch.no_grad():
        after = context.classifier(x[None])[0]
    fooled = int(after.argmax()) != int(logits.argmax())
    return Outcome(arm, seed, None, x, after, 0, 0 if fooled else None, True)


def _attack(
    context: WorkContext,
    attack: AttackSettings,
    targeted: bool,
    pairs: list[Pair],
    items: Sequence[Item],
    x0: Tensor,
    logits: Tensor,
) -> Generator[None, None, list[tuple[Outcome, Outcome]]]:
    """Last and matched outcome of each (picture, arm); halves the batch when memory ends."""
    try:
        return (yield from _attack_batch(context, attack, targeted, pairs, items, x0, logits))
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error) or len(pairs) < 2:
            raise
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    half = len(pairs) // 2
    first = yield from _attack(context, attack, targeted, pairs[:half], items, x0, logits)
    second = yield from _attack(context, attack, targeted, pairs[half:], items, x0, logits)
    return first + second


def _attack_batch(
    context: WorkContext,
    attack: AttackSettings,
    targeted: bool,
    pairs: list[Pair],
    items: Sequence[Item],
    x0: Tensor,
    logits: Tensor,
) -> Generator[None, None, list[tuple[Outcome, Outcome]]]:
    classifier, which = context.classifier, [k for k, _ in pairs]
    seeds = [items[k].seed(context.experiment.seed) for k in which]
    start, clean = x0[which], logits[which]
    targets = [
        resolve_target(
            arm.attack.target, logits[k], classifier.labels, seed, classifier.last_weights
        )
        for (k, arm), seed in zip(pairs, seeds, strict=True)
    ]
    originals = [int(top) for top in clean.argmax(1)]
    aims = [o if t is None else t for t, o in zip(targets, originals, strict=True)]
    classes = torch.tensor(aims, device=start.device)
    matched: list[Outcome | None] = [None] * len(pairs)
    success: list[int | None] = [None] * len(pairs)
    last: attacks.Step | None = None
    for step in attacks.attack(classifier, start, classes, attack, targeted=targeted, seeds=seeds):
        last, number = step, step.state.step
        if number:
            hit = succeeded(step.logits, classes, targeted=targeted).tolist()
            met = stops(step.logits, classes, clean, "matched", targeted=targeted).tolist()
            for n, (_, arm) in enumerate(pairs):
                if hit[n] and success[n] is None:
                    success[n] = number
                if met[n] and matched[n] is None:
                    x, out = step.state.x[n].clone(), step.logits[n]
                    args = (arm, seeds[n], targets[n], x, out, number, number, True)
                    matched[n] = Outcome(*args)
        yield
    assert last is not None
    results, hit = [], succeeded(last.logits, classes, targeted=targeted).tolist()
    for n, (_, arm) in enumerate(pairs):
        x, out, number = last.state.x[n], last.logits[n], last.state.step
        end = Outcome(arm, seeds[n], targets[n], x, out, number, success[n], hit[n])
        never = Outcome(arm, seeds[n], targets[n], x, out, number, None, False)
        results.append((end, matched[n] or never))
    return results
