"""What the user can set, checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass

from engine.types.choices import (
    BASELINES,
    EXPLAINERS,
    LAYER_FORMS,
    METHODS,
    SCORES,
    STOP_RULES,
    Baseline,
    Explainer,
    LayerForm,
    Method,
    Score,
    StopRule,
    UserError,
    check_choice,
    check_count,
    check_fraction,
    check_number,
)


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
        check_choice(self.method, METHODS, "method")
        check_choice(self.stop, STOP_RULES, "stop")
        check_fraction(self.epsilon, "epsilon")
        if self.alpha is not None:
            check_fraction(self.alpha, "alpha")
            check_number(self.alpha, "alpha", positive=True)
        check_count(self.steps, 1, 10_000, "steps")
        check_count(self.seed, 0, 2**32 - 1, "seed")
        check_number(self.decay, "decay")

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

    @property
    def has_background(self) -> bool:
        """Whether the values depend on the background pictures."""
        own = self.explainer == "integrated" and self.baseline != "mean"
        return not own and self.explainer != "lime"

    @property
    def place(self) -> str:
        """The layer explained and in which form, or nothing: pixels."""
        if self.layer is None:
            return ""
        chosen = self.layer_form if self.explainer == "expected" else "activation"
        return f"{self.layer}, {'difference' if self.explainer == 'integrated' else chosen}"

    def __post_init__(self) -> None:
        check_choice(self.explainer, EXPLAINERS, "explainer")
        check_choice(self.score, SCORES, "score")
        check_choice(self.layer_form, LAYER_FORMS, "layer form")
        check_choice(self.baseline, BASELINES, "baseline")
        check_count(self.samples, 1, 1_000_000, "samples")
        check_count(self.seed, 0, 2**32 - 1, "seed")
        check_count(self.superpixels, 2, 1000, "superpixels")
        check_count(self.features, 1, 1000, "features")
        if self.draws is not None:
            check_count(self.draws, 1, 65536, "draws")
        check_number(self.smoothing, "smoothing")
        if self.explainer == "lime" and self.layer is not None:
            raise UserError("LIME explains pixels, not layers: clear the layer or use SHAP.")
        for value, what in ((self.seconds, "seconds"), (self.standard_error, "standard error")):
            if value is not None:
                check_number(value, what, positive=True)
