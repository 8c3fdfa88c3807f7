"""Explanations as generators of running estimates: one interface, four methods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from torch import Tensor

from engine.explain.base import Background, Estimate, PictureClass, TensorBackground
from engine.explain.expected.estimator import expected
from engine.explain.memory import into_blocks
from engine.models.classifier import Classifier
from engine.types import ExplainSettings

__all__ = ["Background", "Estimate", "PictureClass", "TensorBackground", "explain"]


def explain(
    classifier: Classifier,
    pictures: Tensor,
    queries: Sequence[PictureClass],
    background: Background | None,
    settings: ExplainSettings,
) -> Iterator[Estimate | None]:
    """Explain Q (picture, class) pairs; yields a running estimate after every chunk of work.

    Within a chunk None is yielded, so that the caller can look up; the generator may be closed at
    any time. The last estimate of a block of queries has `done` and a `reason`; all queries are one
    block unless memory has no room for that (see `into_blocks`). They share a time limit.

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
    for block in into_blocks(classifier, pictures, queries, settings):
        some, left = queries[block], len(queries) - block.stop
        own = settings
        if settings.seconds is not None and len(some) < len(queries):
            own = replace(settings, seconds=settings.seconds * len(some) / len(queries))
        for estimate in _estimates(classifier, pictures, some, background, own):
            yield estimate and replace(estimate, first=block.start, left=left)


def _estimates(
    classifier: Classifier,
    pictures: Tensor,
    queries: Sequence[PictureClass],
    background: Background | None,
    settings: ExplainSettings,
) -> Iterator[Estimate | None]:
    # Imported on use: shap alone takes over a second.
    if settings.explainer == "shap":
        from engine.explain.with_shap import with_shap

        return with_shap(classifier, pictures, queries, background, settings)
    if settings.explainer == "integrated":
        from engine.explain.integrated import integrated

        return integrated(classifier, pictures, queries, background, settings)
    if settings.explainer == "lime":
        from engine.explain.lime import lime

        return lime(classifier, pictures, queries, settings)
    return expected(classifier, pictures, queries, background, settings)
