"""Which class an attack aims at."""

from __future__ import annotations

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from engine.types import BadSetting, find_class


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
        UnknownClass: no such class.
        BadSetting: a target that is already the prediction, or `nearest` without
            weights.
    """
    original = int(logits.argmax())
    count = logits.shape[0]
    if rule == "none":
        return None
    if count < 2:
        raise BadSetting("this network has a single class: there is nothing to aim at.")
    if rule == "random":
        drawn = int(np.random.default_rng(seed).integers(count - 1))
        return drawn + (drawn >= original)
    if rule == "similar":
        return int(logits.topk(2).indices[1])
    if rule == "nearest":
        if last_weights is None:
            raise BadSetting("target 'nearest' needs a network that ends in a linear layer.")
        unit = F.normalize(last_weights.float(), dim=1)
        cosine = unit @ unit[original]
        cosine[original] = -2.0
        return int(cosine.argmax())
    target = find_class(rule, labels)
    if target == original:
        raise BadSetting(
            f"the network already predicts {labels[target]!r}: choose another target class."
        )
    return target
