"""Gradient-sign attacks: one pure step a method, and a generator that yields every iteration.

All work on a batch: pixels x (N, 3, H, W) in [0, 1], one class a picture. s = -1 towards a target
class, +1 away from the original one; J is the cross-entropy. Distances are in [0, 1] units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.types import AttackSettings, UserError, find_class

Logits = Callable[[Tensor], Tensor]
"""Pixels (N, 3, H, W) to logits (N, C)."""


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


def advance(
    state: State, gradient: Tensor, x0: Tensor, settings: AttackSettings, sign: int
) -> State:
    """The next state from the gradient of J at `state.x`; pure.

    FGSM (Goodfellow et al. 2014): x1 = clamp(x0 + s eps sign g).
    BIM (Kurakin et al. 2016) and PGD (Madry et al. 2018): x' = Clip(x + s alpha sign g).
    MI-FGSM (Dong et al. 2018): m' = mu m + g / |g|_1, x' = Clip(x + s alpha sign m').
    "blog": G' = G + g where the candidate x was not clamped, x' = clamp(x0 + s eps sign G').
    """
    epsilon, alpha = settings.epsilon, settings.step_size
    following = state.step + 1
    if settings.method == "blog":
        # Autograd's clamp passes no gradient where it cut; step 0 is x0 itself, never cut.
        if state.memory is None:
            total = gradient
        else:
            candidate = x0 + sign * epsilon * state.memory.sign()
            inside = (candidate >= 0.0) & (candidate <= 1.0)
            total = state.memory + gradient * inside
        return State(following, (x0 + sign * epsilon * total.sign()).clamp(0.0, 1.0), total)
    if settings.method == "mifgsm":
        size = gradient.abs().sum(dim=(1, 2, 3), keepdim=True)
        gradient = gradient / size.clamp_min(torch.finfo(gradient.dtype).tiny)
        if state.memory is not None:
            gradient = settings.decay * state.memory + gradient
        x = clip(state.x + sign * alpha * gradient.sign(), x0, epsilon)
        return State(following, x, gradient)
    return State(following, clip(state.x + sign * alpha * gradient.sign(), x0, epsilon))


def random_start(x0: Tensor, settings: AttackSettings) -> Tensor:
    """PGD's start: uniform in the epsilon-ball, the same on every device for a seed."""
    generator = torch.Generator().manual_seed(settings.seed)
    noise = torch.rand(x0.shape, generator=generator, dtype=x0.dtype).to(x0.device)
    return (x0 + settings.epsilon * (2.0 * noise - 1.0)).clamp(0.0, 1.0)


def attack(
    model: Logits,
    x0: Tensor,
    classes: Tensor,
    settings: AttackSettings,
    *,
    targeted: bool,
    state: State | None = None,
) -> Iterator[Step]:
    """Yield step 0 (the clean picture), then every iteration; `state` goes on from there.

    Args:
        model: Pixels to logits.
        x0: Clean pictures (N, 3, H, W) in [0, 1].
        classes: Target classes (N,), or the original ones when not `targeted`.
        settings: Method, epsilon, alpha, steps, seed, decay. The stop rule is the caller's.
        targeted: Whether to move towards `classes` or away from them.
        state: Where to go on from; its own step is yielded first.

    Raises:
        UserError: the gradient is not finite.
    """
    sign = -1 if targeted else 1
    current = State(0, x0) if state is None else state
    while True:
        last = current.step >= settings.iterations
        at_start = settings.method == "pgd" and current.step == 0
        with torch.set_grad_enabled(not last and not at_start):
            x = current.x.detach().requires_grad_(not last and not at_start)
            logits = model(x)
            loss = F.cross_entropy(logits, classes, reduction="none")
        delta = (current.x - x0).flatten(1)
        yield Step(current, logits.detach(), loss.detach(), delta.abs().amax(1), delta.norm(dim=1))
        if last:
            return
        if at_start:
            # The clean picture is what step 0 shows; the first gradient is taken elsewhere.
            current = State(0, random_start(x0, settings))
            x = current.x.requires_grad_()
            loss = F.cross_entropy(model(x), classes, reduction="none")
        (gradient,) = torch.autograd.grad(loss.sum(), x)
        if not torch.isfinite(gradient).all():
            raise UserError(
                f"the gradient at step {current.step} is not finite: the network overflows on"
                " this picture; try float32 weights or another picture."
            )
        current = advance(
            State(current.step, x.detach(), current.memory), gradient, x0, settings, sign
        )


def succeeded(logits: Tensor, classes: Tensor, *, targeted: bool) -> Tensor:
    """Whether the goal is reached, (N,) bool: the top class is the target, or not the original."""
    hit = logits.argmax(1) == classes
    return hit if targeted else ~hit


def stops(logits: Tensor, classes: Tensor, clean: Tensor, rule: str, *, targeted: bool) -> Tensor:
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


def resolve_target(
    rule: str,
    logits: Tensor,
    labels: tuple[str, ...],
    seed: int,
    last_weights: Tensor | None = None,
) -> int | None:
    """The target class for a clean picture with `logits` (C,); None means untargeted.

    `random` is uniform over the other classes; `similar` the runner-up; `nearest` the class whose
    last-layer weights (`last_weights`, (C, D)) have the largest cosine with the top class's;
    anything else a class name or index.

    Raises:
        UserError: unknown class, a target that is already the prediction, or `nearest` without
            weights.
    """
    original = int(logits.argmax())
    count = logits.shape[0]
    if rule == "none":
        return None
    if count < 2:
        raise UserError("this network has a single class: there is nothing to aim at.")
    if rule == "random":
        drawn = int(np.random.default_rng(seed).integers(count - 1))
        return drawn + (drawn >= original)
    if rule == "similar":
        return int(logits.topk(2).indices[1])
    if rule == "nearest":
        if last_weights is None:
            raise UserError("target 'nearest' needs a network that ends in a linear layer.")
        unit = F.normalize(last_weights.float(), dim=1)
        cosine = unit @ unit[original]
        cosine[original] = -2.0
        return int(cosine.argmax())
    target = find_class(rule, labels)
    if target == original:
        raise UserError(
            f"the network already predicts {labels[target]!r}: choose another target class."
        )
    return target
