"""The command line's options: every sub-command takes them from here.

Those of attacks and explanations are derived from the registries' fields.
"""

from __future__ import annotations

import argparse
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from engine.types import (
    EXPLAINERS,
    METHODS,
    AttackSettings,
    ExplainSettings,
    ModelSettings,
    Registry,
    Setting,
    UserError,
    check_count,
)

S = TypeVar("S")

SEED = "seed"


class Parser(ArgumentParser):
    """Says what is wrong in one sentence and exits with 2."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """One sentence on standard error."""
        self.exit(2, f"{self.prog}: {message} (--help tells more)\n")


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


def add_seed(parser: ArgumentParser) -> None:
    """--seed, which all randomness comes from."""
    parser.add_argument("--seed", type=int, default=0, metavar="S")


def add_attack(parser: ArgumentParser, target: str) -> None:
    """The attack's options; `target` is the default target rule."""
    add_choice(parser, "attack", METHODS, "bim", {"target": target})


def add_explain(parser: ArgumentParser) -> None:
    """The explanation's options."""
    add_choice(parser, "explanation", EXPLAINERS, "expected")


def add_choice(
    parser: ArgumentParser,
    title: str,
    registry: Registry[S],
    default: str,
    other: Mapping[str, object] | None = None,
) -> None:
    """An option for the row of a registry, and one for each field that a row has.

    Options that are not given leave no trace in the namespace, so that those given for a row that
    has no use for them can be told. `other` are defaults that differ from the record's.
    """
    group = parser.add_argument_group(title)
    group.add_argument(f"--{registry.what}", choices=tuple(registry), default=default)
    for name, one in registry.fields().items():
        if name == SEED:
            continue
        users = registry.users(name)
        value = {**registry.defaults(users[0]), **(other or {})}[name]
        group.add_argument(
            option(name),
            default=argparse.SUPPRESS,
            metavar=one.metavar,
            help=help_of(one, value, () if len(users) == len(registry) else users),
            **reading(name, one),
        )


def option(name: str) -> str:
    """A field's option: `--standard-error`."""
    return f"--{name.replace('_', '-')}"


def help_of(one: Setting, value: object, users: tuple[str, ...]) -> str:
    """What help says of a field with this default; `users` where not all have a use for it."""
    facts = [f"default: {one.text(value) or one.empty}"]
    if users:
        facts.append(f"for {', '.join(users)}")
    return f"{one.help or one.label} ({'; '.join(facts)})".replace("%", "%%")


def reading(name: str, one: Setting) -> dict[str, Any]:
    """How argparse reads a field."""
    if one.choices:
        return {"choices": one.choices}

    def parsed(text: str) -> object:
        try:
            return one.parse(text, name)
        except UserError as error:
            raise argparse.ArgumentTypeError(str(error).rstrip(".")) from None

    kind: Callable[[str], object] = parsed
    return {"type": kind}


def given(options: Namespace, registry: Registry[S]) -> dict[str, Any]:
    """The values of a registry's fields that were given, and the seed."""
    names = [name for name in registry.fields() if hasattr(options, name)]
    return {name: getattr(options, name) for name in names}


def model_settings(options: Namespace) -> ModelSettings:
    """The network asked for.

    Raises:
        UserError: weights without a network.
    """
    name = options.model or ("builtin" if not options.weights else "")
    if not name:
        raise UserError("--weights needs --model: say which network the weights belong to.")
    return ModelSettings(name, options.weights, options.labels, options.device)


def attack_settings(options: Namespace, target: str) -> AttackSettings:
    """Checked settings of the attack; `target` where none was given."""
    return METHODS.make(options.method, **{"target": target, **given(options, METHODS)})


def explain_settings(options: Namespace) -> ExplainSettings:
    """Checked settings of the explanation."""
    return EXPLAINERS.make(options.explainer, **given(options, EXPLAINERS))
