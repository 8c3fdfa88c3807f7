"""The command line: the app, and the headless commands beside it.

Imports neither Textual nor torch: terminal options must be set before the first, and the second
takes seconds.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from engine.types import UserError
from tui.cli import options as opt
from tui.draw.colors import COLOR_MODES, configure

if TYPE_CHECKING:
    from rich.console import Console

COMMANDS = ("attack", "explain", "survey", "models")

APP_TARGET, COMMAND_TARGET = "random", "none"
"""Targets where none is given."""

EXPLAIN_CHUNK = 8
"""Draws in one chunk of a headless explanation."""

DESCRIPTION = """\
Browse pictures, attack a network step by step, and watch the evidence (SHAP) follow.
Headless commands: xaway-tui attack, explain, survey and models (each has --help)."""


def app_parser() -> ArgumentParser:
    """Options of the app itself."""
    parser = opt.Parser(prog="xaway-tui", description=DESCRIPTION)
    parser.add_argument("paths", nargs="*", metavar="PATH", help="pictures and folders of pictures")
    parser.add_argument("--version", action="version", version=f"%(prog)s {version('xaway-tui')}")
    parser.add_argument("--color", choices=("auto", *COLOR_MODES), default="auto")
    parser.add_argument("--no-hints", action="store_true", help="show no hints for beginners")
    opt.add_seed(parser)
    opt.add_model(parser)
    opt.add_attack(parser, APP_TARGET)
    opt.add_explain(parser)
    return parser


def command_parser(command: str) -> ArgumentParser:
    """Options of a headless command."""
    parser = opt.Parser(prog=f"xaway-tui {command}", description=_summary(command))
    if command == "models":
        return parser
    parser.add_argument("image", metavar="IMAGE", help="a picture, or pixels saved as .npy")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    opt.add_seed(parser)
    opt.add_model(parser)
    if command == "attack":
        parser.add_argument("--out", metavar="DIR", help="save the result as .npy and .png")
        opt.add_attack(parser, COMMAND_TARGET)
    else:
        parser.add_argument("--class", dest="class_name", metavar="CLASS", help="name or index")
        opt.add_explain(parser)
    return parser


def _summary(command: str) -> str:
    return {
        "attack": "Attack one picture and report every step.",
        "explain": "Explain a class of one picture (default: the predicted one).",
        "models": "List the networks that can be loaded and those that are here already.",
    }[command]


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns its exit code (2: bad input)."""
    if arguments is None:
        arguments = sys.argv[1:]
    command = arguments[0] if arguments else ""
    try:
        if command == "survey":
            from tui.cli import survey as survey_cli

            return survey_cli.run(survey_cli.parser().parse_args(arguments[1:]))
        if command in COMMANDS:
            return _run_command(command, command_parser(command).parse_args(arguments[1:]))
        return _run_app(app_parser().parse_args(arguments))
    except UserError as error:
        from tui.draw.text import safe

        print(f"xaway-tui: {safe(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except (MemoryError, RuntimeError) as error:  # torch's way to say so, among others
        if not isinstance(error, MemoryError) and "memory" not in str(error).lower():
            raise
        print(
            "xaway-tui: out of memory: close other programs or use a smaller network.",
            file=sys.stderr,
        )
        return 2
    except BrokenPipeError:
        # The reader went away (a pager, head): nothing is left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run_command(command: str, options: Namespace) -> int:
    from rich.console import Console

    import engine
    from tui.cli import report

    console = Console(highlight=False, markup=False)
    if command == "models":
        report.print_models(console, engine.networks())
        return 0
    if command == "attack":
        _run_attack(console, options)
    else:
        _run_explain(console, options)
    return 0


def _run_attack(console: Console, options: Namespace) -> None:
    import engine
    from tui.cli import report
    from tui.cli.progress import ProgressBar

    image = str(Path(options.image))
    settings = opt.attack_settings(options, COMMAND_TARGET)
    engine.prepare(options.threads)
    with ProgressBar() as bar:
        classifier = engine.load(opt.model_settings(options), progress=bar.bytes)
        trace = []
        for step in engine.attack(classifier, image, settings=settings):
            trace.append(step.record)  # pixels of thousands of steps would fill the memory
            bar.show("attacking", step.step, settings.iterations, "iterations")
    info = classifier.info()
    saved = None
    if options.out:
        saved = engine.save_step(classifier, step, options.out, Path(image).stem)
    if options.json:
        print(json.dumps(report.attack_json(info, image, step, trace, saved), allow_nan=False))
    else:
        report.print_attack(console, info, image, step, trace, saved)


def _run_explain(console: Console, options: Namespace) -> None:
    import engine
    from tui.cli import report
    from tui.cli.progress import ProgressBar

    image = str(Path(options.image))
    # Chunks that follow the clock would change the last digits from call to call.
    settings = replace(opt.explain_settings(options), draws=EXPLAIN_CHUNK)
    engine.prepare(options.threads)
    with ProgressBar() as bar:
        classifier = engine.load(opt.model_settings(options), progress=bar.bytes)
        explanation = engine.explain(
            classifier, image, options.class_name, settings=settings, progress=bar.samples
        )
    info, evidence = classifier.info(), explanation.evidence
    if options.json:
        print(json.dumps(report.explain_json(info, image, evidence), allow_nan=False))
    else:
        report.print_explain(console, info, image, evidence)


def _run_app(options: Namespace) -> int:
    settings = opt.attack_settings(options, APP_TARGET), opt.explain_settings(options)
    model = opt.model_settings(options) if options.model or options.weights else None
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserError(
            "the app needs a terminal: use `xaway-tui attack` or `xaway-tui explain` instead."
        )
    _set_colors(options.color)
    _log_to_file()
    from engine.worker import Worker
    from tui.app import XawayApp
    from tui.state.remembered import load_state

    state = load_state()
    if model is None:
        model = state.model or opt.model_settings(options)
        if options.labels or options.device != "auto":
            model = replace(model, labels=options.labels or model.labels, device=options.device)
    app = XawayApp(
        tuple(options.paths),
        model,
        *settings,
        make_worker=lambda emit: Worker(emit, options.threads),
        hints=not options.no_hints,
        state=state,
    )
    code = app.run() or app.return_code or 0
    if not app.worker_ended:
        # A chunk is still in work on the device: waiting for it would hold the user up.
        logging.shutdown()
        sys.stdout.flush()
        os._exit(code)
    return code


def _set_colors(wish: str) -> None:
    """Tell Textual, before it is imported, and the drawings which colours there are."""
    if wish == "auto":
        wish = _detect_colors()
    configure(wish)  # type: ignore[arg-type]
    system = {"truecolor": "truecolor", "256": "256", "16": "standard", "none": "standard"}[wish]
    os.environ["TEXTUAL_COLOR_SYSTEM"] = system
    if wish == "none":
        os.environ["NO_COLOR"] = "1"
    else:
        os.environ.pop("NO_COLOR", None)


def _detect_colors() -> str:
    if os.environ.get("NO_COLOR"):
        return "none"
    term = os.environ.get("TERM", "")
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") or "direct" in term:
        return "truecolor"
    if term in ("dumb", ""):
        return "none"
    return "256" if "256" in term or term.startswith(("xterm", "screen", "tmux")) else "16"


def _log_to_file() -> None:
    """Send logs, and what C libraries write to descriptor 2, to a file: the screen draws on 2."""
    folder = Path(platformdirs.user_log_dir("xaway-tui", appauthor=False))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "xaway-tui.log").open("a", encoding="utf-8")
    except OSError:
        file = Path(os.devnull).open("a", encoding="utf-8")  # noqa: SIM115
    logging.basicConfig(stream=file, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.captureWarnings(True)
    sys.__stderr__ = os.fdopen(os.dup(2), "w", encoding="utf-8")  # type: ignore[misc]
    os.dup2(file.fileno(), 2)


if __name__ == "__main__":
    sys.exit(main())
