"""Expected gradients in work: passes over the background, one after the other."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import torch

from engine.explainers.base import Reading, Request
from engine.explainers.expected.error_accumulator import ENOUGH, ErrorAccumulator
from engine.explainers.expected.probing import Prober
from engine.explainers.expected.sampling_design import passes
from engine.explainers.expected.stratified_pass import StratifiedPass
from engine.explainers.explained_input import make_input, meaning
from engine.explainers.pacing import ChunkSize, most_rows
from engine.explainers.path_integral import Paths


class ExpectedGradients:
    """Running estimates of expected gradients: see `engine.explainers.base.Explainer`."""

    def __init__(self, request: Request) -> None:
        settings, pictures = request.settings, request.pictures
        self._request = request
        self._explained = make_input(request.classifier, settings, pictures)
        self._paths = Paths(self._explained, pictures, request.queries)
        rows = most_rows(pictures)
        self._prober = Prober(self._paths, request.background, settings.score, rows)
        self._accumulator = ErrorAccumulator(
            self._paths.shape, request.classifier.device, settings.seed
        )
        self._noise = torch.Generator().manual_seed(settings.seed)
        self._passes = passes(settings.samples, len(request.background), settings.seed)
        self._pass = self._next_pass()
        self._reading: Reading | None = None
        self.chunk = ChunkSize(4, max(1, rows // len(pictures)), settings.draws)

    def _next_pass(self) -> StratifiedPass:
        return StratifiedPass(
            next(self._passes),
            self._paths,
            self._prober,
            self._accumulator,
            self._request.settings.smoothing,
            self._noise,
        )

    def advance(self, size: int) -> Generator[None, None, int]:
        """Make the next draws, none beyond the end of a pass."""
        if not self._pass.left:
            self._pass.close()
            self._pass = self._next_pass()
        made = yield from self._pass.advance(size)
        if self._pass.changed:
            self._reading = None
        return made

    def read(self) -> Reading:
        """The estimate; the same one again while a cluster is open and nothing new is known."""
        if self._reading is None:
            reading = self._pass.read().reading(
                self._request,
                self._prober.expected,
                complete=self._explained.complete,
                trusted=self._accumulator.seen >= ENOUGH,
                note=meaning(self._explained, self._request.settings),
            )
            self._reading = replace(reading, spread=self._prober.spread)
        return self._reading
