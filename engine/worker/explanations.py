"""Explanations of one picture and its attack: what has been computed is not computed twice."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator, Sequence

import torch
from torch import Tensor

from engine.evidence.summary import Summary
from engine.evidence.warnings import with_background
from engine.explainers import explain
from engine.explainers.pacing import PACE
from engine.models.classifier import Classifier
from engine.pictures.background import (
    ChosenBackground,
    PictureSet,
    choose_background,
)
from engine.types import Evidence, ExplainSettings, Query

KEPT_EVIDENCE = 512
"""Finished explanations kept for when their iteration is visited again."""
KEPT_INTERRUPTED = 2
"""Unfinished ones, whose running sums take room: one that was left, one that was looked at."""

NONE = ChosenBackground((), "")
Running = Iterator[Evidence | None]


class Explanations:
    """Explanations of the picture at `path`, with pixels `x0` (1, 3, H, W), and of iterations."""

    def __init__(self, classifier: Classifier, path: str, x0: Tensor) -> None:
        self._classifier = classifier
        self._path = path
        self._x0 = x0
        self._finished: OrderedDict[object, Evidence] = OrderedDict()
        self._interrupted: OrderedDict[object, tuple[Running, Evidence | None]] = OrderedDict()
        self._asked: tuple[tuple[str, ...], str | None, int] | None = None
        self._chosen: dict[int, ChosenBackground] = {}
        self._pictures: PictureSet | None = None

    def clear(self) -> None:
        """Forget what has been computed: another attack begins."""
        self._finished.clear()
        self._interrupted.clear()
        self._chosen.clear()

    def explain(
        self,
        queries: Sequence[Query],
        settings: ExplainSettings,
        browsed: Sequence[str],
        step: int,
        pixels: Callable[[], Tensor],
    ) -> Running:
        """Running explanations of the clean picture and of iteration `step`.

        Yields at least after every chunk of work: evidence at most every `PACE` seconds, None in
        between. A finished one is kept: asking for it again yields it at once. Those closed last
        before their end are kept, too: asking again goes on with them. What is kept is told apart
        by queries, settings, step, and background.

        Args:
            queries: the classes to explain in each of the two pictures.
            settings: how.
            browsed: the pictures that a background is drawn from, see `choose_background`.
            step: the iteration.
            pixels: makes the iteration's pixels (1, 3, H, W).

        Raises:
            UserError: no background, unknown layer or class, or a failing network.
        """
        chosen = NONE
        if settings.has_background:
            chosen = yield from self._choose(tuple(browsed), settings, step, pixels)
        key = (step, tuple(queries), settings, chosen.digest)
        if key in self._finished:
            yield self._finished[key]
            return
        running, latest = self._interrupted.pop(key, (None, None))
        try:
            if latest is not None:
                yield latest
            running = running or self._run(queries, settings, chosen, step, pixels)
            for evidence in running:
                latest = evidence or latest
                if evidence is not None and evidence.done:
                    self._keep(key, evidence)
                yield evidence
        except GeneratorExit:
            if running is not None and (latest is None or not latest.done):
                self._interrupted[key] = running, latest
                if len(self._interrupted) > KEPT_INTERRUPTED:
                    self._interrupted.popitem(last=False)
            raise

    def _choose(
        self,
        browsed: tuple[str, ...],
        settings: ExplainSettings,
        step: int,
        pixels: Callable[[], Tensor],
    ) -> Generator[None, None, ChosenBackground]:
        """The background by step; those chosen last are kept, for a folder may be large."""
        asked = (browsed, settings.background, settings.seed)
        if asked != self._asked:
            self._chosen, self._asked = {}, asked
        if step not in self._chosen:
            chosen = self._chosen
            pictures = torch.cat([self._x0, pixels()]).cpu().numpy()
            how = self._classifier.preprocessing
            chosen[step] = yield from choose_background(self._path, pictures, how, *asked)
            return chosen[step]
        return self._chosen[step]

    def _keep(self, key: object, evidence: Evidence) -> None:
        self._finished[key] = evidence
        if len(self._finished) > KEPT_EVIDENCE:
            self._finished.popitem(last=False)

    def _run(
        self,
        queries: Sequence[Query],
        settings: ExplainSettings,
        chosen: ChosenBackground,
        step: int,
        pixels: Callable[[], Tensor],
    ) -> Running:
        background = self._decoded(chosen.paths) if chosen.paths else None
        x = pixels()
        # The same picture twice would differ by rounding, and that would look like a finding.
        same = torch.equal(x, self._x0)
        pictures = self._x0 if same else torch.cat([self._x0, x])
        pairs = [(int(q.side == "adversarial" and not same), q.class_index) for q in queries]
        summary = Summary(queries, self._classifier.labels, settings, step)
        told = 0.0
        for estimate in explain(self._classifier, pictures, pairs, background, settings):
            if estimate is None or (not estimate.done and time.perf_counter() - told < PACE):
                yield None
                continue
            told = time.perf_counter()
            evidence = summary.take(estimate)
            yield with_background(evidence, chosen)

    def _decoded(self, paths: tuple[str, ...]) -> PictureSet:
        """The background pictures; those of the last explanation are kept decoded."""
        if self._pictures is None or self._pictures.paths != paths:
            how, device = self._classifier.preprocessing, self._classifier.device
            self._pictures = PictureSet(paths, how, device)
        return self._pictures
