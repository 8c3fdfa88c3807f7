"""What the engine tells the screen of networks, attacks and evidence."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields

from engine.types.choices import ByteArray, FloatArray, Side
from engine.types.settings import AttackSettings, ExplainSettings

NORMAL = 1.96
"""Standard errors that a 95 % interval reaches to each side where the error is known well."""

Ratio = tuple[float, float, float]
"""Adversarial over clean, and the ends of its 95 % interval (nan where the error is not known)."""


@dataclass(frozen=True, slots=True)
class ClassLabel:
    """One of the network's classes."""

    index: int
    name: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """A class with its softmax probability in [0, 1]."""

    index: int
    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What the screen shows of a loaded network. `input_size` is (height, width) in pixels."""

    name: str
    device: str
    labels: tuple[str, ...]
    input_size: tuple[int, int]
    layers: tuple[str, ...]
    parameters: int
    weights: str


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A network that can be loaded, with its default weights.

    `cached` says whether the weights are on this machine; `megabytes`, `parameters` and
    `accuracy` (top-1 on ImageNet, %) are 0 where they are not published.
    """

    name: str
    weights: str
    cached: bool
    megabytes: float
    parameters: int
    accuracy: float


@dataclass(frozen=True, slots=True)
class StepRecord:
    """The numbers of one iteration; step 0 is the clean picture.

    `loss` is the cross-entropy towards the target (away from the original class when
    untargeted); `linf` and `l2` are distances to the clean picture in [0, 1] units.
    `probability_target` is nan when there is no target.
    """

    step: int
    loss: float
    linf: float
    l2: float
    probability_target: float
    probability_original: float
    top: tuple[Prediction, ...]


@dataclass(frozen=True, slots=True, eq=False)
class AttackStep(StepRecord):
    """One iteration with its pixels (3, H, W), float32 in [0, 1].

    `target` is None for an untargeted attack, `original` the network's prediction for the clean
    picture. `reached` says whether this iteration meets the attack's goal, `success_step` which one
    did first (None: none so far), `finished` in words why no step follows.
    """

    pixels: FloatArray
    settings: AttackSettings
    target: ClassLabel | None
    original: ClassLabel
    reached: bool
    success_step: int | None
    finished: str

    @property
    def record(self) -> StepRecord:
        """The numbers without the pixels, for keeping many of them."""
        return StepRecord(*(getattr(self, field.name) for field in fields(StepRecord)))


@dataclass(frozen=True, slots=True)
class SavedAttack:
    """Files written; `survived` says whether the attack outlived the PNG's 8 bits, and
    `prediction` is what the network sees in it.
    """

    npy: str
    png: str
    survived: bool
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class Frame:
    """What the screen draws of one iteration of an attack.

    `picture` and `perturbation` are for display and no larger than a terminal can show; grey
    128 is no change, and `factor` is the amplification of the perturbation. `trace` holds the
    numbers of every step so far, so that a dropped frame loses nothing. `predictions` are the
    top five of this step, then target and original class if they are not among them; `clean` the
    same of the clean picture. `success_step` is the first step at which the attack's goal was
    reached; `finished` says in words why no step follows, or is empty.
    """

    step: int
    picture: ByteArray
    perturbation: ByteArray
    factor: float
    predictions: tuple[Prediction, ...]
    trace: tuple[StepRecord, ...]
    target: ClassLabel | None
    original: ClassLabel
    success_step: int | None
    playing: bool
    finished: str = ""
    settings: AttackSettings = field(default_factory=AttackSettings)
    clean: tuple[Prediction, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """One cell of a comparison: which picture, which class."""

    side: Side
    class_index: int


@dataclass(frozen=True, slots=True)
class Attribution:
    """The evidence for one class in one picture.

    `heat` (h, w) is the attribution summed over channels and pooled (mean) to display size, in
    the score's units per input pixel; `heat_error` is its standard error or None. `statistics`
    and `errors` have the same keys (see `engine.evidence.statistics.STATISTICS`); an error is nan
    where it cannot be known. `score_value` is the score of the explained picture, `expected` its
    mean over the background (nan where there is none), `gap` the completeness gap: sum of the
    attribution minus (score_value - expected), nan where completeness is not promised. `noise`
    is the mean |phi| that sampling alone would give if there were no evidence at all, nan where
    it cannot be known. `interval` is how many standard errors a 95 % interval reaches to each side:
    more than 1.96 while few draws tell the error, always finite; where an error is nan there is no
    interval, whatever it says.
    """

    query: Query
    name: str
    heat: FloatArray
    heat_error: FloatArray | None
    statistics: dict[str, float]
    errors: dict[str, float]
    histogram: FloatArray
    score_value: float
    expected: float
    gap: float
    noise: float = math.nan
    interval: float = NORMAL


@dataclass(frozen=True, slots=True)
class Evidence:
    """A running explanation, as the screen draws it.

    `edges` are the common histogram bins of all attributions, symmetric about zero; outer bins hold
    what lies beyond. `contrasts[k]` maps a statistic to (difference, standard error of the
    difference) between the k-th clean and the k-th adversarial query; draws are shared, so the
    error of the difference is smaller than the two errors suggest; `intervals[k]` is to it what
    `interval` is to an `Attribution`. `ratios[k]` maps each statistic that is above zero on both
    sides to adversarial over clean with its 95 % interval (`engine.evidence.ratios`). `step` is the
    attack's iteration that was explained. Classes that memory has no room for come later; `samples`
    of `total`, at `rate` a second, are those of the classes in work. `note` says what the values
    mean where that is not plain SHAP (gradient x activation, R-squared of a LIME fit ...).
    `background` is the digest of the background pictures
    (`engine.pictures.background.background_digest`), empty where the values depend on none.
    `warnings` are sentences that say why it hardly means "no evidence".
    """

    attributions: tuple[Attribution, ...]
    edges: FloatArray
    contrasts: tuple[dict[str, tuple[float, float]], ...]
    samples: int
    total: int
    seconds: float
    seconds_left: float
    done: bool
    step: int
    settings: ExplainSettings
    note: str = ""
    intervals: tuple[float, ...] = ()
    ratios: tuple[dict[str, Ratio], ...] = ()
    rate: float = math.nan
    background: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def interval(self) -> float:
        """That of the first contrast."""
        return self.intervals[0] if self.intervals else NORMAL


@dataclass(frozen=True, slots=True)
class EvidencePoint:
    """Evidence for a class at one iteration: mean |phi|-like figure with its standard error.

    `interval` as in `Attribution`.
    """

    step: int
    class_index: int
    value: float
    error: float
    interval: float = NORMAL


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """The evidence for one class in one picture, element by element.

    `values` (C, h, w) are the attribution in the score's units per element of what is explained
    (pixels, or a layer's input), `standard_error` the error of each (None where the explainer does
    not tell it). `statistics` and `errors` are figures of it with their standard errors (see
    `engine.types.statistics.STATISTICS`). The other figures are those of `Attribution`;
    `background` is the digest of the background pictures, `note` says what the values mean where
    that is not plain SHAP. `warnings` are those of
    `Evidence`; `evidence` is the same pooled and summed up as the app draws it.
    """

    label: ClassLabel
    values: FloatArray
    standard_error: FloatArray | None
    statistics: dict[str, float]
    errors: dict[str, float]
    score_value: float
    expected: float
    gap: float
    samples: int
    background: str
    note: str
    settings: ExplainSettings
    evidence: Evidence
    warnings: tuple[str, ...]
