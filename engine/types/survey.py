"""The survey: its settings and what the engine tells of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from engine.types.choices import (
    TARGET_RULES,
    FloatArray,
    Method,
    UserError,
    check_choice,
    check_count,
)
from engine.types.settings import AttackSettings, ExplainSettings, ModelSettings

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
    epsilons: tuple[float, ...] = (4 / 255,)
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

    @property
    def paired(self) -> ExplainSettings | None:
        """What is explained a second time with the pair as its background, if anything is."""
        if "pair" not in self.references:
            return None
        return next((one for one in self.explanations if one.has_background), None)

    def __post_init__(self) -> None:
        for rule in self.targets:
            check_choice(rule, TARGET_RULES, "a survey's target")
        for method in self.methods:
            for epsilon in self.epsilons:
                AttackSettings(method, "random", epsilon, self.alpha, self.steps)
        for name in ("methods", "epsilons", "targets", "explanations"):
            values = getattr(self, name)
            if not values or len(set(values)) < len(values):
                raise UserError(f"{name} must name at least one, and none twice.")
        for reference in self.references:
            check_choice(reference, REFERENCES, "references")
        if "fixed" not in self.references:
            raise UserError("references must name 'fixed': 'pair' is compared with it.")
        if self.limit is not None:
            check_count(self.limit, 1, 10**9, "limit")
        check_count(self.seed, 0, 2**32 - 1, "seed")
        check_count(self.batch, 0, 4096, "batch")
        if any(one.seconds is not None for one in self.explanations):
            raise UserError("a survey cannot stop explanations by the clock: set --samples.")


@dataclass(frozen=True, slots=True)
class SurveyArm:
    """One attack of the survey, or one of its controls, and how it has fared so far.

    `attack` is what the explorer needs to repeat it, but for the picture's seed; for noise its
    epsilon alone counts. `matched` arms stop as soon as the attack is as sure as the network was
    of the clean picture. `reached` of `tried` pictures have met the goal (noise has none: all),
    after `steps` iterations in the median (nan: none). `confidence` is the median probability of
    the top class of the clean and of the adversarial pictures among those.
    """

    key: str
    name: str
    control: Control
    attack: AttackSettings
    tried: int
    reached: int
    steps: float
    confidence: tuple[float, float] = (float("nan"), float("nan"))


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
