"""The library: what notebooks, scripts and the command line call. `import engine` leads here.

Pictures are paths, or pixels (3, H, W) in [0, 1] of the size that the network takes. The same
settings and seed give the numbers of the app.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine import explainers
from engine.attacks.attack_run import AttackRun, class_label, save_step
from engine.evidence.statistics import statistics
from engine.evidence.summary import Summary
from engine.evidence.warnings import with_background
from engine.models import allocator, catalog
from engine.models.classifier import Classifier
from engine.models.device import exact_arithmetic
from engine.pictures.background import ChosenBackground, PictureSet, choose_background
from engine.pictures.finding import find_pictures
from engine.pictures.reading import check_pixels, read
from engine.surveys.compare import compare
from engine.surveys.execution import SurveyRun
from engine.types import (
    AttackSettings,
    AttackStep,
    Execution,
    Experiment,
    ExplainSettings,
    Explanation,
    FloatArray,
    ListedModel,
    ModelSettings,
    Query,
    attack_settings,
    explain_settings,
    find_class,
)
from engine.types.generators import finish

__all__ = [
    "Classifier",
    "attack",
    "compare",
    "explain",
    "load",
    "networks",
    "prepare",
    "run_attack",
    "save_step",
    "statistics",
    "survey",
]

Picture = str | os.PathLike[str] | FloatArray | Tensor
"""A file, or pixels (3, H, W) in [0, 1] as the network takes them."""
Progress = Callable[[str, float, float], None]
"""Told what is being done, how much of it is done, and how much there is (0: unknown)."""


def prepare(threads: int | None = None) -> None:
    """Set this process up as the app does; the only function that changes global settings.

    Sums on CUDA become repeatable, in full float32 (`engine.models.device.exact_arithmetic`), glibc
    keeps freed memory for the next pass (`engine.models.allocator`), and torch takes `threads`
    threads on a CPU (None: one a core).
    """
    allocator.keep()
    exact_arithmetic()
    torch.set_num_threads(threads or os.cpu_count() or 1)


def networks() -> tuple[ListedModel, ...]:
    """All networks that can be loaded by name, the built-in one first."""
    return catalog.list_networks()


def load(
    network: str | ModelSettings = "builtin",
    *,
    weights: str | None = None,
    labels: str | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> Classifier:
    """Load a network.

    Args:
        network: `builtin`, the name of a torchvision classifier, or all settings together.
        weights: a file (`.safetensors`, `.pth`), or the name of published weights.
        labels: a file with the names of the classes.
        device: auto, cpu, cuda, cuda:N or mps.
        progress: told of downloads, in bytes.

    Returns:
        The network: called with pixels (N, 3, H, W) in [0, 1] it gives logits (N, C).

    Raises:
        UserError: see `engine.models.catalog.load`.

    Example:
        >>> load().labels[:2]
        ('jellyfish', 'ladybug')
    """
    settings = network
    if isinstance(settings, str):
        settings = ModelSettings(settings, weights, labels, device)
    steps = catalog.load(settings)
    while True:
        try:
            at = next(steps)
        except StopIteration as end:
            classifier: Classifier = end.value
            return classifier
        if progress is not None:
            progress(at.what, at.done, at.total)


def attack(
    classifier: Classifier,
    picture: Picture,
    target: str | int | None = None,
    method: str = "bim",
    *,
    settings: AttackSettings | None = None,
    **values: Any,
) -> Iterator[AttackStep]:
    """Attack a picture, iteration by iteration; step 0 is the clean picture.

    Args:
        classifier: the network.
        picture: a file or pixels.
        target: a class by name or index, `random`, `similar` or `nearest`; None: untargeted.
        method: one of `engine.METHODS`.
        settings: the whole record, in place of `target`, `method` and `values`.
        values: the method's settings, such as `epsilon`, `steps`, `stop`, `seed`.

    Raises:
        UserError: at the first step: a picture that cannot be read, an unknown class, a setting
            that the method has no use for.

    Example:
        >>> for step in attack(load(), "elephant.png", "daisy", epsilon=4 / 255):
        ...     print(step.step, step.probability_target)
    """
    run = _attack_run(classifier, picture, target, method, settings, values)
    yield run.step()
    while run.advance():
        yield run.step()


def run_attack(
    classifier: Classifier,
    picture: Picture,
    target: str | int | None = None,
    method: str = "bim",
    *,
    settings: AttackSettings | None = None,
    **values: Any,
) -> AttackStep:
    """The last iteration of `attack`, which takes the same arguments."""
    run = _attack_run(classifier, picture, target, method, settings, values)
    while run.advance():
        pass
    return run.step()


def _attack_run(
    classifier: Classifier,
    picture: Picture,
    target: str | int | None,
    method: str,
    settings: AttackSettings | None,
    values: dict[str, Any],
) -> AttackRun:
    if settings is None:
        rule = "none" if target is None else str(target)
        settings = attack_settings(method, target=rule, **values)
    x0 = _pixels(classifier, picture)
    with torch.no_grad():
        logits = classifier(x0)[0]
    return AttackRun(classifier, x0, logits, settings)


def explain(
    classifier: Classifier,
    picture: Picture,
    label: str | int | None = None,
    explainer: str = "expected",
    *,
    browsed: Sequence[str] | None = None,
    settings: ExplainSettings | None = None,
    progress: Progress | None = None,
    **values: Any,
) -> Explanation:
    """The evidence for a class in a picture, element by element, with errors.

    Args:
        classifier: the network.
        picture: a file or pixels.
        label: the class to explain, by name or index; None: the predicted one.
        explainer: one of `engine.EXPLAINERS`.
        browsed: files that a background is drawn from where the settings name no folder: by
            default those beside the picture, or the shipped samples.
        settings: the whole record, in place of `explainer` and `values`.
        progress: told of the samples drawn.
        values: the explainer's settings, such as `samples`, `score`, `layer`, `seed`.

    Raises:
        UserError: input that cannot be explained, an unknown class or layer, a setting that the
            explainer has no use for.

    Example:
        >>> explain(load(), "elephant.png", "daisy", samples=50).statistics["mean_abs"]
    """
    settings = settings or explain_settings(explainer, **values)
    x = _pixels(classifier, picture)
    if label is None:
        with torch.no_grad():
            index = int(classifier(x)[0].argmax())
    else:
        index = find_class(str(label), classifier.labels)
    background, chosen = None, ChosenBackground((), "")
    if settings.has_background:
        path = "" if isinstance(picture, np.ndarray | Tensor) else os.fspath(picture)
        if browsed is None:
            browsed = list(find_pictures(Path(path).parent)) if path else []
        how, pixels = classifier.preprocessing, x.cpu().numpy()
        asked = browsed, settings.background, settings.seed
        chosen = finish(choose_background(path, pixels, how, *asked))
        background = PictureSet(chosen.paths, how, classifier.device)
    last = None
    for last in explainers.explain(classifier, x, [(0, index)], background, settings):
        if last is not None and progress is not None:
            progress(f"explaining with {settings.explainer}", last.samples, last.total)
    assert last is not None  # the last one is never None
    evidence = Summary([Query("clean", index)], classifier.labels, settings, 0).take(last)
    evidence = with_background(evidence, chosen)
    (attribution,) = evidence.attributions
    return Explanation(
        label=class_label(classifier, index),
        values=last.values[0],
        standard_error=None if last.standard_error is None else last.standard_error[0],
        statistics=attribution.statistics,
        errors=attribution.errors,
        score_value=attribution.score_value,
        expected=attribution.expected,
        gap=attribution.gap,
        samples=last.samples,
        background=evidence.background,
        note=evidence.note,
        settings=settings,
        evidence=evidence,
        warnings=evidence.warnings,
    )


def survey(
    experiment: Experiment,
    execution: Execution,
    *,
    classifier: Classifier | None = None,
    progress: Progress | None = None,
) -> SurveyRun:
    """The experiment over a folder: attack every picture, explain both sides, compare.

    Each finished picture is on disk before it is counted; the same call goes on where an earlier
    one ended. To be iterated to its end, when the report is written; `stop()` ends it after the
    pictures in work.

    Args:
        experiment: what is asked.
        execution: where, and how many at once.
        classifier: the network, if it is loaded already.
        progress: told of downloads.

    Raises:
        UserError: anything that must be put right first; nothing has been overwritten then.

    Example:
        >>> for frame in survey(Experiment("photos", limit=20), Execution("run")):
        ...     print(frame.done, "of", frame.total)
    """
    return SurveyRun(experiment, execution, classifier or load(experiment.model, progress=progress))


def _pixels(classifier: Classifier, picture: Picture) -> Tensor:
    """The picture as (1, 3, H, W) on the network's device."""
    if isinstance(picture, Tensor):
        picture = picture.detach().cpu().numpy()
    if isinstance(picture, np.ndarray):
        pixels = check_pixels(picture, classifier.preprocessing, "the picture")
    else:
        pixels = read(picture, classifier.preprocessing)
    return torch.from_numpy(pixels)[None].to(classifier.device)
