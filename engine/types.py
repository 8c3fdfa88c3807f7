"""Records that cross the thread: frozen, made of plain Python and numpy only.

May import the standard library and numpy, nothing else: the screen imports this module
before torch is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]
"""Floating point values; shape and units are stated where it is used."""
ByteArray = npt.NDArray[np.uint8]
"""A picture for display: (H, W, 3), 0..255."""

Method = Literal["fgsm", "bim", "pgd", "mifgsm", "blog"]
StopRule = Literal["never", "success", "matched"]
Score = Literal["logit", "probability"]
Explainer = Literal["expected", "shap", "integrated", "lime"]
LayerForm = Literal["activation", "difference"]
Baseline = Literal["black", "blurred", "mean"]
Side = Literal["clean", "adversarial"]

METHODS: tuple[Method, ...] = get_args(Method)
STOP_RULES: tuple[StopRule, ...] = get_args(StopRule)
SCORES: tuple[Score, ...] = get_args(Score)
EXPLAINERS: tuple[Explainer, ...] = get_args(Explainer)
LAYER_FORMS: tuple[LayerForm, ...] = get_args(LayerForm)
BASELINES: tuple[Baseline, ...] = get_args(Baseline)
TARGET_RULES = ("random", "similar", "nearest", "none")
"""Targets chosen by rule: uniform over the other classes; the runner-up class of the clean
picture; the class whose last-layer weights are nearest; untargeted."""

METHOD_NAMES: dict[Method, str] = {
    "fgsm": "FGSM",
    "bim": "BIM",
    "pgd": "PGD",
    "mifgsm": "MI-FGSM",
    "blog": "blog's loop",
}


class UserError(Exception):
    """Something the user can put right: one sentence with what, which file or setting, and how."""


def suggest(word: str, names: tuple[str, ...] | list[str], count: int = 3) -> str:
    """`": did you mean a, b?"` for the names nearest to `word`, or an empty string."""
    by_key = {name.casefold().replace("_", " "): name for name in reversed(names)}
    key = word.casefold().replace("_", " ")
    close = get_close_matches(key, by_key, n=count, cutoff=0.5)
    close += [name for name in by_key if key and key in name and name not in close]
    return f": did you mean {', '.join(by_key[k] for k in close[:count])}?" if close else ""


def parse_fraction(text: str, what: str = "epsilon") -> float:
    """A number in [0, 1] written as `0.01` or `2.55/255`.

    Raises:
        UserError: not a number, or outside [0, 1].
    """
    number, slash, divisor = text.strip().partition("/")
    try:
        value = float(number) / (float(divisor) if slash else 1.0)
    except (ValueError, ZeroDivisionError):
        raise UserError(
            f"{what} must be a number such as 0.01 or 2.55/255, not {text!r}."
        ) from None
    return check_fraction(value, what)


def check_fraction(value: float, what: str = "epsilon") -> float:
    """`value` if it lies in [0, 1]; a `UserError` that names `what` otherwise."""
    if not 0.0 <= value <= 1.0:
        raise UserError(
            f"{what} must lie between 0 and 1 (pixels are in [0, 1]), not {value:g};"
            f" for 8-bit units write {value:g}/255."
        )
    return value


def _check_choice(value: str, choices: tuple[str, ...], what: str) -> None:
    if value not in choices:
        raise UserError(f"{what} must be one of {', '.join(choices)}, not {value!r}.")


def _check_count(value: int, low: int, high: int, what: str) -> None:
    if not low <= value <= high:
        raise UserError(f"{what} must lie between {low} and {high}, not {value}.")


def find_class(text: str, labels: tuple[str, ...]) -> int:
    """Index of the class called `text` (a name, case and underscores aside, or an index).

    Raises:
        UserError: no such class; names the nearest labels.
    """
    word = text.strip()
    if word.isdecimal():
        index = int(word)
        if index < len(labels):
            return index
        raise UserError(
            f"class {index} does not exist: this network has classes 0 to {len(labels) - 1}."
        )
    key = word.casefold().replace("_", " ")
    for index, label in enumerate(labels):
        if label.casefold().replace("_", " ") == key:
            return index
    raise UserError(f"unknown class {word!r}{suggest(word, labels)}")


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
class ModelSettings:
    """Which network to load, and where to run it.

    `weights` is a file (`.safetensors`, `.pth`) or the name of published weights such as
    `IMAGENET1K_V1`; None takes the published default.
    """

    name: str = "builtin"
    weights: str | None = None
    labels: str | None = None
    device: str = "auto"


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
class AttackSettings:
    """An attack, before its target has been resolved on a picture.

    `epsilon` and `alpha` are L-infinity in [0, 1] units; `alpha` None takes the method's
    default (`default_alpha`). `decay` is MI-FGSM's mu.
    """

    method: Method = "bim"
    target: str = "random"
    epsilon: float = 4 / 255
    alpha: float | None = None
    steps: int = 20
    stop: StopRule = "never"
    seed: int = 0
    decay: float = 1.0

    def __post_init__(self) -> None:
        _check_choice(self.method, METHODS, "method")
        _check_choice(self.stop, STOP_RULES, "stop")
        check_fraction(self.epsilon, "epsilon")
        if self.alpha is not None:
            check_fraction(self.alpha, "alpha")
        _check_count(self.steps, 1, 10_000, "steps")
        _check_count(self.seed, 0, 2**32 - 1, "seed")

    @property
    def iterations(self) -> int:
        """Number of steps the method makes: FGSM makes one whatever `steps` says."""
        return 1 if self.method == "fgsm" else self.steps

    @property
    def step_size(self) -> float:
        """`alpha`, or the method's default.

        BIM and PGD: 2.5 epsilon / steps, so that the edge of the ball can be reached and moved
        along (Madry et al. 2018). MI-FGSM: epsilon / steps (Dong et al. 2018). FGSM and the
        blog's loop move by epsilon.
        """
        if self.method in ("fgsm", "blog"):
            return self.epsilon
        if self.alpha is not None:
            return self.alpha
        return self.epsilon / self.steps * (1.0 if self.method == "mifgsm" else 2.5)


@dataclass(frozen=True, slots=True)
class ExplainSettings:
    """How to explain a class. Fields that an explainer has no use for are ignored by it.

    `seconds` and `standard_error` stop early (None: off); `standard_error` is relative: the
    error of mean |phi| divided by mean |phi|. `smoothing` is the standard deviation of the
    noise added to the path, in the units of the explained input. `layer` None explains pixels.
    `background` is a folder; None takes the pictures being browsed. `draws` is the number of draws
    in one forward pass; None adapts it to time and memory, so that last digits can differ from
    run to run.
    """

    explainer: Explainer = "expected"
    score: Score = "probability"
    samples: int = 200
    seconds: float | None = None
    standard_error: float | None = None
    seed: int = 0
    smoothing: float = 0.0
    layer: str | None = None
    layer_form: LayerForm = "activation"
    baseline: Baseline = "black"
    superpixels: int = 50
    features: int = 10
    background: str | None = None
    draws: int | None = None

    def __post_init__(self) -> None:
        _check_choice(self.explainer, EXPLAINERS, "explainer")
        _check_choice(self.score, SCORES, "score")
        _check_choice(self.layer_form, LAYER_FORMS, "layer form")
        _check_choice(self.baseline, BASELINES, "baseline")
        _check_count(self.samples, 1, 1_000_000, "samples")
        _check_count(self.seed, 0, 2**32 - 1, "seed")
        _check_count(self.superpixels, 2, 1000, "superpixels")
        _check_count(self.features, 1, 1000, "features")
        if self.draws is not None:
            _check_count(self.draws, 1, 65536, "draws")
        if self.smoothing < 0:
            raise UserError(f"smoothing must not be negative, it is {self.smoothing:g}.")


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
    and `errors` have the same keys (see `engine.evidence.STATISTICS`); an error is nan where it
    cannot be known. `score_value` is the score of the explained picture, `expected` its mean
    over the background (nan where there is none), `gap` the completeness gap: sum of the
    attribution minus (score_value - expected), nan where completeness is not promised.
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


@dataclass(frozen=True, slots=True)
class Evidence:
    """A running explanation, as the screen draws it.

    `edges` are the common histogram bins of all attributions, symmetric about zero.
    `contrasts[k]` maps a statistic to (difference, standard error of the difference) between
    the k-th clean and the k-th adversarial query; draws are shared, so the error of the
    difference is smaller than the two errors suggest. `step` is the attack's iteration that was
    explained. `note` says what the values mean where that is not plain SHAP (gradient x
    activation, R-squared of a LIME fit ...).
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


@dataclass(frozen=True, slots=True)
class EvidencePoint:
    """Evidence for a class at one iteration: mean |phi|-like figure with its standard error."""

    step: int
    class_index: int
    value: float
    error: float


# --- the survey -------------------------------------------------------------------------------

Reference = Literal["fixed", "pair"]
Control = Literal["attack", "matched", "noise"]
SurveyState = Literal["running", "paused", "stopped", "finished"]
REFERENCES: tuple[Reference, ...] = get_args(Reference)
"""Backgrounds: a fixed set, as a detector in use would have; or the pair of clean and
adversarial picture itself, as the blog's script has it."""


@dataclass(frozen=True, slots=True)
class SurveySettings:
    """The experiment over a folder: every attack on every picture, explained in every way.

    Attacks are all combinations of `methods`, `epsilons` and `targets` (rules, see
    `TARGET_RULES`); `alpha`, `steps` and `decay` as in `AttackSettings`. The seed of each picture
    is derived from `seed` and its path. `limit` pictures are drawn with the seed; None takes all.
    `batch` pictures are attacked at once (0: by the device). `devices` shares the work among
    processes, `ray` among the nodes of a Ray cluster (its address; "" starts one here);
    neither changes any number, nor does `out`, the run's folder.
    """

    folder: str
    out: str
    model: ModelSettings = field(default_factory=ModelSettings)
    methods: tuple[Method, ...] = ("bim",)
    epsilons: tuple[float, ...] = (0.01,)
    targets: tuple[str, ...] = ("random", "similar")
    alpha: float | None = None
    steps: int = 20
    decay: float = 1.0
    explanations: tuple[ExplainSettings, ...] = (ExplainSettings(),)
    references: tuple[Reference, ...] = REFERENCES
    limit: int | None = None
    seed: int = 0
    batch: int = 0
    devices: tuple[str, ...] = ()
    ray: str | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        for rule in self.targets:
            _check_choice(rule, TARGET_RULES, "a survey's target")
        for method in self.methods:
            for epsilon in self.epsilons:
                AttackSettings(method, "random", epsilon, self.alpha, self.steps)
        for name in ("methods", "epsilons", "targets", "explanations"):
            values = getattr(self, name)
            if not values or len(set(values)) < len(values):
                raise UserError(f"{name} must name at least one, and none twice.")
        for reference in self.references:
            _check_choice(reference, REFERENCES, "references")
        if "fixed" not in self.references:
            raise UserError("references must name 'fixed': 'pair' is compared with it.")
        if self.limit is not None:
            _check_count(self.limit, 1, 10**9, "limit")
        _check_count(self.seed, 0, 2**32 - 1, "seed")
        _check_count(self.batch, 0, 4096, "batch")
        if any(one.seconds is not None for one in self.explanations):
            raise UserError("a survey cannot stop explanations by the clock: set --samples.")


@dataclass(frozen=True, slots=True)
class SurveyArm:
    """One attack of the survey, or one of its controls, and how it has fared so far.

    `attack` is what the explorer needs to repeat it, but for the picture's seed; for noise its
    epsilon alone counts. `matched` arms stop as soon as the attack is as sure as the network was
    of the clean picture. `reached` of `tried` pictures have met the goal (noise has none: all),
    after `steps` iterations in the median (nan: none).
    """

    key: str
    name: str
    control: Control
    attack: AttackSettings
    tried: int
    reached: int
    steps: float


@dataclass(frozen=True, slots=True)
class Separation:
    """How well one figure tells clean from adversarial pictures, over `pairs` pairs.

    `auroc` is the probability that the figure is higher for a clean picture than for an
    adversarial one (0.5: tells nothing; below: it is the other way round), between `low` and
    `high` with 95 % confidence. `tpr` is the share of adversarial pictures found at 5 % false
    alarms by calling adversarial what lies beyond `threshold` ("below" it or "above", whichever
    the AUROC says). `higher` is the share of pairs whose clean picture has the higher value.
    `roc` (2, n) holds false and true positive rates; `clean` and `adversarial` are counts on
    the bins between `edges`.
    """

    arm: str
    explanation: str
    statistic: str
    pairs: int
    auroc: float
    low: float
    high: float
    tpr: float
    threshold: float
    side: Literal["below", "above"]
    higher: float
    roc: FloatArray
    edges: FloatArray
    clean: FloatArray
    adversarial: FloatArray


@dataclass(frozen=True, slots=True)
class SurveyedPair:
    """A picture under one arm, with a figure of both sides and the settings that show it.

    `separation` is how far the adversarial value lies beyond the clean one in the direction in
    which the figure separates, in standard deviations of the clean pictures' values.
    """

    path: str
    arm: str
    attack: AttackSettings
    explain: ExplainSettings
    clean: float
    adversarial: float
    separation: float


@dataclass(frozen=True, slots=True)
class SurveyFrame:
    """How far a survey is, and what it has found so far.

    `done` of `total` pictures are on disk, among them `wrong` (the network errs, left out) and
    `failed` (unreadable, or the work on them failed). `rate` is pictures a second in this
    session. `most` and `least` are the pairs told apart best and worst by `statistic` in the
    first arm and explanation. `notes` are sentences for the user, the label rule first.
    """

    state: SurveyState
    done: int
    total: int
    wrong: int
    failed: int
    rate: float
    seconds_left: float
    arms: tuple[SurveyArm, ...]
    explanations: tuple[str, ...]
    separations: tuple[Separation, ...]
    most: tuple[SurveyedPair, ...]
    least: tuple[SurveyedPair, ...]
    statistic: str
    notes: tuple[str, ...]
    out: str
