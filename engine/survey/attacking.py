"""Attacks and controls on a group of pictures."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from engine.attacks import base as attacks
from engine.explain.pacing import is_out_of_memory
from engine.models.classifier import Classifier
from engine.survey.context import Bench
from engine.survey.experiment import Arm, Item
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
    bench: Bench, items: Sequence[Item], x0: Tensor, logits: Tensor
) -> Generator[None, None, list[list[Outcome]]]:
    """Outcomes of every item in the order of the arms.

    Targets of one method and epsilon run in one batch. The matched control is an iterate of the
    attack itself: the first one that is as sure as the network was of the clean picture.
    """
    found: list[dict[str, Outcome]] = [{} for _ in items]
    controls = {arm.key: arm for arm in bench.plan.arms if arm.control == "matched"}
    batches: dict[tuple[AttackSettings, bool], list[Pair]] = {}
    for arm in bench.plan.arms:
        for k, item in enumerate(items):
            if arm.control == "noise":
                found[k][arm.key] = _noise(bench, arm, item, x0[k], logits[k])
            elif arm.control == "attack":
                kind = replace(arm.attack, target=""), arm.attack.target != "none"
                batches.setdefault(kind, []).append((k, arm))
    for (attack, targeted), pairs in batches.items():
        outcomes = yield from _attack(bench, attack, targeted, pairs, items, x0, logits)
        for (k, arm), (last, matched) in zip(pairs, outcomes, strict=True):
            found[k][arm.key] = last
            control = controls.get(f"{arm.key}-matched")
            if control is not None:
                found[k][control.key] = replace(matched, arm=control)
    return [[each[arm.key] for arm in bench.plan.arms] for each in found]


def _noise(bench: Bench, arm: Arm, item: Item, x0: Tensor, logits: Tensor) -> Outcome:
    """Random signs of size epsilon: as large as the attack, and no attack."""
    seed = item.seed(bench.settings.seed)
    rng = np.random.default_rng([seed, 0x401CE])
    signs = torch.from_numpy(rng.integers(0, 2, x0.shape).astype(np.float32) * 2 - 1)
    x = (x0 + arm.attack.epsilon * signs.to(x0.device)).clamp(0.0, 1.0)
    with torch.no_grad():
        after = bench.classifier(x[None])[0]
    fooled = int(after.argmax()) != int(logits.argmax())
    return Outcome(arm, seed, None, x, after, 0, 0 if fooled else None, True)


def _attack(
    bench: Bench,
    attack: AttackSettings,
    targeted: bool,
    pairs: list[Pair],
    items: Sequence[Item],
    x0: Tensor,
    logits: Tensor,
) -> Generator[None, None, list[tuple[Outcome, Outcome]]]:
    """Last and matched outcome of each (picture, arm); halves the batch when memory ends."""
    try:
        return (yield from _attack_batch(bench, attack, targeted, pairs, items, x0, logits))
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error) or len(pairs) < 2:
            raise
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    half = len(pairs) // 2
    first = yield from _attack(bench, attack, targeted, pairs[:half], items, x0, logits)
    second = yield from _attack(bench, attack, targeted, pairs[half:], items, x0, logits)
    return first + second


def _attack_batch(
    bench: Bench,
    attack: AttackSettings,
    targeted: bool,
    pairs: list[Pair],
    items: Sequence[Item],
    x0: Tensor,
    logits: Tensor,
) -> Generator[None, None, list[tuple[Outcome, Outcome]]]:
    classifier, which = bench.classifier, [k for k, _ in pairs]
    seeds = [items[k].seed(bench.settings.seed) for k in which]
    start, clean = x0[which], logits[which]
    targets = [
        attacks.resolve_target(
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
    for step in _steps(classifier, attack, start, classes, seeds, targeted):
        last, number = step, step.state.step
        if number:
            hit = attacks.succeeded(step.logits, classes, targeted=targeted).tolist()
            met = attacks.stops(step.logits, classes, clean, "matched", targeted=targeted).tolist()
            for n, (_, arm) in enumerate(pairs):
                if hit[n] and success[n] is None:
                    success[n] = number
                if met[n] and matched[n] is None:
                    x, out = step.state.x[n].clone(), step.logits[n]
                    args = (arm, seeds[n], targets[n], x, out, number, number, True)
                    matched[n] = Outcome(*args)
        yield
    assert last is not None
    results = []
    for n, (_, arm) in enumerate(pairs):
        x, out, number = last.state.x[n], last.logits[n], last.state.step
        top = int(out.argmax())
        reached = top == aims[n] if targeted else top != aims[n]
        end = Outcome(arm, seeds[n], targets[n], x, out, number, success[n], reached)
        never = Outcome(arm, seeds[n], targets[n], x, out, number, None, False)
        results.append((end, matched[n] or never))
    return results


def _steps(
    classifier: Classifier,
    attack: AttackSettings,
    start: Tensor,
    classes: Tensor,
    seeds: Sequence[int],
    targeted: bool,
) -> Iterator[attacks.Step]:
    """The attack's steps. Each picture has its own seed, which only PGD's start depends on.

    From a given start PGD is BIM; its step 0 here is that start, not the clean picture.
    """
    state = None
    if attack.method == "pgd":
        own = [replace(attack, seed=seed) for seed in seeds]
        starts = [attacks.random_start(start[n : n + 1], one) for n, one in enumerate(own)]
        state = attacks.State(0, torch.cat(starts))
        attack = replace(attack, method="bim")
    yield from attacks.attack(classifier, start, classes, attack, targeted=targeted, state=state)
