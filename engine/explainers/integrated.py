"""Integrated gradients (Sundararajan, Taly & Yan 2017), refined node by node.

phi = (x - x0) * integral over a in [0, 1] of grad f_c(x0 + a (x - x0)), by a midpoint rule with
as many nodes as samples are asked for. Nodes are taken in bit-reversed order, which spreads any
number of them over the whole path: the mean so far is always a coarser rule of the same kind.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from engine.explainers.arrays import as_array, as_maps, completeness_gap
from engine.explainers.base import Explainer, Reading, Request
from engine.explainers.pacing import ChunkSize, most_rows
from engine.types.choices import BASELINES, Baseline, LayerForm
from engine.types.fields import setting, unused
from engine.types.settings import AtLayer, Compared, ExplainSettings

if TYPE_CHECKING:
    from torch import Tensor

MAPS = 8
"""Maps a query, counted in the code: the sum, one pass, and what the reader holds."""
BLUR = 0.1
"""Standard deviation of the blurred baseline's Gaussian, as a part of the picture's height."""
MEAN_OF = 50
"""Background pictures that the mean baseline averages at most."""


@dataclass(frozen=True, kw_only=True)
class Settings(AtLayer, Compared, ExplainSettings):
    """Integrated gradients; `baseline` is where the path begins."""

    layer_form: LayerForm = unused("difference")
    baseline: Baseline = setting(
        "black", "choice", "baseline", choices=BASELINES, help="where the path begins"
    )

    expected_is: ClassVar[str] = "score at the baseline"

    @property
    def has_background(self) -> bool:
        """The background's mean is a baseline, the others need none."""
        return self.baseline == "mean"


def maps(settings: ExplainSettings, rows: int) -> int:
    """`MAPS`, whatever the settings."""
    return MAPS


def explainer(request: Request) -> Explainer:
    """Begin integrated gradients; `samples` counts nodes.

    With a layer, the path runs from the baseline's activation to the picture's at the layer's
    input. `expected` is the score at the baseline.

    Raises:
        UserError: a layer that cannot be explained, scores that are not finite.
    """
    return IntegratedGradients(request)


class IntegratedGradients:
    """Running midpoint sums: see `engine.explainers.base.Explainer`."""

    def __init__(self, request: Request) -> None:
        from engine.explainers.explained_input import make_input, meaning
        from engine.explainers.path_integral import Paths

        settings, pictures = request.settings, request.pictures
        explained = make_input(request.classifier, settings, pictures)
        self._request = request
        self._note = "; ".join(
            filter(None, (f"{settings.baseline} baseline", meaning(explained, settings)))
        )
        self._paths = Paths(explained, pictures, request.queries)
        self._starts = explained.embed(baselines(request))
        self._expected = self._paths.spread(
            [self._paths.scores(self._starts[p : p + 1], p)[:, 0] for p in range(len(pictures))]
        )
        self._nodes = spread_nodes(settings.samples)
        self._done = 0
        self._total: Tensor | None = None
        self.chunk = ChunkSize(4, max(1, most_rows(pictures) // len(pictures)), settings.draws)

    def advance(self, size: int) -> Generator[None, None, int]:
        """Add the next nodes."""
        from engine.explainers.path_integral import Draws

        nodes = self._nodes[self._done :][:size]
        positions = np.tile(nodes, (len(self._starts), 1))
        points = self._starts.unsqueeze(1)
        points = points.expand(-1, len(nodes), *[-1] * (points.dim() - 2))
        draws = Draws(points, positions, np.ones_like(positions))
        ((sums, _),) = yield from self._paths.integrate(draws, [len(nodes)])
        self._total = sums if self._total is None else self._total.add_(sums)
        self._done += len(nodes)
        return len(nodes)

    def read(self) -> Reading:
        """The midpoint rule over the nodes so far."""
        assert self._total is not None
        values = as_array(as_maps(self._total / self._done))
        return Reading(
            values=values,
            expected=self._expected,
            gap=completeness_gap(values, self._request, self._expected),
            note=self._note,
        )


def spread_nodes(count: int) -> npt.NDArray[np.float64]:
    """The `count` nodes of the midpoint rule on [0, 1], in bit-reversed order."""
    bits = max(1, (count - 1).bit_length())
    reversed_bits = [int(f"{i:0{bits}b}"[::-1], 2) for i in range(2**bits)]
    order = np.array([i for i in reversed_bits if i < count])
    nodes: npt.NDArray[np.float64] = (order + 0.5) / count
    return nodes


def baselines(request: Request) -> Tensor:
    """Where the paths begin: black, the blurred picture, or the background's mean (P, 3, H, W)."""
    pictures, background = request.pictures, request.background
    if request.settings.baseline == "black":
        return pictures.new_zeros(pictures.shape)
    if request.settings.baseline == "blurred":
        return blurred(pictures, BLUR * pictures.shape[2])
    total = pictures.new_zeros(pictures[:1].shape)
    count = min(len(background), MEAN_OF)
    for index in range(count):
        total += background.batch([index])
    return (total / count).expand_as(pictures)


def blurred(pictures: Tensor, deviation: float) -> Tensor:
    """Gaussian blur of (P, 3, H, W) with edges continued; `deviation` in pixels, cut at three."""
    import torch
    from scipy.ndimage import gaussian_filter

    reach = max(1, min(int(3 * deviation), min(pictures.shape[2:]) - 1))
    deviations = (0, 0, deviation, deviation)
    smooth = gaussian_filter(pictures.cpu().numpy(), deviations, radius=reach, mode="nearest")
    return torch.from_numpy(smooth).to(pictures.device)
