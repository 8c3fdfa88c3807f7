"""LIME for pictures (Ribeiro, Singh & Guestrin 2016): a sparse linear model over superpixels.

Superpixels (SLIC) are switched off at random by painting them with their mean colour; each
sample is weighted by a Gaussian kernel exp(-d^2 / width^2) on the cosine distance d between its
mask and the full picture's. K superpixels are chosen by the lasso's path (K-LASSO: least angle
regression on the weighted data) and then fitted by weighted least squares.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.explain.base import Estimate, PictureClass, check_finite, check_queries, scores
from engine.explain.expected.estimator import why_stop
from engine.explain.pacing import ChunkSize, Clock, most_rows
from engine.models.classifier import Classifier
from engine.types import ExplainSettings

Array = npt.NDArray[np.float64]

WIDTH = 0.25
"""Kernel width, in cosine distance: the paper's code uses it for pictures."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A weighted linear model: a coefficient per superpixel (0: not chosen), and how it fits."""

    coefficients: Array
    intercept: float
    r_squared: float


class Painter:
    """One picture, its superpixels, and the picture with some of them painted over."""

    def __init__(self, picture: Tensor, superpixels: int) -> None:
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
        shown = torch.from_numpy(masks).to(self.picture.device)[:, self._map]
        return torch.where(shown[:, None], self.picture, self.painted)


def lime(
    classifier: Classifier,
    pictures: Tensor,
    queries: Sequence[PictureClass],
    settings: ExplainSettings,
) -> Iterator[Estimate | None]:
    """Running fits after each batch of masks, None within one; `samples` counts masks.

    Values are a superpixel's coefficient divided by its number of pixels and channels, so that
    a superpixel sums to its coefficient, and the whole to the model's score of the full picture
    less that of the empty one (the intercept, which is given as `expected`); `gap` is the
    linear model's error at the full picture. Masks are shared by all pictures whose superpixels
    are equally many. The note gives the weighted R-squared of each fit.

    Raises:
        UserError: input that cannot be explained, scores that are not finite.
    """
    clock = Clock()
    with torch.no_grad():
        logits = classifier(pictures)
    check_queries(classifier, pictures, queries, logits)
    every = scores(logits, settings.score).cpu().double().numpy()
    score_values = np.array([every[p, c] for p, c in queries])
    shown = sorted({p for p, _ in queries})
    painters = {p: Painter(pictures[p], settings.superpixels) for p in shown}
    classes = {p: sorted({c for at, c in queries if at == p}) for p in shown}
    drawers = {p: np.random.default_rng([settings.seed, 0x113E]) for p in shown}
    # The full picture comes first: it anchors the fit.
    masks = {p: np.ones((1, painters[p].count), dtype=bool) for p in shown}
    found = {p: every[p : p + 1, classes[p]] for p in shown}
    rows = most_rows(pictures)
    chunk = ChunkSize(min(8, rows), rows, settings.draws)
    done = 0
    while done < settings.samples:
        begun = clock.seconds
        count = chunk.following(settings.samples - done, done, begun, settings.seconds)
        try:
            for p in shown:
                fresh = drawers[p].random((count, painters[p].count)) < 0.5
                with torch.no_grad():
                    result = scores(classifier(painters[p](fresh)), settings.score)
                check_finite(result, "a score")
                masks[p] = np.concatenate([masks[p][: done + 1], fresh])
                new = result[:, classes[p]].cpu().double().numpy()
                found[p] = np.concatenate([found[p][: done + 1], new])
                with clock.paused():
                    yield None
        except (RuntimeError, MemoryError) as error:
            chunk.halve(error, count)
            continue
        done += count
        # Fitting takes longer and longer, running the network does not.
        chunk.took(count, clock.seconds - begun, clock.seconds)
        fits = [
            fit(masks[p], found[p][:, classes[p].index(c)], settings.features) for p, c in queries
        ]
        values = np.stack(
            [_spread(painters[p], f) for (p, _), f in zip(queries, fits, strict=True)]
        )
        intercepts = np.array([f.intercept for f in fits])
        sums = np.array([f.coefficients.sum() for f in fits])
        quality = ", ".join(f"{f.r_squared:.2f}" for f in fits)
        estimate = Estimate(
            samples=done,
            total=settings.samples,
            values=values,
            standard_error=None,
            deviations=None,
            degrees=None,
            score_values=score_values,
            expected=intercepts,
            gap=sums + intercepts - score_values,
            seconds=clock.seconds,
            note="; ".join(
                words
                for words in (
                    f"weighted R² {quality}",
                    "fewer samples than superpixels" if done < settings.superpixels else "",
                    chunk.note,
                )
                if words
            ),
        )
        reason = why_stop(estimate, settings, trusted=False)
        with clock.paused():
            yield replace(estimate, done=bool(reason), reason=reason)
        if reason:
            return


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
    found: npt.NDArray[np.int64] = numbers.reshape(labels.shape).astype(np.int64)
    return found


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


def _spread(painter: Painter, found: Fit) -> npt.NDArray[np.float32]:
    """Coefficients over the pixels and channels (3, H, W) of their superpixels."""
    sizes = np.bincount(painter.segments.ravel(), minlength=painter.count)
    per_pixel = (found.coefficients / (3 * sizes)).astype(np.float32)[painter.segments]
    return np.broadcast_to(per_pixel, (3, *per_pixel.shape)).copy()
