"""From a point on a path to scores and to the tensor whose gradient is wanted.

Three spaces can be explained: the pixels; a layer's input along a path in pixel space
(gradient x activation); a layer's input along a path in the layer's own space. An `ExplainedInput`
hides which one it is from the estimators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from engine.explainers.arrays import scores
from engine.models.classifier import Classifier
from engine.types import BadSetting, ExplainSettings, Score

Hook = Callable[[nn.Module, tuple[Any, ...]], Any]


class ExplainedInput(Protocol):
    """Scores as a function of the explained input."""

    complete: bool
    """Whether values multiplied by differences to the background sum to the score's difference."""
    bottleneck: bool
    """Whether scores depend on the points alone, not on the picture that they belong to."""

    def embed(self, pictures: Tensor) -> Tensor:
        """Pictures (n, 3, H, W) as points of the space in which the path runs."""
        ...

    def run(self, points: Tensor, picture: int) -> tuple[Tensor, Tensor]:
        """Scores (n, C) at `points`, and the tensor (n, ...) to differentiate by.

        `picture` says which explained picture the points belong to; -1: points of all pictures
        in turn, the same number of each.
        """
        ...


class Pixels:
    """The explained input is the picture itself."""

    complete = True
    bottleneck = True

    def __init__(self, classifier: Classifier, score: Score) -> None:
        self.module = classifier.module
        self.score = score

    def embed(self, pictures: Tensor) -> Tensor:
        """The pictures themselves."""
        return pictures

    def run(self, points: Tensor, picture: int) -> tuple[Tensor, Tensor]:
        """See `ExplainedInput`."""
        leaf = points.detach().requires_grad_(torch.is_grad_enabled())
        return scores(self.module(leaf), self.score), leaf


class LayerActivation(Pixels):
    """The explained input is a layer's input, the path runs through pixel space.

    What `shap.GradientExplainer((model, layer), ...)` explains: its values are gradient x
    activation and do not sum to anything in particular.
    """

    complete = False

    def __init__(self, classifier: Classifier, score: Score, layer: str) -> None:
        super().__init__(classifier, score)
        self.name = layer
        self.layer = classifier.layer(layer)

    def run(self, points: Tensor, picture: int) -> tuple[Tensor, Tensor]:
        """See `ExplainedInput`. The gradient counts every use of the tensor, as shap's does."""
        with captured(self.layer, self.name) as inputs:
            result, _ = super().run(points, picture)
        return result, _only(inputs, self.name)


class LayerDifference:
    """The explained input is a layer's input, and the path runs through the layer's space.

    The network runs on the explained picture with the layer's input replaced by a point between
    the background's activation and the picture's. Values are complete for this game: they sum
    to the score at the picture minus the mean score with the layer's input taken from the
    background. If nothing bypasses the layer (`bottleneck`: not inside a residual block or
    beside another branch) that mean is the background's own mean score.
    """

    complete = True

    def __init__(self, classifier: Classifier, score: Score, layer: str, pictures: Tensor) -> None:
        self.module = classifier.module
        self.score = score
        self.name = layer
        self.layer = classifier.layer(layer)
        self.pictures = pictures
        self.bottleneck = False
        self.bottleneck = self._nothing_bypasses()

    def embed(self, pictures: Tensor) -> Tensor:
        """The layer's input for `pictures`."""
        with torch.no_grad(), captured(self.layer, self.name) as inputs:
            self.module(pictures)
        return _only(inputs, self.name).detach()

    def run(self, points: Tensor, picture: int) -> tuple[Tensor, Tensor]:
        """See `ExplainedInput`."""
        leaf = points.detach().requires_grad_(torch.is_grad_enabled())
        if self.bottleneck:  # What lies below the layer is overwritten: run it on one row.
            below = self.pictures[:1]
        elif picture >= 0:
            below = self.pictures[picture].expand(len(points), -1, -1, -1)
        else:
            below = self.pictures.repeat_interleave(len(points) // len(self.pictures), 0)
        return scores(self._replaced(below, leaf), self.score), leaf

    def _replaced(self, below: Tensor, points: Tensor) -> Tensor:
        def replace(_: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
            return points.clone(), *args[1:]  # a clone: the layer may work in place

        with _hooked(self.layer, replace):
            out: Tensor = self.module(below)
        return out

    def _nothing_bypasses(self) -> bool:
        """Whether the logits depend on the picture through the layer's input alone."""
        below = self.pictures[:1].detach().requires_grad_()
        point = self.embed(self.pictures[:1])
        with torch.enable_grad():
            logits = self._replaced(below, point.requires_grad_())
            (through,) = torch.autograd.grad(logits.sum(), below, allow_unused=True)
        if through is not None:
            return False
        with torch.no_grad():  # the layers above must not look at the batch below, either
            two = self._replaced(self.pictures[:1], point.detach().repeat_interleave(2, 0))
        return bool(two.shape[0] == 2 and torch.allclose(two, logits.detach(), atol=1e-4))


def make_input(
    classifier: Classifier, settings: ExplainSettings, pictures: Tensor
) -> ExplainedInput:
    """The explained input for these settings.

    Raises:
        UserError: the layer does not exist, is not run once, or does not take a tensor.
    """
    if settings.layer is None:
        return Pixels(classifier, settings.score)
    if settings.layer_form == "difference":
        return LayerDifference(classifier, settings.score, settings.layer, pictures)
    return LayerActivation(classifier, settings.score, settings.layer)


def meaning(explained: ExplainedInput, settings: ExplainSettings) -> str:
    """What the values are where that is not plain SHAP."""
    if settings.layer is None:
        smoothed = "smoothed: the values sum to the mean score of noisy pictures"
        return smoothed if settings.smoothing else ""
    if not explained.complete:
        return f"gradient x activation at the input of {settings.layer}: no completeness"
    note = f"gradient x difference of activations at the input of {settings.layer}"
    if not explained.bottleneck:
        note += " (branches that bypass it stay at the explained picture)"
    return note


def gradients(
    explained: ExplainedInput,
    points: Tensor,
    classes: Sequence[Sequence[int]],
    pictures: Sequence[int],
) -> Iterator[tuple[int, int, Tensor, Tensor]]:
    """Gradients of the score of each class at `points` (P, n, ...), P pictures, n points each.

    `classes[p]` are the classes of the p-th picture and `pictures[p]` its number for `explained`.
    Pictures with equally many classes share one forward pass, and one backward pass serves one
    class of each, so that no row is computed in vain.

    Yields:
        p, the position in `classes[p]`, gradient (n, ...), and the tensor differentiated by.
    """
    by_count: dict[int, list[int]] = {}
    for p, wanted in enumerate(classes):
        by_count.setdefault(len(wanted), []).append(p)
    for count, members in by_count.items():
        together = len(members) == len(pictures)
        for group in [members] if together else [[p] for p in members]:
            rows = points[group]
            n = rows.shape[1]
            flat = rows.flatten(0, 1)
            with torch.enable_grad():
                result, root = explained.run(flat, -1 if together else pictures[group[0]])
                result = result.view(len(group), n, -1)
                chosen = [
                    [result[i, :, classes[p][j]].sum() for i, p in enumerate(group)]
                    for j in range(count)
                ]
                sums = [torch.stack(each).sum() for each in chosen]
            for j in range(count):
                (gradient,) = torch.autograd.grad(sums[j], root, retain_graph=j + 1 < count)
                for i, p in enumerate(group):
                    part = slice(i * n, (i + 1) * n)
                    yield p, j, gradient[part], root.detach()[part]


@contextmanager
def _hooked(layer: nn.Module, hook: Hook) -> Iterator[None]:
    handle = layer.register_forward_pre_hook(hook)
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def captured(layer: nn.Module, name: str) -> Iterator[list[Tensor]]:
    """The tensors that enter `layer` while the network runs."""
    inputs: list[Tensor] = []

    def capture(_: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        if not args or not isinstance(args[0], Tensor) or not args[0].is_floating_point():
            raise BadSetting(f"layer {name} does not take a tensor of numbers: choose another.")
        inputs.append(args[0])
        return args[0].clone(), *args[1:]  # a clone: the layer may work in place

    with _hooked(layer, capture):
        yield inputs


def _only(inputs: list[Tensor], name: str) -> Tensor:
    if len(inputs) != 1:
        times = f"{len(inputs)} times" if inputs else "not at all"
        raise BadSetting(f"layer {name} runs {times} in one pass: choose one that runs once.")
    return inputs[0]
