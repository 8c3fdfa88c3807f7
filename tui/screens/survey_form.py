"""The form of a survey's settings: pure field list and builder."""

from __future__ import annotations

from argparse import Namespace

from engine.types import (
    METHODS,
    SCORES,
    TARGET_RULES,
    ExplainSettings,
    ModelSettings,
    SurveySettings,
    UserError,
    fraction_text,
)
from tui.cli import survey as survey_cli
from tui.screens.form import Field

COUNTS = {"limit": "Pictures", "steps": "Iterations", "samples": "Samples", "seed": "Seed"}
"""Fields that hold a whole number, and their labels."""


def survey_fields(settings: SurveySettings) -> list[Field]:
    """Rows of the form, with the settings' values."""
    one = settings.explanations[0]
    layers = dict.fromkeys(_place(each) for each in settings.explanations)
    scores = dict.fromkeys(each.score for each in settings.explanations)
    limit = "" if settings.limit is None else str(settings.limit)
    return [
        Field("folder", "Folder", settings.folder, hint="pictures, or a folder a class"),
        Field("out", "Results in", settings.out, hint="an earlier run goes on"),
        Field("limit", COUNTS["limit"], limit, empty="all", hint="drawn by the seed"),
        Field("method", "Methods", ",".join(settings.methods), hint=", ".join(METHODS)),
        Field("epsilon", "Epsilons", ",".join(map(fraction_text, settings.epsilons)), hint="8/255"),
        Field("targets", "Targets", ",".join(settings.targets), hint=", ".join(TARGET_RULES)),
        Field("steps", COUNTS["steps"], str(settings.steps)),
        Field("score", "Scores", ",".join(scores), hint=", ".join(SCORES)),
        Field("layer", "Explained at", ",".join(layers), hint="input, layer, layer:difference"),
        Field("samples", COUNTS["samples"], str(one.samples)),
        Field("background", "Background", one.background or "", empty="the folder's own"),
        Field("references", "References", ",".join(settings.references), hint="fixed, pair"),
        Field("seed", COUNTS["seed"], str(settings.seed)),
    ]


def _place(one: ExplainSettings) -> str:
    if one.layer is None:
        return "input"
    return one.layer if one.layer_form == "activation" else f"{one.layer}:{one.layer_form}"


def build_survey(texts: dict[str, str], model: ModelSettings) -> SurveySettings:
    """The settings that the form's texts say; what it does not ask for is the command's default.

    Raises:
        UserError: one of them is wrong.
    """
    options: Namespace = survey_cli.parser().parse_args([])
    for name, label in COUNTS.items():
        text = texts[name]
        if not text and name == "limit":
            continue
        if not text.isdecimal():
            raise UserError(f"{label} must be a whole number, not {text!r}.")
        setattr(options, name, int(text))
    for name in ("method", "epsilon", "targets", "score", "layer", "references"):
        setattr(options, name, texts[name])
    if not texts["folder"] or not texts["out"]:
        raise UserError("a survey needs a folder of pictures, and one for its results.")
    options.folder, options.out = texts["folder"], texts["out"]
    options.background = texts["background"] or None
    return survey_cli.settings(options, model)
