"""The command line's options: every sub-command takes them from here."""

from __future__ import annotations

import argparse
from argparse import ArgumentParser, Namespace

from engine.types import (
    BASELINES,
    EXPLAINERS,
    LAYER_FORMS,
    METHODS,
    SCORES,
    STOP_RULES,
    AttackSettings,
    ExplainSettings,
    ModelSettings,
    UserError,
    check_count,
    parse_fraction,
)


class Parser(ArgumentParser):
    """Says what is wrong in one sentence and exits with 2."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """One sentence on standard error."""
        self.exit(2, f"{self.prog}: {message} (--help tells more)\n")


def fraction(text: str) -> float:
    """An argparse type for numbers such as 0.01 and 8/255."""
    try:
        return parse_fraction(text, "the value")
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from None


def threads(text: str) -> int:
    """An argparse type for a number of threads."""
    try:
        check_count(int(text), 1, 1024, "the number of threads")
    except (ValueError, UserError):
        raise argparse.ArgumentTypeError(f"must lie between 1 and 1024, not {text!r}") from None
    return int(text)


def add_model(parser: ArgumentParser) -> None:
    """--model, --weights, --labels, --device, --threads."""
    group = parser.add_argument_group("network")
    group.add_argument("--model", metavar="NAME", help="builtin, or a torchvision classifier")
    group.add_argument(
        "--weights", metavar="FILE", help=".safetensors, .pth, or published such as IMAGENET1K_V1"
    )
    group.add_argument("--labels", metavar="FILE", help="class names: .txt, .json or .csv")
    group.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps")
    group.add_argument("--threads", type=threads, metavar="N", help="CPU threads (default: all)")


def add_attack(parser: ArgumentParser, target: str) -> None:
    """The attack's options; `target` is the default target rule."""
    default = AttackSettings()
    group = parser.add_argument_group("attack")
    group.add_argument("--method", choices=METHODS, default=default.method)
    group.add_argument(
        "--target",
        default=target,
        metavar="CLASS",
        help="class name or index, random, similar, nearest or none (default: %(default)s)",
    )
    group.add_argument(
        "--epsilon",
        type=fraction,
        default=default.epsilon,
        metavar="E",
        help="L-infinity bound, 0.01 or 8/255 (default: 4/255)",
    )
    group.add_argument(
        "--alpha", type=fraction, metavar="A", help="step size (default: the method's own)"
    )
    group.add_argument("--steps", type=int, default=default.steps, metavar="N")
    group.add_argument("--stop", choices=STOP_RULES, default=default.stop)
    group.add_argument("--decay", type=float, default=default.decay, help="MI-FGSM's momentum")


def add_explain(parser: ArgumentParser) -> None:
    """The explanation's options."""
    default = ExplainSettings()
    group = parser.add_argument_group("explanation")
    group.add_argument("--explainer", choices=EXPLAINERS, default=default.explainer)
    group.add_argument("--score", choices=SCORES, default=default.score)
    group.add_argument("--samples", type=int, default=default.samples, metavar="N")
    group.add_argument("--seconds", type=float, metavar="S", help="stop after this time")
    group.add_argument(
        "--standard-error",
        type=float,
        metavar="R",
        help="stop when the error of mean |phi| falls below R times its value",
    )
    group.add_argument("--smoothing", type=float, default=default.smoothing, metavar="SD")
    group.add_argument("--layer", metavar="NAME", help="explain this layer's input, not pixels")
    group.add_argument("--layer-form", choices=LAYER_FORMS, default=default.layer_form)
    group.add_argument("--background", metavar="DIR", help="pictures to compare with")
    group.add_argument("--baseline", choices=BASELINES, default=default.baseline)
    group.add_argument("--superpixels", type=int, default=default.superpixels, metavar="N")
    group.add_argument("--features", type=int, default=default.features, metavar="K")


def add_seed(parser: ArgumentParser) -> None:
    """--seed, which all randomness comes from."""
    parser.add_argument("--seed", type=int, default=0, metavar="S")


def model_settings(options: Namespace, default: ModelSettings | None = None) -> ModelSettings:
    """The network asked for; `default` where none was named."""
    if options.model is None and default is not None:
        return default
    name = options.model or ("builtin" if not options.weights else "")
    if not name:
        raise UserError("--weights needs --model: say which network the weights belong to.")
    return ModelSettings(name, options.weights, options.labels, options.device)


def attack_settings(options: Namespace) -> AttackSettings:
    """Checked settings of the attack."""
    return AttackSettings(
        method=options.method,
        target=options.target,
        epsilon=options.epsilon,
        alpha=options.alpha,
        steps=options.steps,
        stop=options.stop,
        seed=options.seed,
        decay=options.decay,
    )


def explain_settings(options: Namespace) -> ExplainSettings:
    """Checked settings of the explanation."""
    return ExplainSettings(
        explainer=options.explainer,
        score=options.score,
        samples=options.samples,
        seconds=options.seconds,
        standard_error=options.standard_error,
        seed=options.seed,
        smoothing=options.smoothing,
        layer=options.layer,
        layer_form=options.layer_form,
        baseline=options.baseline,
        superpixels=options.superpixels,
        features=options.features,
        background=options.background,
    )
