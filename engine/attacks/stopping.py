"""When an attack has reached its goal, and when it stops."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.types import StopRule


def succeeded(logits: Tensor, classes: Tensor, *, targeted: bool) -> Tensor:
    """Whether the goal is reached, (N,) bool: the top class is the target, or not the original."""
    hit = logits.argmax(1) == classes
    return hit if targeted else ~hit


def stops(
    logits: Tensor, classes: Tensor, clean: Tensor, rule: StopRule, *, targeted: bool
) -> Tensor:
    """Whether the stop rule is met, (N,) bool.

    `success`: the goal is reached. `matched`: it is reached and the new prediction is at least as
    sure as the clean picture's was (`clean`: its logits), so that confidence tells nothing.
    """
    done = succeeded(logits, classes, targeted=targeted)
    if rule == "never":
        return torch.zeros_like(done)
    if rule == "matched":
        done &= logits.softmax(1).amax(1) >= clean.softmax(1).amax(1)
    return done
