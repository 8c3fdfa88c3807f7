"""LIME for pictures (Ribeiro, Singh & Guestrin 2016): a sparse linear model over superpixels.

Superpixels (SLIC) are switched off at random by painting them with their mean colour; each
sample is weighted by a Gaussian kernel exp(-d^2 / width^2) on the cosine distance d between its
mask and the full picture's. K superpixels are chosen by the lasso's path (K-LASSO: least angle
regression on the weighted data) and then fitted by weighted least squares.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from engine.explainers.arrays import scores
from engine.explainers.base import Explainer, Reading, Request
from engine.explainers.checks import check_finite
from engine.explainers.pacing import ChunkSize, most_rows
from engine.types.fields import setting
from engine.types.settings import ExplainSettings

if TYPE_CHECKING:
    from torch import Tensor

Array = npt.NDArray[np.float64]

WIDTH = 0.25
"""Kernel width, in cosine distance: the paper's code uses it for pictures."""


@dataclass(frozen=True, kw_only=True)
class Settings(ExplainSettings):
    """LIME; `features` is the K of K-LASSO."""

    superpixels: int = setting(
        50, "count", "superpixels", low=2, high=1000, metavar="N", help="parts of the picture"
    )
    features: int = setting(
        10,
        "count",
        "features",
        low=1,
        high=1000,
        metavar="K",
        hint="LIME's K",
        help="superpixels that the linear model may use",
    )
    expected_is: ClassVar[str] = "linear model without superpixels"


@dataclass(frozen=True, slots=True)
class Fit:
    """A weighted linear model: a coefficient per superpixel (0: not chosen), and how it fits."""

    coefficients: Array
    intercept: float
    r_squared: float


class Painter:
    """One picture, its superpixels, and the picture with some of them painted over."""

    def __init__(self, picture: Tensor, superpixels: int) -> None:
        import torch

        self.picture = picture
        self.segments = segment(picture, superpixels)
        self.count = int(self.segments.max()) + 1
        self._map = torch.from_numpy(self.segments).to(picture.device)
        flat = self._map.flatten()
        sizes = torch.bincount(flat, minlength=self.count).clamp(min=1)
        sums = torch.zeros(3, self.count, dtype=picture.dtype, device=picture.device)
        sums.index_add_(1, flat, picture.flatten(1))
        self.painted = (sums / sizes)[:, self._map]

    def __call__(self, masks: npt.NDArray[np.bool_]) -> Tensor:
        """Pictures (n, 3, H, W) for masks (n, superpixels): True shows, False paints over."""
        import torch

        shown = torch.from_numpy(masks).to(self.picture.device)[:, self._map]
        return torch.where(shown[:, None], self.picture, self.painted)


def maps(settings: ExplainSettings, rows: int) -> int:
    """None: it keeps no sums, and a pass serves any number of classes."""
    return 0


def explainer(request: Request) -> Explainer:
    """Begin LIME; `samples` counts masks.

    Values are a superpixel's coefficient divided by its number of pixels and channels, so that
    a superpixel sums to its coefficient, and the whole to the model's score of the full picture
    less that of the empty one (the intercept, which is given as `expected`); `gap` is the
    linear model's error at the full picture. Masks are shared by all pictures whose superpixels
    are equally many. The note gives the weighted R-squared of each fit.
    """
    return Lime(request)


class Lime:
    """Running fits: see `engine.explainers.base.Explainer`."""

    def __init__(self, request: Request) -> None:
        settings, pictures = request.settings, request.pictures
        self._request = request
        self._painters = [Painter(picture, settings.superpixels) for picture in pictures]
        self._generators = [np.random.default_rng([settings.seed, 0x113E]) for _ in pictures]
        self._classes = [
            sorted({index for picture, index in request.queries if picture == p})
            for p in range(len(pictures))
        ]
        # The full picture comes first: it anchors the fit.
        self._masks = [np.ones((1, painter.count), dtype=bool) for painter in self._painters]
        self._scores = [
            request.scores[p : p + 1, classes] for p, classes in enumerate(self._classes)
        ]
        rows = most_rows(pictures)
        self.chunk = ChunkSize(min(8, rows), rows, settings.draws)

    def advance(self, size: int) -> Generator[None, None, int]:
        """Look at `size` more masks of each picture."""
        import torch

        masks = [
            generator.random((size, painter.count)) < 0.5
            for generator, painter in zip(self._generators, self._painters, strict=True)
        ]
        results = []
        for p, painter in enumerate(self._painters):
            with torch.no_grad():
                logits = self._request.classifier(painter(masks[p]))
                result = scores(logits, self._request.settings.score)
            check_finite(result, "a score")
            results.append(result[:, self._classes[p]].cpu().double().numpy())
            yield
        for p in range(len(masks)):
            self._masks[p] = np.concatenate([self._masks[p], masks[p]])
            self._scores[p] = np.concatenate([self._scores[p], results[p]])
        return size

    def read(self) -> Reading:
        """Fits to all masks so far."""
        settings, queries = self._request.settings, self._request.queries
        fits = [
            fit(self._masks[p], self._scores[p][:, self._classes[p].index(c)], settings.features)
            for p, c in queries
        ]
        values = [_spread(self._painters[p], f) for (p, _), f in zip(queries, fits, strict=True)]
        intercepts = np.array([f.intercept for f in fits])
        sums = np.array([f.coefficients.sum() for f in fits])
        note = "weighted R² " + ", ".join(f"{f.r_squared:.2f}" for f in fits)
        if len(self._masks[0]) - 1 < settings.superpixels:
            note += "; fewer samples than superpixels"
        return Reading(
            values=np.stack(values),
            expected=intercepts,
            gap=sums + intercepts - self._request.score_values,
            note=note,
        )


def segment(picture: Tensor, count: int) -> npt.NDArray[np.int64]:
    """About `count` superpixels of a picture (3, H, W): numbers 0 to n - 1 at (H, W).

    Where SLIC finds hardly any (pictures of pure noise), squares take their place.
    """
    from skimage.segmentation import slic

    pixels = picture.detach().permute(1, 2, 0).cpu().double().numpy()
    labels = slic(pixels, n_segments=count, compactness=10, sigma=1, start_label=0)
    _, numbers = np.unique(labels, return_inverse=True)
    if numbers.max() + 1 < min(4, count):
        side = max(2, round(count**0.5))
        rows, columns = (np.arange(size) * side // size for size in labels.shape)
        _, numbers = np.unique(rows[:, None] * side + columns, return_inverse=True)
    segments: npt.NDArray[np.int64] = numbers.reshape(labels.shape).astype(np.int64)
    return segments


def kernel(masks: npt.NDArray[np.bool_]) -> Array:
    """Weights (n,) of masks (n, d): Gaussian in the cosine distance to the full mask.

    The cosine of a mask with k of d ones to the full one is sqrt(k / d).
    """
    distance = 1 - np.sqrt(masks.mean(1))
    weights: Array = np.exp(-(distance**2) / WIDTH**2)
    return weights


def fit(masks: npt.NDArray[np.bool_], values: Array, features: int) -> Fit:
    """K-LASSO: choose at most `features` superpixels on the lasso's path, then least squares.

    Args:
        masks: (n, d), which superpixels were shown.
        values: (n,), the score of each sample.
        features: K.
    """
    from sklearn.linear_model import lars_path

    weights = kernel(masks)
    share = weights / weights.sum()
    x = masks.astype(np.float64)
    centred = (x - share @ x) * np.sqrt(share)[:, None]
    target = (values - share @ values) * np.sqrt(share)
    coefficients = np.zeros(masks.shape[1])
    chosen = np.array([], dtype=int)
    if np.abs(target).max() > 0:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # early on there are fewer samples than superpixels
            _, _, path = lars_path(centred, target, method="lasso", max_iter=4 * features)
        fitting = [np.flatnonzero(c) for c in path.T if 0 < np.count_nonzero(c) <= features]
        chosen = fitting[-1] if fitting else chosen
    if len(chosen):
        coefficients[chosen] = np.linalg.lstsq(centred[:, chosen], target, rcond=None)[0]
    intercept = float(share @ values - (share @ x) @ coefficients)
    total = float(target @ target)
    left = target - centred @ coefficients
    r_squared = 1 - float(left @ left) / total if total > 0 else 1.0
    return Fit(coefficients, intercept, r_squared)


def _spread(painter: Painter, model: Fit) -> npt.NDArray[np.float32]:
    """Coefficients over the pixels and channels (3, H, W) of their superpixels."""
    sizes = np.bincount(painter.segments.ravel(), minlength=painter.count)
    per_pixel = (model.coefficients / (3 * sizes)).astype(np.float32)[painter.segments]
    return np.broadcast_to(per_pixel, (3, *per_pixel.shape)).copy()
