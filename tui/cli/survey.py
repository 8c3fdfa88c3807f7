"""`xaway-tui survey`: options, the run without a screen, and the comparison of runs."""

from __future__ import annotations

import signal
import sys
from argparse import ArgumentParser, Namespace
from contextlib import suppress
from itertools import product
from types import FrameType

from rich.console import Console

from engine.types import (
    EXPLAINERS,
    LAYER_FORMS,
    METHODS,
    REFERENCES,
    SCORES,
    TARGET_RULES,
    ExplainSettings,
    ModelSettings,
    SurveyFrame,
    SurveySettings,
    UserError,
    parse_fraction,
)
from tui.cli import options as opt
from tui.cli.engine_client import Engine
from tui.cli.survey_progress import Lines, print_results

SUMMARY = """\
Attack every picture of a folder, explain both sides, and say how well they can be told apart.
Running the same command again goes on where it ended. --compare puts finished runs side by side."""


def parser() -> ArgumentParser:
    """Options of the survey."""
    default = SurveySettings("", "")
    found = opt.Parser(prog="xaway-tui survey", description=SUMMARY)
    found.add_argument("folder", nargs="?", metavar="DIR", help="folder of pictures")
    found.add_argument("--out", metavar="RUN", help="the run's folder, made if it is not there")
    found.add_argument("--compare", nargs="+", metavar="RUN", help="put runs side by side")
    found.add_argument("--limit", type=int, metavar="N", help="take N pictures, by the seed")
    opt.add_seed(found)
    opt.add_model(found)
    group = found.add_argument_group("attacks (lists are separated by commas)")
    group.add_argument("--method", default="bim", help=f"of {', '.join(METHODS)} (default: bim)")
    group.add_argument(
        "--epsilon", default="4/255", metavar="E,E", help="0.01 or 8/255 (default: %(default)s)"
    )
    group.add_argument("--targets", default="random,similar", help=f"of {', '.join(TARGET_RULES)}")
    group.add_argument("--alpha", type=opt.fraction, metavar="A", help="step size")
    group.add_argument("--steps", type=int, default=default.steps, metavar="N")
    group.add_argument("--decay", type=float, default=default.decay, help="MI-FGSM's momentum")
    _add_explanations(found)
    group = found.add_argument_group("sharing the work")
    group.add_argument(
        "--batch", type=int, default=0, help="pictures attacked at once (default: 0, by the device)"
    )
    group.add_argument("--devices", metavar="D,D", help="a process each, such as cuda:0,cuda:1")
    group.add_argument(
        "--ray",
        nargs="?",
        const="",
        metavar="ADDRESS",
        help="run on a Ray cluster (without an address: one of this machine's own)",
    )
    return found


def _add_explanations(found: ArgumentParser) -> None:
    default = ExplainSettings()
    group = found.add_argument_group("explanations (every combination of the lists)")
    group.add_argument("--explainer", default=default.explainer, help=f"of {', '.join(EXPLAINERS)}")
    group.add_argument("--score", default=default.score, help=f"of {', '.join(SCORES)}")
    group.add_argument(
        "--layer",
        default="input",
        metavar="L,L",
        help="layers whose input is explained, each with :FORM where it matters; input: pixels",
    )
    group.add_argument(
        "--layer-form", default=default.layer_form, help=f"of {', '.join(LAYER_FORMS)}"
    )
    group.add_argument("--smoothing", default="0", metavar="SD,SD")
    group.add_argument("--samples", type=int, default=default.samples, metavar="N")
    group.add_argument(
        "--standard-error",
        type=float,
        metavar="R",
        help="stop when the error of mean |phi| falls below R times its value",
    )
    group.add_argument("--baseline", default=default.baseline, help="integrated gradients'")
    group.add_argument("--superpixels", type=int, default=default.superpixels, metavar="N")
    group.add_argument("--features", type=int, default=default.features, metavar="K")
    group.add_argument("--background", metavar="DIR", help="default: 50 of the folder's pictures")
    group.add_argument(
        "--references",
        default=",".join(REFERENCES),
        help="backgrounds: fixed, and pair as in the blog's script (default: %(default)s)",
    )


def settings(options: Namespace, model: ModelSettings | None = None) -> SurveySettings:
    """Checked settings, with `model` if it is known already.

    Raises:
        UserError: something is missing or wrong.
    """
    if options.folder is None:
        raise UserError("a survey takes a folder of pictures: xaway-tui survey DIR --out RUN.")
    if options.out is None:
        raise UserError("a survey needs a folder for its results: give --out RUN.")
    if options.threads is not None and options.threads < 1:
        raise UserError(f"--threads must be at least 1, not {options.threads}.")
    return SurveySettings(
        folder=options.folder,
        out=options.out,
        model=model or opt.model_settings(options),
        methods=_names(options.method),  # type: ignore[arg-type]  # checked by the record
        epsilons=tuple(parse_fraction(text) for text in _names(options.epsilon)),
        targets=_names(options.targets),
        alpha=options.alpha,
        steps=options.steps,
        decay=options.decay,
        explanations=_explanations(options),
        references=_names(options.references),  # type: ignore[arg-type]
        limit=options.limit,
        seed=options.seed,
        batch=options.batch,
        devices=_names(options.devices or ""),
        ray=options.ray,
        threads=options.threads,
    )


def _explanations(options: Namespace) -> tuple[ExplainSettings, ...]:
    try:
        smoothings = [float(text) for text in _names(options.smoothing)]
    except ValueError:
        raise UserError(f"--smoothing takes numbers, not {options.smoothing!r}.") from None
    places: list[tuple[str | None, str]] = []
    for text in _names(options.layer):
        layer, _, form = text.partition(":")
        if layer == "input":
            places.append((None, ExplainSettings().layer_form))
        else:
            places += [(layer, one) for one in ([form] if form else _names(options.layer_form))]
    return tuple(
        ExplainSettings(
            explainer=explainer,  # type: ignore[arg-type]  # checked by the record
            score=score,  # type: ignore[arg-type]
            samples=options.samples,
            standard_error=options.standard_error,
            smoothing=smoothing,
            layer=layer,
            layer_form=form,  # type: ignore[arg-type]
            baseline=options.baseline,
            superpixels=options.superpixels,
            features=options.features,
            background=options.background,
        )
        for explainer, (layer, form), score, smoothing in product(
            _names(options.explainer), places, _names(options.score), smoothings
        )
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def run(options: Namespace) -> int:
    """Run or compare; returns the exit code."""
    width = None if sys.stdout.isatty() else 150  # a file has room for the table
    console = Console(highlight=False, markup=False, width=width)
    if options.compare:
        if options.folder or options.out:
            raise UserError("--compare takes the folders of runs and nothing else.")
        with Engine() as engine:
            print(engine.compare(tuple(options.compare)))
        return 0
    asked = settings(options)
    with Engine(options.threads) as engine:
        engine.load(asked.model)
        stop = Stop(engine)
        with Lines(console) as lines, stop:
            last = engine.survey(asked, lines.show)
        print_results(console, last)
        _remember(asked, last)
    if last.state == "stopped":
        console.print(
            f"Stopped after {last.done} of {last.total} pictures; all of them are on disk. Run the"
            f" same command again to go on.",
            soft_wrap=True,
        )
        return 128 + stop.number if stop.number else 1
    return 0


def _remember(asked: SurveySettings, last: SurveyFrame) -> None:
    from tui.state.thresholds import remember

    try:
        remember(asked.model, asked.explanations, last)
    except OSError as error:
        print(f"xaway-tui: thresholds cannot be remembered: {error}.", file=sys.stderr)


class Stop:
    """Ends the survey after the items in work on Ctrl-C, a kill, or a lost connection.

    A second Ctrl-C gives up the items in work.
    """

    def __init__(self, engine: Engine) -> None:
        self.number = 0
        self._engine = engine
        self._before: dict[int, object] = {}

    def __enter__(self) -> Stop:
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None:
                self._before[number] = signal.signal(number, self._caught)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _caught(self, number: int, frame: FrameType | None) -> None:
        if self.number and number == signal.SIGINT:
            raise KeyboardInterrupt
        if not self.number:
            self.number = number
            self._engine.stop_survey()
            words = "stopping after the pictures in work (Ctrl-C again gives them up)"
            with suppress(OSError):  # the terminal may be gone
                print(f"\n{words}", file=sys.stderr, flush=True)
