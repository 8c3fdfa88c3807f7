"""An attack on one picture: iterated on demand, its trace, and any iteration of it again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path

import torch
from torch import Tensor

from engine.attacks import base as attacks
from engine.attacks.history import History
from engine.attacks.stopping import stops, succeeded
from engine.attacks.targets import resolve_target
from engine.models.classifier import Classifier
from engine.pictures.fitting import for_display
from engine.pictures.reading import read
from engine.pictures.saving import save_picture
from engine.types import (
    AttackSettings,
    AttackStep,
    ClassLabel,
    Frame,
    Prediction,
    SavedAttack,
    StepRecord,
)

TOP = 5
"""Predictions shown of a picture."""


class AttackRun:
    """An attack as `settings` say, at step 0: the clean picture.

    Args:
        classifier: the network that is attacked.
        x0: the clean picture (1, 3, H, W) in [0, 1], on the network's device.
        clean_logits: the network's logits (C,) for it.
        settings: the attack; its target is resolved on the clean logits.

    Raises:
        UserError: an unknown target class, or one that the network predicts already.
    """

    def __init__(
        self, classifier: Classifier, x0: Tensor, clean_logits: Tensor, settings: AttackSettings
    ) -> None:
        self.settings = settings
        self.original = class_label(classifier, int(clean_logits.argmax()))
        index = resolve_target(
            settings.target,
            clean_logits,
            classifier.labels,
            settings.seed,
            classifier.last_weights,
        )
        self.target = None if index is None else class_label(classifier, index)
        self.cursor = 0
        self.finished = ""
        self.success_step: int | None = None
        self.trace: list[StepRecord] = []
        self._classifier = classifier
        self._x0 = x0
        self._clean_logits = clean_logits
        label = self.target or self.original
        self._classes = torch.tensor([label.index], device=classifier.device)
        self._predictions: list[tuple[Prediction, ...]] = []
        self._reached: list[bool] = []
        self._history = History()
        self._steps = self._iterate()
        self.advance()

    def _iterate(self, state: attacks.State | None = None) -> Iterator[attacks.Step]:
        return attacks.attack(
            self._classifier,
            self._x0,
            self._classes,
            self.settings,
            targeted=self.target is not None,
            state=state,
        )

    def advance(self) -> bool:
        """Compute the next iteration and move the cursor to it; False when there is none."""
        step = None if self.finished else next(self._steps, None)
        if step is None:
            return False
        number = step.state.step
        self._history.add(step.state)
        self.trace.append(self._record(step))
        self._predictions.append(self._shown(step.logits[0]))
        self.cursor = number
        targeted = self.target is not None
        self._reached.append(bool(succeeded(step.logits, self._classes, targeted=targeted)))
        if number and self.success_step is None and self._reached[number]:
            self.success_step = number
        if number and self._stops(step.logits):
            reasons = {"success": "the goal is reached", "matched": "as sure as the clean picture"}
            self.finished = f"stopped at step {number}: {reasons[self.settings.stop]}"
        elif number >= self.settings.iterations:
            self.finished = f"all {number} steps done" if number > 1 else "the one step is done"
        return True

    def _stops(self, logits: Tensor) -> bool:
        return bool(
            stops(
                logits,
                self._classes,
                self._clean_logits[None],
                self.settings.stop,
                targeted=self.target is not None,
            )
        )

    def seek(self, step: int) -> None:
        """Put the cursor on an iteration that has been computed (the nearest one otherwise)."""
        self.cursor = min(max(0, step), len(self.trace) - 1)

    def picture(self, step: int) -> Tensor:
        """Pixels (1, 3, H, W) of a computed iteration, on the device."""
        kept = self._history.nearest(step)
        device = self._classifier.device
        if kept.step == step:
            return kept.x.to(device)
        memory = None if kept.memory is None else kept.memory.to(device)
        start = attacks.State(kept.step, kept.x.to(device), memory)
        return next(s.state.x for s in self._iterate(start) if s.state.step == step)

    def frame(self, playing: bool) -> Frame:
        """What the screen draws at the cursor."""
        x = self.picture(self.cursor)
        # Amplified so that a change of epsilon spans half of the grey scale.
        factor = 0.5 / self.settings.epsilon if self.settings.epsilon else 1.0
        amplified = 0.5 + factor * (x - self._x0)
        return Frame(
            step=self.cursor,
            picture=for_display(x[0].cpu().numpy()),
            perturbation=for_display(amplified[0].cpu().numpy()),
            factor=factor,
            predictions=self._predictions[self.cursor],
            trace=tuple(self.trace),
            target=self.target,
            original=self.original,
            success_step=self.success_step,
            playing=playing,
            finished=self.finished,
            settings=self.settings,
            clean=self._shown(self._clean_logits),
        )

    def step(self) -> AttackStep:
        """The iteration at the cursor, with its pixels."""
        record = self.trace[self.cursor]
        return AttackStep(
            **{one.name: getattr(record, one.name) for one in fields(StepRecord)},
            pixels=self.picture(self.cursor)[0].cpu().numpy(),
            settings=self.settings,
            target=self.target,
            original=self.original,
            reached=self._reached[self.cursor],
            success_step=self.success_step,
            finished=self.finished,
        )

    def _shown(self, logits: Tensor) -> tuple[Prediction, ...]:
        """The likeliest classes, then target and original."""
        labels = [label for label in (self.target, self.original) if label is not None]
        return top_predictions(self._classifier, logits, [label.index for label in labels])

    def _record(self, step: attacks.Step) -> StepRecord:
        probability = step.logits[0].softmax(0)
        target = float("nan") if self.target is None else float(probability[self.target.index])
        return StepRecord(
            step=step.state.step,
            loss=float(step.loss[0]),
            linf=float(step.linf[0]),
            l2=float(step.l2[0]),
            probability_target=target,
            probability_original=float(probability[self.original.index]),
            top=top_predictions(self._classifier, step.logits[0]),
        )


def save_step(
    classifier: Classifier, step: AttackStep, folder: str | os.PathLike[str], name: str
) -> SavedAttack:
    """Write an iteration's pixels as .npy (exact) and .png (rounded to 8 bits).

    The files are called `name`_stepN. The PNG is read again and predicted: rounding can lose the
    attack.

    Raises:
        BadFolder: the folder cannot be written.
    """
    place = Path(folder).expanduser().resolve()
    npy, png = save_picture(step.pixels, place, f"{name}_step{step.step}")
    again = torch.from_numpy(read(png, classifier.preprocessing))[None]
    with torch.no_grad():
        logits = classifier(again.to(classifier.device))
    aim = torch.tensor([(step.target or step.original).index], device=classifier.device)
    survived = bool(succeeded(logits, aim, targeted=step.target is not None))
    seen = top_predictions(classifier, logits[0])[0]
    return SavedAttack(str(npy), str(png), survived, seen)


def class_label(classifier: Classifier, index: int) -> ClassLabel:
    """One of the network's classes by index."""
    return ClassLabel(index, classifier.labels[index])


def top_predictions(
    classifier: Classifier, logits: Tensor, also: Sequence[int] = ()
) -> tuple[Prediction, ...]:
    """The `TOP` likeliest classes for logits (C,), then the classes `also` not among them."""
    probability = logits.softmax(0).cpu()
    top = probability.topk(min(TOP, len(probability))).indices.tolist()
    return tuple(
        Prediction(index, classifier.labels[index], float(probability[index]))
        for index in dict.fromkeys([*top, *also])
    )
