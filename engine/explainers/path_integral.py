"""Gradients integrated along paths to the pictures, for all pictures and classes at once."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.explainers.base import PictureClass
from engine.explainers.checks import check_finite
from engine.explainers.explained_input import ExplainedInput, gradients


@dataclass(frozen=True, slots=True)
class Draws:
    """n draws, shared by all pictures.

    `background` (n, ...) are points of the space in which the paths run, `positions` and `weights`
    (P, n) lie on the path of each picture, `noise` (n, ...) is added to the picture.
    """

    background: Tensor
    positions: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    noise: Tensor | None = None


class Sums(NamedTuple):
    """Sums over a run of draws: of values (Q, ...), and of their squares over elements (Q,)."""

    values: Tensor
    squares: Tensor


class Paths:
    """Paths from background points to the explained pictures, and what is asked about them."""

    def __init__(
        self, explained: ExplainedInput, pictures: Tensor, queries: Sequence[PictureClass]
    ) -> None:
        self.explained = explained
        self.pictures = sorted({picture for picture, _ in queries})
        self.classes: list[list[int]] = []
        self._query: list[list[list[int]]] = []
        for picture in self.pictures:
            wanted = sorted({index for at, index in queries if at == picture})
            self.classes.append(wanted)
            # The same class may be asked for twice: it is computed once.
            self._query.append(
                [[q for q, pair in enumerate(queries) if pair == (picture, c)] for c in wanted]
            )
        self.ends = explained.embed(pictures[self.pictures])
        self.queries = len(queries)

    @property
    def shape(self) -> torch.Size:
        """(Q, ...): a value for each query and element of the explained input."""
        return torch.Size((self.queries, *self.explained_shape))

    @property
    def explained_shape(self) -> torch.Size:
        """Shape of one explained input; known without running only if it is the path's own."""
        if self.explained.complete:
            return self.ends.shape[1:]
        with torch.no_grad():
            return self.explained.run(self.ends[:1], self.pictures[0])[1].shape[1:]

    def integrate(self, draws: Draws, segments: Sequence[int]) -> Generator[None, None, list[Sums]]:
        """Sums of weight x gradient x (difference or activation) over runs of draws.

        Yields after every backward pass, for the caller to look up.

        Args:
            draws: n draws.
            segments: lengths of the runs; they add up to n.

        Returns:
            The sums of each run.

        Raises:
            UserError: a gradient is not finite.
        """
        ends = self.ends.unsqueeze(1)
        if draws.noise is not None:
            ends = ends + draws.noise
        differences = ends - draws.background
        trailing = [1] * (differences.dim() - 2)
        positions, weights = (
            torch.tensor(each, dtype=differences.dtype, device=differences.device)
            for each in (draws.positions, draws.weights)
        )
        points = draws.background + positions.view(*positions.shape, *trailing) * differences
        weights = weights.view(*weights.shape, *trailing)
        if self.explained.complete:  # all classes of a picture share these factors
            factors = differences.mul_(weights)
        # Which draw belongs to which run: one product sums up all runs.
        member = torch.eye(len(segments)).repeat_interleave(torch.tensor(segments), 1)
        sums: Tensor | None = None
        energies: list[Tensor] = [torch.empty(0)] * self.queries
        for p, j, gradient, root in gradients(self.explained, points, self.classes, self.pictures):
            if self.explained.complete:
                values = gradient * factors[p]
            else:
                values = (gradient * root).mul_(weights[p].view(-1, *[1] * (gradient.dim() - 1)))
            if sums is None:
                sums = values.new_empty(self.queries, len(segments), *values.shape[1:])
                member = member.to(values)
            flat = values.flatten(1)
            first, *others = self._query[p][j]
            torch.mm(member, flat, out=sums[first].view(len(segments), -1))
            for q in others:
                sums[q].copy_(sums[first])
            energy = torch.linalg.vecdot(flat, flat)
            for q in self._query[p][j]:
                energies[q] = energy
            yield
        assert sums is not None
        check_finite(sums, "a gradient")
        # Taken from the device at the end only: it need not wait in between.
        squares = member.cpu().double() @ torch.stack(energies, 1).cpu().double()
        return [Sums(*pair) for pair in zip(sums.unbind(1), squares, strict=True)]

    def scores(self, points: Tensor, p: int) -> npt.NDArray[np.float64]:
        """Scores of the p-th picture's classes at `points` (n, ...): (classes, n)."""
        return np.stack(self.scores_of(points, [p] * len(points)), 1)

    def scores_of(self, points: Tensor, which: Sequence[int]) -> list[npt.NDArray[np.float64]]:
        """Scores (classes,) at each of `points`, of the classes of picture `which[i]`.

        Unless scores depend on the points alone, `which` names one picture.
        """
        with torch.no_grad():
            result, _ = self.explained.run(points, self.pictures[which[0]])
        chosen = [row[self.classes[p]] for row, p in zip(result, which, strict=True)]
        check_finite(torch.cat(chosen), "a score")
        return [row.cpu().double().numpy() for row in chosen]

    def spread(self, by_picture: Sequence[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
        """From a value per picture and class to one per query (Q,)."""
        out = np.full(self.queries, np.nan)
        for p, values in enumerate(by_picture):
            for j, value in enumerate(values):
                out[self._query[p][j]] = value
        return out
