"""Explanations as generators of running estimates: one interface, whichever the explainer.

Importing it loads no torch: neither do the explainers' own modules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.evidence.estimate import Estimate
from engine.explainers.base import Background, ExplainerModule, PictureClass, TensorBackground
from engine.types import EXPLAINERS, ExplainSettings

if TYPE_CHECKING:
    from torch import Tensor

    from engine.models.classifier import Classifier

__all__ = ["Background", "Estimate", "PictureClass", "TensorBackground", "explain"]


def explain(
    classifier: Classifier,
    pictures: Tensor,
    queries: Sequence[PictureClass],
    background: Background | None,
    settings: ExplainSettings,
) -> Iterator[Estimate | None]:
    """Explain Q (picture, class) pairs; yields a running estimate after every chunk of work.

    Within a chunk, and between estimates that nobody could read so fast, None is yielded, so that
    the caller can look up; the generator may be closed at any time. The last estimate of a block of
    queries has `done` and a `reason`; all queries are one block unless memory has no room for that
    (see `into_blocks`). They share a time limit.

    Args:
        classifier: the network; its device is used.
        pictures: (P, 3, H, W) in [0, 1], on the network's device.
        queries: index of the picture and index of the class, for each thing to explain.
        background: pictures that stand for "no evidence"; not needed by `lime`, nor by
            `integrated` with a black or blurred baseline.
        settings: which explainer, and how.

    Raises:
        UserError: from the first `next()` where the input cannot be explained, from a later one
            where gradients turn out not to be finite; what was yielded before stands.
    """
    from engine.explainers.driver import drive
    from engine.explainers.memory import into_blocks

    module: ExplainerModule = EXPLAINERS.row_of(settings).module
    for block in into_blocks(module, classifier, pictures, queries, settings):
        some, left = queries[block], len(queries) - block.stop
        own = settings
        if settings.seconds is not None and len(some) < len(queries):
            own = replace(settings, seconds=settings.seconds * len(some) / len(queries))
        for estimate in drive(module, classifier, pictures, some, background, own):
            yield estimate and replace(estimate, first=block.start, left=left)
