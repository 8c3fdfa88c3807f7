"""Gradient-sign attacks: one pure step a method, and a generator that yields every iteration.

All work on a batch: pixels x (N, 3, H, W) in [0, 1], one class a picture. s = -1 towards a target
class, +1 away from the original one; J is the cross-entropy. Distances are in [0, 1] units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.types import METHODS, AttackSettings, NotFinite

Logits = Callable[[Tensor], Tensor]
"""Pixels (N, 3, H, W) to logits (N, C)."""
Start = Callable[[Tensor, AttackSettings], Tensor]
"""Clean pictures (N, 3, H, W) to where the first gradient is taken."""


@dataclass(frozen=True, slots=True)
class State:
    """All that the next step needs, so that an attack can go on from any iteration.

    `x` is the picture (N, 3, H, W). `memory` is MI-FGSM's momentum or the blog's sum of
    gradients, of the same shape; None for the other methods.
    """

    step: int
    x: Tensor
    memory: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One iteration: its state, logits (N, C), loss (N,), and distances (N,) to the clean
    picture.
    """

    state: State
    logits: Tensor
    loss: Tensor
    linf: Tensor
    l2: Tensor


def clip(x: Tensor, x0: Tensor, epsilon: float) -> Tensor:
    """Project onto the L-infinity ball of radius epsilon around x0, and onto [0, 1]."""
    return torch.minimum(torch.maximum(x, x0 - epsilon), x0 + epsilon).clamp(0.0, 1.0)


class Method(Protocol):
    """What a module named by a row of `METHODS` has beside its `Settings`.

    It may have `start(x0, settings)` too: where the first gradient is taken, (N, 3, H, W); the
    clean picture otherwise.
    """

    def advance(
        self, state: State, gradient: Tensor, x0: Tensor, settings: Any, sign: int
    ) -> State:
        """The next state from the gradient of J at `state.x` (N, 3, H, W); pure."""
        ...


def signed_step(
    state: State, direction: Tensor, x0: Tensor, settings: AttackSettings, sign: int
) -> State:
    """The step that most methods make: x' = Clip(x + s alpha sign d)."""
    x = clip(state.x + sign * settings.step_size * direction.sign(), x0, settings.epsilon)
    return State(state.step + 1, x)


def attack(
    model: Logits,
    x0: Tensor,
    classes: Tensor,
    settings: AttackSettings,
    *,
    targeted: bool,
    state: State | None = None,
    seeds: Sequence[int] | None = None,
) -> Iterator[Step]:
    """Yield step 0 (the clean picture), then every iteration; `state` goes on from there.

    Args:
        model: Pixels to logits.
        x0: Clean pictures (N, 3, H, W) in [0, 1].
        classes: Target classes (N,), or the original ones when not `targeted`.
        settings: see `engine.types.METHODS`. The stop rule is the caller's.
        targeted: Whether to move towards `classes` or away from them.
        state: Where to go on from; its own step is yielded first.
        seeds: One a picture, for methods that begin at random; `settings.seed` for all by default.

    Raises:
        NotFinite: the gradient is not finite.
    """
    method: Method = METHODS.row_of(settings).module
    start: Start | None = getattr(method, "start", None)
    sign = -1 if targeted else 1
    current = State(0, x0) if state is None else state
    while True:
        last = current.step >= settings.iterations
        at_start = start is not None and current.step == 0
        with torch.set_grad_enabled(not last and not at_start):
            x = current.x.detach().requires_grad_(not last and not at_start)
            logits = model(x)
            loss = F.cross_entropy(logits, classes, reduction="none")
        delta = (current.x - x0).flatten(1)
        yield Step(current, logits.detach(), loss.detach(), delta.abs().amax(1), delta.norm(dim=1))
        if last:
            return
        if start is not None and at_start:
            # The clean picture is what step 0 shows; the first gradient is taken elsewhere.
            current = State(0, _started(start, x0, settings, seeds))
            x = current.x.requires_grad_()
            loss = F.cross_entropy(model(x), classes, reduction="none")
        (gradient,) = torch.autograd.grad(loss.sum(), x)
        if not torch.isfinite(gradient).all():
            raise NotFinite(
                f"the gradient at step {current.step} is not finite: the network overflows on"
                " this picture; try float32 weights or another picture."
            )
        here = State(current.step, x.detach(), current.memory)
        current = method.advance(here, gradient, x0, settings, sign)


def _started(
    start: Start, x0: Tensor, settings: AttackSettings, seeds: Sequence[int] | None
) -> Tensor:
    if seeds is None:
        return start(x0, settings)
    own = [replace(settings, seed=seed) for seed in seeds]
    return torch.cat([start(x0[n : n + 1], one) for n, one in enumerate(own)])
