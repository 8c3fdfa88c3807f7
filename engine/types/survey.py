"""The survey: what is asked, how it is run, and what the engine tells of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, get_args

from engine.types.choices import (
    TARGET_RULES,
    FloatArray,
    Side,
    check_choice,
    check_count,
)
from engine.types.errors import BadSetting
from engine.types.settings import (
    AttackSettings,
    ExplainSettings,
    ModelSettings,
    attack_settings,
    explain_settings,
)

Reference = Literal["fixed", "pair"]
Control = Literal["attack", "matched", "noise"]
SurveyState = Literal["running", "paused", "stopped", "finished"]
REFERENCES: tuple[Reference, ...] = get_args(Reference)
"""Backgrounds: a fixed set, as a detector in use would have; or the pair of clean and
adversarial picture itself, as the blog's script has it."""
RULES = ("random", "similar")
"""Targets of a survey unless others are asked for."""


def _attacks() -> tuple[AttackSettings, ...]:
    return tuple(attack_settings(target=rule) for rule in RULES)


def _explanations() -> tuple[ExplainSettings, ...]:
    return (explain_settings(),)


@dataclass(frozen=True, slots=True)
class Experiment:
    """What a survey asks: every attack on every picture of a folder, explained in every way.

    The targets of `attacks` are rules (see `TARGET_RULES`). The seed of each picture is derived
    from `seed` and its path, whatever seeds attacks and explanations have. `references` are the
    backgrounds of explanations that compare. `limit` pictures are drawn with the seed; None takes
    all.

    Raises:
        BadSetting: nothing to do, something twice, or what a survey cannot do.
    """

    folder: str
    model: ModelSettings = field(default_factory=ModelSettings)
    attacks: tuple[AttackSettings, ...] = field(default_factory=_attacks)
    explanations: tuple[ExplainSettings, ...] = field(default_factory=_explanations)
    references: tuple[Reference, ...] = REFERENCES
    limit: int | None = None
    seed: int = 0

    @property
    def background(self) -> str | None:
        """The folder of the fixed background; None takes some of the surveyed pictures."""
        return next((one.background for one in self.explanations if one.background), None)

    def __post_init__(self) -> None:
        for attack in self.attacks:
            check_choice(attack.target, TARGET_RULES, "a survey's target")
            if attack.stop != "never":
                raise BadSetting(
                    "a survey runs each attack to its last step and has matched ones beside it:"
                    " leave stop at never."
                )
        for name in ("attacks", "explanations"):
            values = getattr(self, name)
            if not values or len(set(values)) < len(values):
                raise BadSetting(f"{name} must name at least one, and none twice.")
        for reference in self.references:
            check_choice(reference, REFERENCES, "references")
        if "fixed" not in self.references:
            raise BadSetting("references must name 'fixed': 'pair' is compared with it.")
        if self.limit is not None:
            check_count(self.limit, 1, 10**9, "limit")
        check_count(self.seed, 0, 2**32 - 1, "seed")
        if any(one.seconds is not None for one in self.explanations):
            raise BadSetting("a survey cannot stop explanations by the clock: set --samples.")
        if len({one.background for one in self.explanations if one.has_background}) > 1:
            raise BadSetting("a survey has one background: give the same to all explanations.")


@dataclass(frozen=True, slots=True)
class Execution:
    """Where a survey runs and how much of it at once.

    `out` is the run's folder. `batch` pictures are attacked at once (0: by the device). `devices`
    shares the work among processes, `ray` among the nodes of a Ray cluster (its address; "" starts
    one here). `threads` are those of each process (None: as many as there are cores for it).
    Neither folder nor sharing changes any number; batch and threads change last digits, and are
    kept from a run's first session where they are left open.

    Raises:
        BadSetting: a batch or threads out of bounds.
    """

    out: str
    batch: int = 0
    devices: tuple[str, ...] = ()
    ray: str | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        check_count(self.batch, 0, 4096, "batch")
        if self.threads is not None:
            check_count(self.threads, 1, 1024, "threads")


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

    `auroc` is the probability that the figure is higher for a picture of the `positive` side than
    for one of the other side (0.5: tells nothing; below: it is the other way round), between `low`
    and `high` with 95 % confidence. Figures of an attribution are asked to be higher for clean
    pictures, scores of a learned detector for adversarial ones. `tpr` is the share of adversarial
    pictures found at 5 % false alarms by calling adversarial what lies beyond `threshold` ("below"
    it or "above", whichever the AUROC says). `higher` is the share of pairs
    whose clean picture has the higher value. `roc` (2, n) holds false and true positive rates;
    `clean` and `adversarial` are counts on the bins between `edges`.
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
    positive: Side = "clean"

    @property
    def auroc_text(self) -> str:
        """`0.83 [0.74, 0.90]`, without the interval where it is not known; a dash for nan."""
        if not math.isfinite(self.auroc):
            return "–"
        interval = f" [{self.low:.2f}, {self.high:.2f}]" if math.isfinite(self.low) else ""
        return f"{self.auroc:.2f}{interval}"


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
