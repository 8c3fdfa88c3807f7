"""What cannot be explained is refused in one sentence, by all explainers alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.explainers.base import Background, PictureClass
from engine.types import BadBackground, BadPicture, NotFinite, UnknownClass, UserError

if TYPE_CHECKING:
    from torch import Tensor

    from engine.models.classifier import Classifier


def check_queries(
    classifier: Classifier, pictures: Tensor, queries: Sequence[PictureClass], logits: Tensor
) -> None:
    """Refuse what cannot be explained.

    Raises:
        UserError: no query, a class or picture out of range, a network with one output or
            none, or pictures that are not (P, 3, H, W).
    """
    if pictures.dim() != 4 or not len(pictures):
        raise BadPicture(f"pictures to explain must be (P, 3, H, W), not {tuple(pictures.shape)}.")
    if logits.dim() != 2 or logits.shape[1] < 2:
        raise UserError(
            f"{classifier.name} has a single output (shape {tuple(logits.shape[1:])}): explaining"
            " a class takes a classifier with at least two classes."
        )
    if not queries:
        raise UserError("nothing to explain: choose at least one class.")
    for picture, index in queries:
        if not 0 <= index < logits.shape[1]:
            raise UnknownClass(
                f"class {index} does not exist: {classifier.name} has classes 0 to"
                f" {logits.shape[1] - 1}."
            )
        if not 0 <= picture < len(pictures):
            raise UserError(f"picture {picture} does not exist: {len(pictures)} were given.")


def check_background(background: Background | None, pictures: Tensor) -> Background:
    """The background if there is one that fits the pictures.

    Raises:
        BadBackground: none, empty, or of another size than the pictures.
    """
    if background is None or not len(background):
        raise BadBackground(
            "SHAP values need background pictures and there are none: browse a folder with more"
            " than one picture, or name a folder with --background."
        )
    shape = background.batch([0]).shape[1:]
    if shape != pictures.shape[1:]:
        raise BadBackground(
            f"background pictures are {tuple(shape)}, the explained ones"
            f" {tuple(pictures.shape[1:])}: they must have the same size."
        )
    return background


def check_finite(values: Tensor, what: str) -> None:
    """Refuse values that are infinite or not a number.

    Raises:
        NotFinite: with `what` and what can be done.
    """
    if not bool(values.sum().isfinite()):
        raise NotFinite(
            f"{what} is not a number or infinite: the values so far are kept. Check the"
            " network's weights, or try another layer or --score logit."
        )
