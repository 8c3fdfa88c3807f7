"""From running estimates to the record that the screen draws.

Queries may come in blocks, one after the other (`engine.explainers.memory`): of those that are done
only figures and heat grids are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.evidence.estimate import Estimate
from engine.evidence.ratios import Side, ratios
from engine.evidence.statistics import (
    Array,
    Pairs,
    half_differences,
    heat_error,
    heat_grid,
    histogram,
    interval,
    noise_floor,
    perturbed,
    rms,
    statistics,
    symmetric_edges,
)
from engine.evidence.warnings import too_close
from engine.types import Attribution, Evidence, ExplainSettings, Query
from engine.types.statistics import STATISTICS


@dataclass(frozen=True, slots=True)
class Part:
    """A query's attribution, and what its error in a difference to another follows from.

    `warning` says why it hardly means evidence, where it does not.
    """

    attribution: Attribution
    pairs: Pairs
    variance: float
    degrees: float
    warning: str

    @property
    def side(self) -> Side:
        """What `engine.evidence.ratios` compares."""
        return self.attribution.statistics, self.pairs, self.variance, self.degrees


class Summary:
    """The evidence for `queries`, from their running estimates in order.

    Args:
        queries: what was asked; `first` of an `Estimate` counts them.
        labels: names of the classes.
        settings: how it is explained.
        step: the attack's iteration on the adversarial side.
    """

    def __init__(
        self,
        queries: Sequence[Query],
        labels: Sequence[str],
        settings: ExplainSettings,
        step: int,
    ) -> None:
        self._queries = queries
        self._labels = labels
        self._settings = settings
        self._step = step
        self._done: list[Part] = []
        self._notes: list[str] = []
        self._seconds = 0.0
        self._edges: Array | None = None
        self._previous: Evidence | None = None

    def take(self, estimate: Estimate, thorough: bool | None = None) -> Evidence:
        """The evidence so far; errors not computed anew shrink with the root of the samples.

        `thorough`: compute the errors of quantiles too; by default when the block is done.
        """
        full = estimate.done if thorough is None else thorough
        ratio = 1.0
        if self._previous is not None and estimate.samples:
            ratio = float(np.sqrt(self._previous.samples / estimate.samples))
        # Bins of blocks that are done cannot change any more.
        edges = symmetric_edges(list(estimate.values)) if self._edges is None else self._edges
        parts = [*self._done, *self._parts(estimate, edges, full, ratio)]
        seconds = self._seconds + estimate.seconds
        if estimate.done:
            self._notes = list(dict.fromkeys([*self._notes, estimate.note]))
        notes = dict.fromkeys(
            [*self._notes, estimate.note, estimate.reason, self._waiting(estimate)]
        )
        evidence = Evidence(
            attributions=tuple(part.attribution for part in parts),
            edges=edges,
            contrasts=self._contrasts(parts, ratio),
            samples=estimate.samples,
            total=estimate.total,
            seconds=seconds,
            seconds_left=self._seconds_left(estimate),
            done=estimate.done and not estimate.left,
            step=self._step,
            settings=self._settings,
            note="; ".join(filter(None, notes)),
            rate=estimate.samples / estimate.seconds if estimate.seconds else float("nan"),
            warnings=_first_warnings(parts),
            intervals=tuple(_reach([parts[a], parts[b]]) for a, b in self._sides(len(parts))),
            ratios=tuple(ratios(parts[a].side, parts[b].side) for a, b in self._sides(len(parts))),
        )
        if estimate.done:
            self._done, self._seconds, self._edges = parts, seconds, edges
        self._previous = evidence
        return evidence

    def _parts(self, estimate: Estimate, edges: Array, full: bool, ratio: float) -> list[Part]:
        parts = []
        shown = self._queries[estimate.first :][: len(estimate.values)]
        spread, deviations, degrees = estimate.standard_error, estimate.deviations, estimate.degrees
        for q, (query, values) in enumerate(zip(shown, estimate.values, strict=True)):
            moved = None if deviations is None else deviations[:, q]
            pairs = [] if moved is None else perturbed(values, moved, full)
            variance = freedom = 0.0
            if spread is not None and degrees is not None:
                variance = float(np.sum(np.square(spread[q], dtype=np.float64)))
                freedom = float(degrees[q])
            attribution = Attribution(
                query=query,
                name=self._labels[query.class_index],
                heat=heat_grid(values),
                heat_error=None if moved is None else heat_error(moved),
                statistics=statistics(values),
                errors=self._errors(pairs, estimate.first + q, ratio),
                histogram=histogram(values, edges),
                score_value=float(estimate.score_values[q]),
                expected=float(estimate.expected[q]),
                gap=float(estimate.gap[q]),
                noise=float("nan") if spread is None else noise_floor(spread[q]),
                interval=interval([variance], [freedom], len(pairs)),
            )
            over = float("nan") if estimate.spread is None else float(estimate.spread[q])
            warning = too_close(attribution, over, self._settings)
            parts.append(Part(attribution, pairs, variance, freedom, warning))
        return parts

    def _errors(self, pairs: Pairs, q: int, ratio: float) -> dict[str, float]:
        errors = {name: rms(half_differences(pairs, name)) for name in STATISTICS}
        if self._previous is None or q >= len(self._previous.attributions):
            return errors
        old = self._previous.attributions[q].errors
        return {n: old[n] * ratio if np.isnan(e) else e for n, e in errors.items()}

    def _sides(self, count: int) -> list[tuple[int, int]]:
        """The k-th clean and the k-th adversarial one of the first `count` queries, for every k."""
        at: dict[str, list[int]] = {"clean": [], "adversarial": []}
        for q, query in enumerate(self._queries[:count]):
            at[query.side].append(q)
        return list(zip(at["clean"], at["adversarial"], strict=False))

    def _contrasts(
        self, parts: Sequence[Part], ratio: float
    ) -> tuple[dict[str, tuple[float, float]], ...]:
        """Adversarial minus clean, for the k-th query of each side, with the difference's error."""
        previous = () if self._previous is None else self._previous.contrasts
        contrasts = []
        for k, (a, b) in enumerate(self._sides(len(parts))):
            contrast = {}
            figures = [parts[q].attribution.statistics for q in (a, b)]
            for name in STATISTICS:
                # Blocks share their draws, as the queries of one block do.
                draws = [half_differences(parts[q].pairs, name) for q in (a, b)]
                same = len(draws[0]) == len(draws[1])
                error = rms(draws[1] - draws[0]) if same else float("nan")
                if np.isnan(error) and k < len(previous):
                    error = previous[k][name][1] * ratio
                contrast[name] = (figures[1][name] - figures[0][name], error)
            contrasts.append(contrast)
        return tuple(contrasts)

    def _seconds_left(self, estimate: Estimate) -> float:
        if estimate.done and not estimate.left:
            return 0.0
        rate = estimate.seconds / max(1, estimate.samples)
        left = 0.0 if estimate.done else rate * (estimate.total - estimate.samples)
        whole = rate * estimate.total
        if self._settings.seconds is not None:
            own = self._settings.seconds * len(estimate.values) / len(self._queries)
            left, whole = min(left, max(0.0, own - estimate.seconds)), min(whole, own)
        return left + whole * estimate.left / len(estimate.values)

    def _waiting(self, estimate: Estimate) -> str:
        if not estimate.left:
            return ""
        done = estimate.first + len(estimate.values)
        return f"{done} of {len(self._queries)} so far: memory has no room for all at once"


def _first_warnings(parts: Sequence[Part]) -> tuple[str, ...]:
    """Those of the first query of each side, which the screen speaks of."""
    first: dict[str, str] = {}
    for part in parts:
        first.setdefault(part.attribution.query.side, part.warning)
    return tuple(filter(None, first.values()))


def _reach(parts: Sequence[Part]) -> float:
    """`interval` of a sum or difference of queries."""
    deviations = min(len(part.pairs) for part in parts)
    return interval([p.variance for p in parts], [p.degrees for p in parts], deviations)
