"""`xaway-tui survey`: options, the run without a screen, and the comparison of runs."""

from __future__ import annotations

import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import TypeVar

from rich.console import Console

from engine.types import (
    EXPLAINERS,
    METHODS,
    REFERENCES,
    TARGET_RULES,
    Execution,
    Experiment,
    Registry,
    UserError,
)
from tui.cli import options as opt
from tui.cli.progress import ProgressBar
from tui.cli.survey_progress import Lines, print_results
from tui.state import survey_lists as lists

S = TypeVar("S")

SUMMARY = """\
Attack every picture of a folder, explain both sides, and say how well they can be told apart.
Running the same command again goes on where it ended. --compare puts finished runs side by side."""


NAMES = {"target": "--targets"}
HELP = {
    "target": f"of {', '.join(TARGET_RULES)}",
    "layer": "layers whose input is explained, each with :FORM where it matters; input: pixels",
}
"""What a survey says of a field where that is not what a single run says."""


def parser() -> ArgumentParser:
    """Options of the survey; those of attacks and explanations are derived from the registries."""
    options = opt.Parser(prog="xaway-tui survey", description=SUMMARY)
    options.add_argument("folder", nargs="?", metavar="DIR", help="folder of pictures")
    options.add_argument("--out", metavar="RUN", help="the run's folder, made if it is not there")
    options.add_argument("--compare", nargs="+", metavar="RUN", help="put runs side by side")
    options.add_argument("--limit", type=int, metavar="N", help="take N pictures, by the seed")
    opt.add_seed(options)
    opt.add_model(options)
    _add_fields(options, "attacks (lists are separated by commas)", METHODS, "bim")
    _add_fields(options, "explanations (every combination of the lists)", EXPLAINERS, "expected")
    options.add_argument(
        "--references",
        default=",".join(REFERENCES),
        help="backgrounds: fixed, and pair as in the blog's script (default: %(default)s)",
    )
    group = options.add_argument_group("sharing the work")
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
    return options


def _add_fields(options: ArgumentParser, title: str, registry: Registry[S], default: str) -> None:
    """An option for the rows of a registry, and one for each field; all are texts."""
    group = options.add_argument_group(title)
    group.add_argument(
        f"--{registry.what}", default=default, help=f"of {', '.join(registry)} (default: {default})"
    )
    for name, one in lists.fields(registry).items():
        users = registry.users(name)
        value = lists.DEFAULTS.get(name) or one.text(registry.defaults(users[0])[name])
        about = HELP.get(name) or (f"of {', '.join(one.choices)}" if one.choices else one.help)
        limits = "" if len(users) == len(registry) else f"; for {', '.join(users)}"
        text = f"{about or one.label} (default: {value or one.empty}{limits})"
        metavar = f"{one.metavar or name.upper()},.." if name in lists.LISTS else one.metavar
        flag = NAMES.get(name, opt.option(name))
        group.add_argument(flag, dest=name, metavar=metavar, help=text.replace("%", "%%"))


def experiment(options: Namespace) -> Experiment:
    """What is asked, checked.

    Raises:
        UserError: something is missing or wrong.
    """
    if options.folder is None:
        raise UserError("a survey takes a folder of pictures: xaway-tui survey DIR --out RUN.")
    return Experiment(
        folder=options.folder,
        model=opt.model_settings(options),
        attacks=_settings(options, METHODS),
        explanations=_settings(options, EXPLAINERS),
        references=lists.words(options.references, "references"),  # type: ignore[arg-type]
        limit=options.limit,
        seed=options.seed,
    )


def _settings(options: Namespace, registry: Registry[S]) -> tuple[S, ...]:
    texts = {name: getattr(options, name) for name in lists.fields(registry)}
    given = {name: text for name, text in texts.items() if text is not None}
    return lists.settings(registry, getattr(options, registry.what), given)


def execution(options: Namespace) -> Execution:
    """Where and how many at once, checked.

    Raises:
        UserError: something is missing or wrong.
    """
    if options.out is None:
        raise UserError("a survey needs a folder for its results: give --out RUN.")
    devices = options.devices or ""
    return Execution(
        out=options.out,
        batch=options.batch,
        devices=tuple(filter(None, map(str.strip, devices.split(",")))),
        ray=options.ray,
        threads=options.threads,
    )


def run(options: Namespace) -> int:
    """Run or compare; returns the exit code."""
    import engine

    width = None if sys.stdout.isatty() else 150  # a file has room for the table
    console = Console(highlight=False, markup=False, width=width)
    if options.compare:
        if options.folder or options.out:
            raise UserError("--compare takes the folders of runs and nothing else.")
        print(engine.compare(options.compare))
        return 0
    asked, how = experiment(options), execution(options)
    engine.prepare(options.threads)
    with ProgressBar() as bar:
        classifier = engine.load(asked.model, progress=bar.bytes)
    run = engine.survey(asked, how, classifier=classifier)
    stop = Stop(run.stop)
    with Lines(console) as lines, stop:
        for last in run:
            lines.show(last)
    print_results(console, last)
    if last.state == "stopped":
        console.print(
            f"Stopped after {last.done} of {last.total} pictures; all of them are on disk. Run the"
            f" same command again to go on.",
            soft_wrap=True,
        )
        return 128 + stop.number if stop.number else 1
    return 0


class Stop:
    """Ends the survey after the items in work on Ctrl-C, a kill, or a lost connection.

    A second Ctrl-C gives up the items in work.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self.number = 0
        self._stop = stop
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
            self._stop()
            words = "stopping after the pictures in work (Ctrl-C again gives them up)"
            with suppress(OSError):  # the terminal may be gone
                print(f"\n{words}", file=sys.stderr, flush=True)
