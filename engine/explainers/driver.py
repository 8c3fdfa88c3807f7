"""The loop that all explainers share: how much to do at a time, when to tell, when to stop."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from math import inf, isfinite

import numpy as np
import torch
from torch import Tensor

from engine.evidence.estimate import Estimate
from engine.evidence.statistics import relative_error
from engine.explainers.arrays import scores
from engine.explainers.base import (
    Background,
    ExplainerModule,
    PictureClass,
    Reading,
    Request,
    TensorBackground,
)
from engine.explainers.checks import check_background, check_queries
from engine.explainers.pacing import PACE, Clock
from engine.models.classifier import Classifier
from engine.types import ExplainSettings


def drive(
    module: ExplainerModule,
    classifier: Classifier,
    pictures: Tensor,
    queries: Sequence[PictureClass],
    background: Background | None,
    settings: ExplainSettings,
) -> Iterator[Estimate | None]:
    """Running estimates of Q (picture, class) pairs, explained together by `module`'s explainer.

    Yields after every pass through the network: an estimate first and last, and every `PACE`
    seconds in between; else None. `seconds` do not count the reader's time between two yields.

    Args:
        module: the explainer's.
        classifier, pictures, queries, background, settings: see `engine.explainers.explain`.

    Raises:
        UserError: input that cannot be explained (see `engine.explainers.checks`), scores or
            gradients that are not finite, a device too small for one sample.
    """
    clock = Clock()
    request = _request(classifier, pictures, queries, background, settings)
    explainer = module.explainer(request)
    chunk = explainer.chunk
    # Whoever stops by the error wants to know it after every chunk.
    paced = settings.standard_error is None
    score_values = request.score_values
    reading: Reading | None = None
    samples, told = 0, 0.0
    while True:
        begun = clock.seconds
        size = chunk.following(settings.samples - samples, samples, begun, settings.seconds)
        try:
            made = yield from _looking_up(explainer.advance(size), clock)
        except (RuntimeError, MemoryError) as error:
            chunk.halve(error, size)
            continue
        samples += made
        # Without the reading, which can take longer and longer.
        chunk.took(made, clock.seconds - begun, clock.seconds)
        ending = samples >= settings.samples or clock.seconds >= (settings.seconds or inf)
        early = reading is not None and clock.seconds - told < PACE
        if paced and early and not ending:
            with clock.paused():
                yield None
            continue
        reading = explainer.read()
        told = clock.seconds
        estimate = Estimate(
            samples=samples,
            total=settings.samples,
            values=reading.values,
            standard_error=reading.standard_error,
            deviations=reading.deviations,
            degrees=reading.degrees,
            score_values=score_values,
            expected=reading.expected,
            spread=reading.spread,
            gap=reading.gap,
            seconds=told,
            note="; ".join(note for note in (reading.note, chunk.note) if note),
        )
        reason = why_stop(estimate, settings, trusted=reading.trusted)
        with clock.paused():
            yield replace(estimate, done=bool(reason), reason=reason)
        if reason:
            return


def why_stop(estimate: Estimate, settings: ExplainSettings, trusted: bool) -> str:
    """Why no sample should follow, or an empty string; `trusted`: the error is known well."""
    if estimate.samples >= estimate.total:
        return "all samples drawn"
    if settings.seconds is not None and estimate.seconds >= settings.seconds:
        return "time is up"
    if settings.standard_error is None or estimate.deviations is None or not trusted:
        return ""
    worst = float(np.max(relative_error(estimate.values, estimate.deviations)))
    if isfinite(worst) and worst <= settings.standard_error:
        return f"relative standard error is {worst:.2g}"
    return ""


def _request(
    classifier: Classifier,
    pictures: Tensor,
    queries: Sequence[PictureClass],
    background: Background | None,
    settings: ExplainSettings,
) -> Request:
    """What is asked, checked, without the pictures that nothing is asked about."""
    with torch.no_grad():
        logits = classifier(pictures)
    check_queries(classifier, pictures, queries, logits)
    if settings.has_background:
        background = check_background(background, pictures)
    else:
        background = TensorBackground(pictures[:0])
    used = sorted({picture for picture, _ in queries})
    return Request(
        classifier=classifier,
        pictures=pictures[used],
        queries=tuple((used.index(picture), index) for picture, index in queries),
        background=background,
        settings=settings,
        scores=scores(logits, settings.score).cpu().double().numpy()[used],
    )


def _looking_up(passes: Generator[None, None, int], clock: Clock) -> Generator[None, None, int]:
    """Work through `passes`, yielding between them while `clock` stands still."""
    while True:
        try:
            next(passes)
        except StopIteration as end:
            made: int = end.value
            return made
        with clock.paused():
            yield
