"""The class whose evidence is asked for, in each of the two pictures."""

from __future__ import annotations

from typing import Literal, get_args

from engine.types import ClassLabel, Frame, Prediction, Query
from engine.worker.protocol import Opened

ClassChoice = Literal["prediction", "target", "original", "picked"]
CLASS_CHOICES: tuple[ClassChoice, ...] = get_args(ClassChoice)


def top(predictions: tuple[Prediction, ...]) -> Prediction:
    """The likeliest of `predictions`."""
    return max(predictions, key=lambda prediction: prediction.probability)


class ExplainedClass:
    """`choice` is the rule; `picked` the class that the rule "picked" means."""

    def __init__(self) -> None:
        self.choice: ClassChoice = "prediction"
        self.picked: ClassLabel | None = None

    def next(self) -> None:
        """Take the next rule; "picked" only if a class has been."""
        choices = [choice for choice in CLASS_CHOICES if choice != "picked" or self.picked]
        at = choices.index(self.choice) if self.choice in choices else -1
        self.choice = choices[(at + 1) % len(choices)]

    def pick(self, label: ClassLabel) -> None:
        """Explain this class."""
        self.choice, self.picked = "picked", label

    def forget(self) -> None:
        """Another picture, perhaps of another network: no class is picked."""
        self.picked = None
        if self.choice == "picked":
            self.choice = "prediction"

    def queries(self, opened: Opened | None, frame: Frame | None) -> tuple[Query, ...]:
        """What to ask of the clean picture and of the iteration that is shown."""
        if opened is None:
            return ()
        clean = adversarial = opened.original.index
        if frame is not None and self.choice == "prediction":
            adversarial = top(frame.predictions).index
        elif self.choice == "target" and frame and frame.target:
            clean = adversarial = frame.target.index
        elif self.choice == "picked" and self.picked:
            clean = adversarial = self.picked.index
        queries = [Query("clean", clean)]
        if frame is not None:
            queries.append(Query("adversarial", adversarial))
        return tuple(queries)


def likeliest(predictions: tuple[Prediction, ...], count: int) -> tuple[int, ...]:
    """Indices of the likeliest classes, best first."""
    ordered = sorted(predictions, key=lambda prediction: -prediction.probability)
    return tuple(prediction.index for prediction in ordered[:count])
