"""Which classes are explained together: as many as memory has room for, whatever is asked for.

An explainer's running sums are maps of the explained input's size, some of them for each query.
Where all of them would be too many, blocks of queries are explained one after the other.
They have the same seed, and so the same draws; but those of a probability lie where the classes of
its own block change.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from engine.explainers.base import ExplainerModule, PictureClass
from engine.explainers.checks import check_queries
from engine.explainers.explained_input import captured
from engine.explainers.pacing import most_rows
from engine.models.classifier import Classifier
from engine.types import ExplainSettings

MEMORY = 2**30
"""Bytes that the maps of a block should stay below."""
LEAST = 2
"""Queries in a block, however large their maps are: such as one class of both sides."""


def into_blocks(
    module: ExplainerModule,
    classifier: Classifier,
    pictures: Tensor,
    queries: Sequence[PictureClass],
    settings: ExplainSettings,
) -> list[slice]:
    """Runs of `queries`, of nearly equal length; one where memory has room for all.

    `module` is the explainer's: it says how many maps of a query it keeps.

    Raises:
        UserError: a query or a layer that cannot be explained, where that shows here.
    """
    unfit = pictures.dim() != 4 or not len(pictures)  # the driver says so
    maps = 0 if unfit else module.maps(settings, most_rows(pictures))
    if not maps or len(queries) <= LEAST:
        return [slice(0, len(queries))]
    with torch.no_grad():
        if settings.layer is None:
            elements = pictures[0].numel()
        else:
            with captured(classifier.layer(settings.layer), settings.layer) as inputs:
                classifier(pictures[:1])
            elements = sum(each[0].numel() for each in inputs)
        most = max(LEAST, MEMORY // (4 * maps * max(1, elements)))
        count = -(-len(queries) // most)
        if count > 1:  # a mistake in the last block must not show after an hour
            check_queries(classifier, pictures, queries, classifier(pictures))
    edges = [n * len(queries) // count for n in range(count + 1)]
    return [slice(begin, end) for begin, end in pairwise(edges)]
