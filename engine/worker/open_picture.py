"""One open picture, the attack on it, and what has been computed of both.

No thread and no queue in here: the worker drives it, tests and scripts can as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from engine.attacks.attack_run import AttackRun, class_label, save_step, top_predictions
from engine.models.classifier import Classifier
from engine.pictures.fitting import for_display
from engine.pictures.reading import read
from engine.types import (
    AttackSettings,
    Evidence,
    ExplainSettings,
    Query,
    SavedAttack,
    UserError,
)
from engine.worker.explanations import Explanations
from engine.worker.protocol import Opened


class OpenPicture:
    """A picture, decoded, fitted to a network and classified by it.

    `x0` are its pixels (1, 3, H, W) in [0, 1], `original` is the predicted class, `attack` the
    attack on it, if one was begun.

    Raises:
        UserError: the picture cannot be read.
    """

    def __init__(self, classifier: Classifier, path: str) -> None:
        self.path = path
        self.x0 = torch.from_numpy(read(path, classifier.preprocessing))[None]
        self.x0 = self.x0.to(classifier.device)
        with torch.no_grad():
            self._clean_logits = classifier(self.x0)[0]
        self.original = class_label(classifier, int(self._clean_logits.argmax()))
        self.attack: AttackRun | None = None
        self._classifier = classifier
        self._explanations = Explanations(classifier, path, self.x0)

    def opened(self, run_id: int) -> Opened:
        """What the screen shows of the clean picture."""
        return Opened(
            run_id,
            self.path,
            for_display(self.x0[0].cpu().numpy()),
            top_predictions(self._classifier, self._clean_logits),
            self.original,
        )

    def start(self, settings: AttackSettings) -> AttackRun:
        """Begin an attack, at step 0; the one before is forgotten unless this one is refused.

        Raises:
            UserError: see `AttackRun`.
        """
        self.attack = AttackRun(self._classifier, self.x0, self._clean_logits, settings)
        self._explanations.clear()
        return self.attack

    def explain(
        self,
        queries: Sequence[Query],
        settings: ExplainSettings,
        browsed: Sequence[str] = (),
        step: int | None = None,
    ) -> Iterator[Evidence | None]:
        """Explain the clean picture and an iteration (None: the cursor's); see `Explanations`.

        Queries about an attack are left out while there is none.
        """
        attack = self.attack
        if attack is None:
            clean = [query for query in queries if query.side == "clean"]
            return self._explanations.explain(clean, settings, browsed, 0, lambda: self.x0)
        at = attack.cursor if step is None else step
        return self._explanations.explain(
            queries, settings, browsed, at, lambda: attack.picture(at)
        )

    def save(self, folder: str) -> SavedAttack:
        """Write the picture at the cursor to files: see `save_step`.

        Raises:
            UserError: there is no attack, or the folder cannot be written.
        """
        attack = self.attack
        if attack is None:
            raise UserError("there is no attack to save: start one first.")
        return save_step(self._classifier, attack.step(), folder, Path(self.path).stem)
