"""What the user can set, checked when it is made.

Here is what all attacks and all explainers have in common, and which there are. The settings of
each are a class called `Settings` in the module that its registry row names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from engine.types.choices import SCORES, STOP_RULES, LayerForm, Score, StopRule, check_count
from engine.types.fields import check_settings, setting, unused
from engine.types.registry import Registry, Row


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


@dataclass(frozen=True, kw_only=True)
class AttackSettings:
    """What all attacks have in common, before the target has been resolved on a picture.

    `epsilon` is L-infinity in [0, 1] units, `target` a rule (see `TARGET_RULES`), a class name or
    an index.
    """

    target: str = setting(
        "random",
        "text",
        "target",
        hint="a class, or see t",
        metavar="CLASS",
        help="class name or index, random, similar, nearest or none",
        panel=1,
    )
    epsilon: float = setting(
        4 / 255,
        "fraction",
        "epsilon",
        hint="0.01 or 2.55/255",
        metavar="E",
        help="L-infinity bound, 0.01 or 8/255",
        panel=2,
    )
    alpha: float | None = unused(None)
    steps: int = unused(1)
    stop: StopRule = setting(
        "never",
        "choice",
        "stop",
        choices=STOP_RULES,
        choice_labels=("after the last step", "on success", "at clean confidence"),
        panel=5,
        help="when to stop early: once the goal is reached, or as sure as the clean picture",
    )
    seed: int = setting(0, "count", "seed", metavar="S", panel=6)

    def __post_init__(self) -> None:
        check_settings(self)

    @property
    def method(self) -> str:
        """Name of the method, as in `METHODS`."""
        return METHODS.row_of(self).name

    @property
    def iterations(self) -> int:
        """Number of steps that the method makes."""
        return self.steps

    @property
    def step_size(self) -> float:
        """How far a step moves a pixel, in [0, 1] units."""
        return self.epsilon


@dataclass(frozen=True, kw_only=True)
class IteratedSettings(AttackSettings):
    """What all attacks of many steps have in common."""

    steps: int = setting(20, "count", "iterations", low=1, high=10_000, metavar="N", panel=4)


@dataclass(frozen=True, kw_only=True)
class SteppedSettings(IteratedSettings):
    """What all attacks have in common whose steps may be shorter than epsilon.

    `alpha` is a step's size in [0, 1] units; None takes the method's default.
    """

    alpha: float | None = setting(
        None,
        "fraction",
        "alpha",
        positive=True,
        empty="the method's default",
        hint="a step's size",
        metavar="A",
        help="step size",
        panel=3,
    )

    @property
    def step_size(self) -> float:
        """`alpha`, or the method's default."""
        return self.default_alpha if self.alpha is None else self.alpha

    @property
    def default_alpha(self) -> float:
        """2.5 epsilon / steps, so that the edge of the ball can be reached and moved along
        (Madry et al. 2018).
        """
        return 2.5 * self.epsilon / self.steps


METHODS: Registry[AttackSettings] = Registry(
    "method",
    Row("fgsm", "FGSM", "engine.attacks.fgsm"),
    Row("bim", "BIM", "engine.attacks.bim"),
    Row("pgd", "PGD", "engine.attacks.pgd"),
    Row("mifgsm", "MI-FGSM", "engine.attacks.mifgsm"),
    Row("blog", "blog's loop", "engine.attacks.blog"),
)


def attack_settings(method: str = "bim", **values: Any) -> AttackSettings:
    """Settings of an attack by name.

    Raises:
        BadSetting: an unknown method, a field that it has no use for, or a value out of bounds.

    Example:
        >>> attack_settings("pgd", epsilon=8 / 255, steps=40).step_size
        0.00196078431372549
    """
    return METHODS.make(method, **values)


@dataclass(frozen=True, kw_only=True)
class ExplainSettings:
    """What all explainers have in common.

    `seconds` stops early (None: off). `layer` None explains pixels. `draws` is the number of draws
    in one forward pass; None adapts it to time and memory, so that last digits can differ from run
    to run. What is a constant here is a setting of those explainers that have a use for it: see
    `Sampled`, `AtLayer` and `Compared`.
    """

    score: Score = setting("probability", "choice", "score", choices=SCORES, panel=1)
    samples: int = setting(200, "count", "samples", low=1, high=1_000_000, metavar="N", panel=3)
    seconds: float | None = setting(
        None,
        "number",
        "stop after",
        word="the time limit",
        positive=True,
        empty="no limit",
        hint="seconds",
        metavar="S",
        help="stop after this time",
        identity=False,
    )
    standard_error: float | None = unused(None)
    layer: str | None = unused(None)
    layer_form: LayerForm = unused("activation")
    smoothing: float = unused(0.0)
    background: str | None = unused(None)
    seed: int = setting(0, "count", "seed", metavar="S", identity=False)
    draws: int | None = None
    expected_is: ClassVar[str] = "mean over the background"
    """What `Attribution.expected` is, for a table's row."""

    def __post_init__(self) -> None:
        check_settings(self)
        if self.draws is not None:
            check_count(self.draws, 1, 65536, "draws")

    @property
    def explainer(self) -> str:
        """Name of the explainer, as in `EXPLAINERS`."""
        return EXPLAINERS.row_of(self).name

    @property
    def has_background(self) -> bool:
        """Whether the values depend on background pictures."""
        return False

    @property
    def place(self) -> str:
        """The layer explained and in which form, or nothing: pixels."""
        return "" if self.layer is None else f"{self.layer}, {self.layer_form}"


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """Fields of explainers whose draws tell their error.

    `standard_error` stops early, once the error of mean |phi| divided by mean |phi| has fallen to
    it (None: off). `smoothing` is the standard deviation of the noise added to the path, in the
    units of the explained input.
    """

    standard_error: float | None = setting(
        None,
        "number",
        "stop at error",
        word="the error to stop at",
        positive=True,
        empty="no limit",
        hint="of mean |phi|, 0.02",
        metavar="R",
        help="stop when the error of mean |phi| falls below R times its value",
    )
    smoothing: float = setting(
        0.0,
        "number",
        "smoothing",
        hint="deviation of the noise",
        metavar="SD",
        help="standard deviation of noise on the path",
    )


@dataclass(frozen=True, kw_only=True)
class AtLayer:
    """Field of explainers that can explain the input of a layer."""

    layer: str | None = setting(
        None,
        "layer",
        "layer",
        empty="pixels (no layer)",
        metavar="NAME",
        help="explain this layer's input, not pixels",
        panel=2,
    )


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Field of explainers that compare with background pictures.

    `background` is a folder; None takes the pictures being browsed.
    """

    background: str | None = setting(
        None,
        "folder",
        "background",
        empty="the browsed pictures",
        metavar="DIR",
        help="pictures to compare with",
        identity=False,
    )

    @property
    def has_background(self) -> bool:
        """Whether the values depend on background pictures."""
        return True


EXPLAINERS: Registry[ExplainSettings] = Registry(
    "explainer",
    Row("expected", "expected gradients", "engine.explainers.expected"),
    Row("shap", "shap's explainer", "engine.explainers.with_shap"),
    Row("integrated", "integrated gradients", "engine.explainers.integrated"),
    Row("lime", "LIME", "engine.explainers.lime"),
)


def explain_settings(explainer: str = "expected", **values: Any) -> ExplainSettings:
    """Settings of an explanation by the explainer's name.

    Raises:
        BadSetting: an unknown explainer, a field that it has no use for, or a value out of bounds.
    """
    return EXPLAINERS.make(explainer, **values)
