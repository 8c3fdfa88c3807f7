"""One open picture, the attack on it, and what has been computed of both.

No thread and no queue in here: the worker drives it, tests and scripts can as well.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from engine.attacks import base as attacks
from engine.attacks.history import History
from engine.evidence.summary import Gathering
from engine.explain import explain
from engine.explain.pacing import PACE
from engine.models.classifier import Classifier
from engine.pictures import saving
from engine.pictures.background import PictureSet, background_paths
from engine.pictures.fitting import for_display
from engine.pictures.reading import read
from engine.types import (
    AttackSettings,
    ClassLabel,
    Evidence,
    ExplainSettings,
    Frame,
    Prediction,
    Query,
    StepRecord,
)
from engine.worker.protocol import Opened, Saved

KEPT_EVIDENCE = 512
"""Finished explanations kept for when their iteration is visited again."""
KEPT_INTERRUPTED = 2
"""Unfinished ones, whose running sums take room: one that was left, one that was looked at."""

Running = Iterator[Evidence | None]


class Session:
    """An open picture and its attack on a classifier.

    Raises:
        UserError: the picture cannot be read.
    """

    def __init__(self, classifier: Classifier, path: str, browsed: Sequence[str] = ()) -> None:
        self.classifier = classifier
        self.path = path
        self.browsed = browsed
        pixels = read(path, classifier.preprocessing)
        self.x0 = torch.from_numpy(pixels)[None].to(classifier.device)
        with torch.no_grad():
            self.clean_logits = classifier(self.x0)[0]
        self.original = self._label(int(self.clean_logits.argmax()))
        self.target: ClassLabel | None = None
        self.settings: AttackSettings | None = None
        self.cursor = 0
        self.finished = ""
        self.success_step: int | None = None
        self.trace: list[StepRecord] = []
        self._predictions: list[tuple[Prediction, ...]] = []
        self._history = History()
        self._steps: Iterator[attacks.Step] = iter(())
        self._evidence: OrderedDict[object, Evidence] = OrderedDict()
        self._interrupted: OrderedDict[object, tuple[Running, Evidence | None]] = OrderedDict()
        self._backgrounds: dict[object, PictureSet] = {}

    # --- the attack ---------------------------------------------------------------------------

    def opened(self, run_id: int) -> Opened:
        """What the screen shows of the clean picture."""
        return Opened(
            run_id,
            self.path,
            for_display(self.x0[0].cpu().numpy()),
            self._top(self.clean_logits, ()),
            self.original,
        )

    def start(self, settings: AttackSettings) -> None:
        """Resolve the target and make step 0 the current one.

        Raises:
            UserError: unknown target class, or one that the network predicts already.
        """
        found = attacks.resolve_target(
            settings.target,
            self.clean_logits,
            self.classifier.labels,
            settings.seed,
            self.classifier.last_weights,
        )
        self.target = None if found is None else self._label(found)
        self.settings = settings
        self.cursor, self.finished, self.success_step = 0, "", None
        self.trace, self._predictions, self._history = [], [], History()
        self._evidence.clear()
        self._interrupted.clear()
        self._steps = self._attack()
        self.advance()

    def _attack(self, state: attacks.State | None = None) -> Iterator[attacks.Step]:
        assert self.settings is not None
        return attacks.attack(
            self.classifier,
            self.x0,
            self._classes,
            self.settings,
            targeted=self.target is not None,
            state=state,
        )

    @property
    def _classes(self) -> Tensor:
        label = self.target or self.original
        return torch.tensor([label.index], device=self.classifier.device)

    def advance(self) -> bool:
        """Compute the next iteration and move the cursor to it; False when there is none."""
        step = None if self.finished else next(self._steps, None)
        if step is None or self.settings is None:
            return False
        targeted = self.target is not None
        number = step.state.step
        self._history.add(step.state)
        self.trace.append(self._record(step))
        self._predictions.append(self._top(step.logits[0], self._shown))
        self.cursor = number
        goal = attacks.succeeded(step.logits, self._classes, targeted=targeted)
        if bool(goal) and self.success_step is None and number:
            self.success_step = number
        stop = attacks.stops(
            step.logits,
            self._classes,
            self.clean_logits[None],
            self.settings.stop,
            targeted=targeted,
        )
        if number and bool(stop):
            self.finished = (
                f"stopped at step {number}: "
                + ("the goal is reached" if self.settings.stop == "success" else "")
                + ("as sure as the clean picture" if self.settings.stop == "matched" else "")
            )
        elif number >= self.settings.iterations:
            self.finished = f"all {number} steps done" if number > 1 else "the one step is done"
        return True

    def seek(self, step: int) -> None:
        """Put the cursor on an iteration that has been computed (the nearest one otherwise)."""
        self.cursor = min(max(0, step), max(0, len(self.trace) - 1))

    def picture(self, step: int) -> Tensor:
        """Pixels (1, 3, H, W) of a computed iteration, on the device."""
        if not self.trace:
            return self.x0
        kept = self._history.nearest(step)
        device = self.classifier.device
        if kept.step == step:
            return kept.x.to(device)
        memory = None if kept.memory is None else kept.memory.to(device)
        start = attacks.State(kept.step, kept.x.to(device), memory)
        return next(s.state.x for s in self._attack(start) if s.state.step == step)

    def frame(self, playing: bool) -> Frame:
        """What the screen draws at the cursor."""
        assert self.settings is not None
        x = self.picture(self.cursor)
        # Amplified so that a change of epsilon spans half of the grey scale.
        factor = 0.5 / self.settings.epsilon if self.settings.epsilon else 1.0
        amplified = 0.5 + factor * (x - self.x0)
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
            clean=self._top(self.clean_logits, self._shown),
        )

    @property
    def _shown(self) -> tuple[int, ...]:
        return tuple(label.index for label in (self.target, self.original) if label is not None)

    def _label(self, index: int) -> ClassLabel:
        return ClassLabel(index, self.classifier.labels[index])

    def _top(self, logits: Tensor, also: Sequence[int]) -> tuple[Prediction, ...]:
        probability = logits.softmax(0).cpu()
        top = probability.topk(min(5, len(probability))).indices.tolist()
        return tuple(
            Prediction(index, self.classifier.labels[index], float(probability[index]))
            for index in [*top, *(index for index in dict.fromkeys(also) if index not in top)]
        )

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
            top=self._top(step.logits[0], ()),
        )

    # --- the evidence -------------------------------------------------------------------------

    def explain(
        self, queries: Sequence[Query], settings: ExplainSettings, step: int | None = None
    ) -> Iterator[Evidence | None]:
        """Running explanations of the clean picture and of an iteration (None: the cursor's).

        Yields at least after every chunk of work: evidence at most every `PACE` seconds, None in
        between. A finished one is kept: asking for it again yields it at once. Those
        closed last before their end are kept, too: asking again goes on with them.

        Raises:
            UserError: no background, unknown layer or class, or a failing network.
        """
        step = self.cursor if step is None else step
        asked = tuple(q for q in queries if q.side == "clean" or self.trace)
        key = (step, asked, settings)
        if key in self._evidence:
            yield self._evidence[key]
            return
        running, found = self._interrupted.pop(key, (None, None))
        try:
            if found is not None:
                yield found
            running = running or self._running(asked, settings, step)
            for evidence in running:
                found = evidence or found
                if evidence is not None and evidence.done:
                    self._evidence[key] = evidence
                    if len(self._evidence) > KEPT_EVIDENCE:
                        self._evidence.popitem(last=False)
                yield evidence
        except GeneratorExit:
            if running is not None and (found is None or not found.done):
                self._interrupted[key] = running, found
                if len(self._interrupted) > KEPT_INTERRUPTED:
                    self._interrupted.popitem(last=False)
            raise

    def _running(self, asked: Sequence[Query], settings: ExplainSettings, step: int) -> Running:
        background, note = self.background(settings)
        x = self.picture(step)
        # The same picture twice would differ by rounding, and that would look like a finding.
        same = torch.equal(x, self.x0)
        pictures = self.x0 if same else torch.cat([self.x0, x])
        pairs = [(int(q.side == "adversarial" and not same), q.class_index) for q in asked]
        gathering = Gathering(asked, self.classifier.labels, settings, step)
        told = 0.0
        for estimate in explain(self.classifier, pictures, pairs, background, settings):
            if estimate is None or (not estimate.done and time.perf_counter() - told < PACE):
                yield None
                continue
            told = time.perf_counter()
            found = gathering.take(estimate)
            if note and settings.has_background and note not in found.note:
                found = replace(found, note="; ".join(filter(None, (found.note, note))))
            yield found

    def background(self, settings: ExplainSettings) -> tuple[PictureSet, str]:
        """The background pictures, and a note: see `background_paths`."""
        key = (settings.background, settings.seed, len(self.browsed))
        if key not in self._backgrounds:
            paths, note = background_paths(self.path, self.browsed, settings)
            chosen = PictureSet(paths, self.classifier.preprocessing, self.classifier.device)
            self._backgrounds = {key: chosen}
            self._note = note
        return self._backgrounds[key], self._note

    # --- files --------------------------------------------------------------------------------

    def save(self, folder: str) -> Saved:
        """Write the picture at the cursor as .npy (exact) and .png (rounded to 8 bits).

        The PNG is read again and predicted: rounding can lose the attack.

        Raises:
            UserError: the folder cannot be written.
        """
        x = self.picture(self.cursor)[0].cpu().numpy()
        stem = f"{Path(self.path).stem}_step{self.cursor}"
        npy, png = saving.save_picture(x, Path(folder).expanduser().resolve(), stem)
        again = read(png, self.classifier.preprocessing)
        with torch.no_grad():
            logits = self.classifier(torch.from_numpy(again)[None].to(self.classifier.device))
        targeted = self.target is not None
        survived = bool(attacks.succeeded(logits, self._classes, targeted=targeted))
        return Saved(str(npy), str(png), survived, self._top(logits[0], ())[0])
