"""What the headless commands print: Rich reports for people, JSON objects for scripts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.types import (
    METHODS,
    AttackStep,
    ClassLabel,
    Evidence,
    ListedModel,
    ModelInfo,
    Prediction,
    SavedAttack,
    StepRecord,
)
from tui.draw import colors
from tui.draw.pixels import default_scale, fitted_size, heat_text, resample
from tui.draw.text import compact, percent, safe

HEAT_COLUMNS = 56


def number(value: float) -> float | None:
    """A JSON number, or null for what is not one."""
    return value if math.isfinite(value) else None


def label_json(label: ClassLabel | None) -> dict[str, Any] | None:
    """A class as an object."""
    return None if label is None else {"index": label.index, "name": label.name}


def prediction_json(prediction: Prediction) -> dict[str, Any]:
    """A prediction as an object."""
    return {
        "index": prediction.index,
        "name": prediction.name,
        "probability": prediction.probability,
    }


def _step_json(record: StepRecord) -> dict[str, Any]:
    return {
        "step": record.step,
        "loss": number(record.loss),
        "linf": record.linf,
        "l2": record.l2,
        "probability_target": number(record.probability_target),
        "probability_original": record.probability_original,
        "top": [prediction_json(prediction) for prediction in record.top],
    }


def attack_json(
    info: ModelInfo,
    image: str,
    last: AttackStep,
    trace: Sequence[StepRecord],
    saved: SavedAttack | None,
) -> dict[str, Any]:
    """The object that `xaway-tui attack --json` prints; see the README."""
    settings = last.settings
    report: dict[str, Any] = {
        "model": info.name,
        "device": info.device,
        "image": image,
        "method": settings.method,
        "target": label_json(last.target),
        "original": label_json(last.original),
        "epsilon": settings.epsilon,
        "alpha": settings.step_size,
        "seed": settings.seed,
        "steps": [_step_json(record) for record in trace],
        "success": last.success_step is not None,
        "success_step": last.success_step,
    }
    if saved is not None:
        report["saved"] = {
            "npy": saved.npy,
            "png": saved.png,
            "survived": saved.survived,
            "prediction": prediction_json(saved.prediction),
        }
    return report


def explain_json(info: ModelInfo, image: str, evidence: Evidence) -> dict[str, Any]:
    """The object that `xaway-tui explain --json` prints; see the README."""
    one = evidence.attributions[0]
    return {
        "model": info.name,
        "device": info.device,
        "image": image,
        "explainer": evidence.settings.explainer,
        "layer": evidence.settings.layer,
        "seed": evidence.settings.seed,
        "class": {"index": one.query.class_index, "name": one.name},
        "score": evidence.settings.score,
        "samples": evidence.samples,
        "statistics": {name: number(value) for name, value in one.statistics.items()},
        "standard_error": {name: number(value) for name, value in one.errors.items()},
        "noise_alone": number(one.noise),
        "score_value": number(one.score_value),
        "expected": number(one.expected),
        "completeness_gap": number(one.gap),
        "histogram": {
            "edges": [float(edge) for edge in evidence.edges],
            "shares": [float(share) for share in one.histogram],
        },
        "background": evidence.background,
        "note": evidence.note,
        "warnings": list(evidence.warnings),
    }


def print_attack(
    console: Console,
    info: ModelInfo,
    image: str,
    last: AttackStep,
    trace: Sequence[StepRecord],
    saved: SavedAttack | None,
) -> None:
    """A report of an attack for people."""
    settings = last.settings
    aim = f"→ {safe(last.target.name)}" if last.target else "away from it (untargeted)"
    console.print(
        Text.assemble(
            (safe(image), "bold"),
            f"\n{safe(info.name)} on {info.device}: ",
            (safe(last.original.name), colors.hexadecimal(colors.ORIGINAL)),
            " ",
            (aim, colors.hexadecimal(colors.TARGET)),
            f"\n{METHODS[settings.method].label}, epsilon {settings.epsilon:g}"
            f" = {settings.epsilon * 255:.3g}/255, alpha {settings.step_size:.4g},"
            f" {settings.iterations} steps, seed {settings.seed}",
        )
    )
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("step", "loss", "L∞", "L2", "target", "original"):
        table.add_column(heading, justify="right")
    table.add_column("top prediction")
    for record in trace:
        best = record.top[0]
        table.add_row(
            str(record.step),
            compact(record.loss),
            f"{record.linf:.4f}",
            compact(record.l2),
            percent(record.probability_target),
            percent(record.probability_original),
            Text(f"{safe(best.name)} {percent(best.probability)}"),
            style="bold" if record.step == last.success_step else "",
        )
    console.print(table)
    if last.success_step is None:
        console.print("The attack did not reach its goal.")
    else:
        console.print(f"The attack reached its goal at step {last.success_step}.")
    if saved is not None:
        fate = "survived" if saved.survived else "did not survive"
        console.print(
            Text(
                f"Saved {safe(saved.npy)} (exact) and {safe(saved.png)}: the attack {fate} the"
                f" PNG's 8 bits ({safe(saved.prediction.name)}"
                f" {percent(saved.prediction.probability)})."
            )
        )


def print_explain(console: Console, info: ModelInfo, image: str, evidence: Evidence) -> None:
    """The heatmap as text, and the statistics."""
    one = evidence.attributions[0]
    settings = evidence.settings
    scale = default_scale(one.heat)
    height, width = fitted_size(
        one.heat.shape[0], one.heat.shape[1], HEAT_COLUMNS, HEAT_COLUMNS // 2
    )
    picture = heat_text(resample(one.heat, height // 2, width), scale)
    where = f" at the input of {safe(settings.layer)}" if settings.layer else ""
    console.print(
        Text.assemble(
            (safe(image), "bold"),
            f"\n{safe(info.name)} on {info.device}: evidence for ",
            (safe(one.name), "bold"),
            f"{where}: {settings.explainer}, {settings.score} {compact(one.score_value)},"
            f" {evidence.samples} samples, seed {settings.seed}",
        )
    )
    for warning in evidence.warnings:
        console.print(Text(safe(warning), style="bold"))
    console.print(Group(*(_signed(row) for row in picture)))
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("statistic")
    table.add_column("value", justify="right")
    table.add_column("± standard error", justify="right")
    for name, value in one.statistics.items():
        error = one.errors.get(name, math.nan)
        table.add_row(name, compact(value), compact(error) if math.isfinite(error) else "not known")
    if math.isfinite(one.noise):
        table.add_row("mean_abs of noise alone", compact(one.noise), "")
    table.add_row(f"{settings.score} of the picture", compact(one.score_value), "")
    if math.isfinite(one.expected):
        table.add_row(settings.expected_is, compact(one.expected), "")
    if evidence.background:
        table.add_row("digest of the background", evidence.background, "")
    table.add_row("completeness gap", compact(one.gap), "")
    console.print(table)
    if evidence.note:
        console.print(Text(safe(evidence.note), style="dim"))


def _signed(row: str) -> RenderableType:
    """A row of the heatmap with its signs in colour; signs alone tell where there is none."""
    text = Text(row)
    text.highlight_regex(r"[+*#]+", colors.hexadecimal(colors.TARGET))
    text.highlight_regex(r"[\-=%]+", colors.hexadecimal(colors.ORIGINAL))
    return text


def print_models(console: Console, models: tuple[ListedModel, ...]) -> None:
    """What can be loaded and what is here already."""
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("network")
    table.add_column("weights")
    table.add_column("here", justify="center")
    for heading in ("MB", "parameters", "top-1 %"):
        table.add_column(heading, justify="right")
    for model in models:
        table.add_row(
            model.name,
            model.weights,
            "yes" if model.cached else "–",
            f"{model.megabytes:.0f}" if model.megabytes else "",
            f"{model.parameters / 1e6:.1f} M" if model.parameters else "",
            f"{model.accuracy:.1f}" if model.accuracy else "",
        )
    console.print(table)
