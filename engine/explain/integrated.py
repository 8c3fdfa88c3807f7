"""Integrated gradients (Sundararajan, Taly & Yan 2017), refined node by node.

phi = (x - x0) * integral over a in [0, 1] of grad f_c(x0 + a (x - x0)), by a midpoint rule with
as many nodes as samples are asked for. Nodes are taken in bit-reversed order, which spreads any
number of them over the whole path: the mean so far is always a coarser rule of the same kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.explain.base import (
    Background,
    Estimate,
    PictureClass,
    as_array,
    as_maps,
    check_background,
    check_queries,
    compact,
    scores,
)
from engine.explain.expected.estimator import meaning, why_stop
from engine.explain.explained_input import Head, make_head
from engine.explain.pacing import ChunkSize, Clock, looking_up, most_rows
from engine.explain.path_integral import Draws, Paths
from engine.models.classifier import Classifier
from engine.types import ExplainSettings

BLUR = 0.1
"""Standard deviation of the blurred baseline's Gaussian, as a part of the picture's height."""
MEAN_OF = 50
"""Background pictures that the mean baseline averages at most."""


def integrated(
    classifier: Classifier,
    pictures: Tensor,
    queries: Sequence[PictureClass],
    background: Background | None,
    settings: ExplainSettings,
) -> Iterator[Estimate | None]:
    """Running midpoint sums after each chunk of nodes, None within one; `samples` counts nodes.

    With a layer, the path runs from the baseline's activation to the picture's at the layer's
    input, whichever `layer_form` is set: the other one has no integral that means anything.
    `expected` is the score at the baseline.

    Raises:
        UserError: input that cannot be explained, gradients that are not finite.
    """
    clock = Clock()
    with torch.no_grad():
        logits = classifier(pictures)
    check_queries(classifier, pictures, queries, logits)
    if settings.layer is not None:
        settings = replace(settings, layer_form="difference")
    every = scores(logits, settings.score).cpu().double().numpy()
    score_values = np.array([every[p, c] for p, c in queries])
    pictures, queries = compact(pictures, queries)
    head = make_head(classifier, settings, pictures)
    paths = Paths(head, pictures, queries)
    start = baselines(pictures, background, settings)
    low = head.embed(start)
    base = paths.spread([paths.scores(low[p : p + 1], p)[:, 0] for p in range(len(low))])
    rows = most_rows(pictures)
    chunk = ChunkSize(4, max(1, rows // len(low)), settings.draws)
    nodes = spread_nodes(settings.samples)
    total: Tensor | None = None
    done = 0
    while done < len(nodes):
        begun = clock.seconds
        part = nodes[done:][: chunk.following(len(nodes) - done, done, begun, settings.seconds)]
        positions = np.tile(part, (len(low), 1))
        points = low.unsqueeze(1).expand(-1, len(part), *[-1] * (low.dim() - 1))
        draws = Draws(points, positions, np.ones_like(positions))
        try:
            ((sums, _),) = yield from looking_up(paths.integrate(draws, [len(part)]), clock)
        except (RuntimeError, MemoryError) as error:
            chunk.halve(error, len(part))
            continue
        total = sums if total is None else total.add_(sums)
        done += len(part)
        chunk.took(len(part), clock.seconds - begun, clock.seconds)
        values = as_array(as_maps(total / done))
        gap = values.sum((1, 2, 3), dtype=np.float64) - (score_values - base)
        result = Estimate(
            samples=done,
            total=len(nodes),
            values=values,
            standard_error=None,
            deviations=None,
            degrees=None,
            score_values=score_values,
            expected=base,
            gap=gap,
            seconds=clock.seconds,
            note=_note(head, settings, chunk),
        )
        reason = why_stop(result, settings, trusted=False)
        with clock.paused():
            yield replace(result, done=bool(reason), reason=reason)
        if reason:
            return


def _note(head: Head, settings: ExplainSettings, chunk: ChunkSize) -> str:
    plain = replace(settings, smoothing=0.0)
    parts = (f"{settings.baseline} baseline", meaning(head, plain), chunk.note)
    return "; ".join(part for part in parts if part)


def spread_nodes(count: int) -> npt.NDArray[np.float64]:
    """The `count` nodes of the midpoint rule on [0, 1], in bit-reversed order."""
    bits = max(1, (count - 1).bit_length())
    reversed_bits = [int(f"{i:0{bits}b}"[::-1], 2) for i in range(2**bits)]
    order = np.array([i for i in reversed_bits if i < count])
    nodes: npt.NDArray[np.float64] = (order + 0.5) / count
    return nodes


def baselines(pictures: Tensor, background: Background | None, settings: ExplainSettings) -> Tensor:
    """Where the paths begin: black, the blurred picture, or the background's mean (P, 3, H, W).

    Raises:
        UserError: the mean of a background that is not there.
    """
    if settings.baseline == "black":
        return torch.zeros_like(pictures)
    if settings.baseline == "blurred":
        return blurred(pictures, BLUR * pictures.shape[2])
    backdrop = check_background(background, pictures)
    total = torch.zeros_like(pictures[:1])
    count = min(len(backdrop), MEAN_OF)
    for index in range(count):
        total += backdrop.batch([index])
    return (total / count).expand_as(pictures)


def blurred(pictures: Tensor, deviation: float) -> Tensor:
    """Gaussian blur with edges continued; `deviation` in pixels."""
    reach = max(1, min(int(3 * deviation), min(pictures.shape[2:]) - 1))
    at = torch.arange(-reach, reach + 1, dtype=pictures.dtype, device=pictures.device)
    kernel = torch.exp(-0.5 * (at / deviation) ** 2)
    kernel = (kernel / kernel.sum()).view(1, 1, -1, 1).expand(pictures.shape[1], 1, -1, 1)
    for weight, pad in ((kernel, (0, 0, reach, reach)), (kernel.mT, (reach, reach, 0, 0))):
        padded = F.pad(pictures, pad, mode="replicate")
        pictures = F.conv2d(padded, weight, groups=pictures.shape[1])
    return pictures
