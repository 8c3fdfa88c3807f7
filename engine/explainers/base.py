"""What explaining is made of: the background, a request, an explainer, and where it lives.

Torch is imported for types only: the screen reads settings from the explainers' modules.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from engine.evidence.estimate import Float32Array

if TYPE_CHECKING:
    from torch import Tensor

    from engine.explainers.pacing import ChunkSize
    from engine.models.classifier import Classifier

PictureClass = tuple[int, int]
"""One thing to explain: index of the picture, index of the class."""


class Background(Protocol):
    """The pictures that stand for "no evidence"; decoded when asked for, not before."""

    def __len__(self) -> int:
        """Number of pictures."""
        ...

    def batch(self, indices: Sequence[int]) -> Tensor:
        """The pictures `indices`, (n, 3, H, W) in [0, 1], on the network's device."""
        ...


class TensorBackground:
    """A background that lies in memory: pictures (B, 3, H, W) in [0, 1]."""

    def __init__(self, pictures: Tensor) -> None:
        self.pictures = pictures

    def __len__(self) -> int:
        """Number of pictures B."""
        return len(self.pictures)

    def batch(self, indices: Sequence[int]) -> Tensor:
        """The pictures `indices`, (n, 3, H, W)."""
        return self.pictures[list(indices)]


@dataclass(frozen=True, slots=True)
class Request:
    """What an explainer is asked: Q queries about P pictures, checked by the driver.

    `pictures` (P, 3, H, W) in [0, 1] lie on the network's device and are all asked about;
    `scores` (P, C) are theirs for every class. `background` fits them; it is empty where the
    explainer needs none. `settings` are of the explainer's own class.
    """

    classifier: Classifier
    pictures: Tensor
    queries: tuple[PictureClass, ...]
    background: Background
    settings: Any
    scores: npt.NDArray[np.float64]

    @property
    def score_values(self) -> npt.NDArray[np.float64]:
        """The score of each query (Q,)."""
        return np.array([self.scores[picture, index] for picture, index in self.queries])


@dataclass(frozen=True, slots=True)
class Reading:
    """What an explainer knows so far of its Q queries.

    The fields are those of `engine.evidence.estimate.Estimate`. `trusted` says whether the error
    is known well enough to stop by it; `note` says what the values mean where that is not plain
    SHAP.
    """

    values: Float32Array
    expected: npt.NDArray[np.float64]
    gap: npt.NDArray[np.float64]
    standard_error: Float32Array | None = None
    deviations: Float32Array | None = None
    degrees: npt.NDArray[np.float64] | None = None
    trusted: bool = False
    note: str = ""
    spread: npt.NDArray[np.float64] | None = None


class Explainer(Protocol):
    """One explanation in work, which `engine.explainers.driver` drives."""

    chunk: ChunkSize
    """How many samples to make between two readings; the driver grows and halves it."""

    def advance(self, size: int) -> Generator[None, None, int]:
        """Make at least one and at most `size` more samples; returns how many.

        Yields between two passes through the network, so that the caller can look up. The driver
        never asks for more than `settings.samples` in all. Where memory runs out
        (`engine.explainers.pacing.is_out_of_memory`) it is asked again for fewer, as if nothing had
        happened.

        Raises:
            UserError: a score or gradient is not finite.
        """
        ...

    def read(self) -> Reading:
        """The estimate from all samples so far; its arrays are not changed afterwards."""
        ...


class ExplainerModule(Protocol):
    """What a module named by a row of `EXPLAINERS` has beside its `Settings`. Imports no torch.

    What needs torch is imported inside functions, or is a module of its own that they import.
    """

    def maps(self, settings: Any, rows: int) -> int:
        """Arrays of the explained input's size that it keeps for each query, at most.

        `rows` is the number of pictures that one pass takes. 0: memory sets no limit to the number
        of queries.
        """
        ...

    def explainer(self, request: Request) -> Explainer:
        """Begin an explanation.

        Raises:
            UserError: a layer that cannot be explained, scores that are not finite.
        """
        ...
