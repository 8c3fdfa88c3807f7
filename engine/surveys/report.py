"""What a run leaves for others to read: summary.json, rows.csv, report.md, curves, histograms.

Written anew each time a session ends; everything in them comes from items.jsonl.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from engine.surveys import plots
from engine.surveys.detectors import FOLDS
from engine.surveys.findings import CONFIDENCE, NO_EXPLANATION, SHOWN, Findings
from engine.surveys.run_folder import FORMAT, VERSION
from engine.surveys.table import column_lines, features, table
from engine.types import Separation, SurveyArm, SurveyFrame, values_of
from engine.types.files import write_atomically
from engine.types.statistics import STATISTICS

Learned = Sequence[tuple[Separation, float]]


def write_report(
    out: Path,
    identity: dict[str, Any],
    rule: str,
    background: str,
    findings: Findings,
    frame: SurveyFrame,
    learned: Learned,
) -> None:
    """Write all files; `background` is the digest of the fixed background, empty without one.

    Raises:
        UserError: a file cannot be written.
    """
    summary = _summary(identity, rule, background, frame, learned)
    _write(out / "summary.json", json.dumps(summary, indent=1, allow_nan=False))
    _write(out / "curves.json", json.dumps(_curves(frame, learned), allow_nan=False))
    header, rows = table(findings)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    _write(out / "rows.csv", text.getvalue())
    arrays: dict[str, Any] = features(findings)
    write_atomically(out / "features.npz", lambda file: np.savez(file, **arrays))
    _write(out / "report.md", markdown(identity, frame, learned))
    for separation in frame.separations:
        chosen = separation.explanation == frame.explanations[0]
        if chosen and separation.statistic in ("mean", SHOWN) and separation.pairs:
            name = f"histogram-{separation.arm}-{separation.statistic}.svg"
            _write(out / name, plots.svg(separation))


def _write(path: Path, text: str) -> None:
    write_atomically(path, lambda file: file.write(text.encode("utf-8", "surrogateescape")))


def number(value: float) -> float | None:
    """A JSON number, or null for what is not one."""
    return value if math.isfinite(value) else None


def separation_json(row: Separation) -> dict[str, Any]:
    """A row of the results, without the curves."""
    values = {field.name: getattr(row, field.name) for field in fields(row)}
    return {
        name: number(value) if isinstance(value, float) else value
        for name, value in values.items()
        if not isinstance(value, np.ndarray)
    }


def _summary(
    identity: dict[str, Any], rule: str, background: str, frame: SurveyFrame, learned: Learned
) -> dict[str, Any]:
    arms = [
        {
            "key": arm.key,
            "name": arm.name,
            "control": arm.control,
            "attack": {"method": arm.attack.method, **values_of(arm.attack)},
            "tried": arm.tried,
            "reached": arm.reached,
            "steps": number(arm.steps),
            "confidence": [number(p) for p in arm.confidence],
        }
        for arm in frame.arms
    ]
    return {
        "format": FORMAT,
        "version": VERSION,
        "state": frame.state,
        "identity": identity,
        "label_rule": rule,
        "background": background,
        "notes": list(frame.notes),
        "pictures": frame.total,
        "done": frame.done,
        "wrong": frame.wrong,
        "failed": frame.failed,
        "arms": arms,
        "explanations": list(frame.explanations),
        "separations": [separation_json(row) for row in frame.separations if row.pairs],
        "learned": [separation_json(row) | {"accuracy": share} for row, share in learned],
    }


def _curves(frame: SurveyFrame, learned: Learned) -> list[dict[str, Any]]:
    """ROC curves and histograms, for drawing them elsewhere."""
    curves = []
    for row in (*frame.separations, *(row for row, _ in learned)):
        if row.pairs:
            arrays = {name: getattr(row, name) for name in ("roc", "edges", "clean", "adversarial")}
            names = {name: getattr(row, name) for name in ("arm", "explanation", "statistic")}
            curves.append(names | {k: v.round(12).tolist() for k, v in arrays.items()})
    return curves


# --- the report -------------------------------------------------------------------------------


def _threshold(row: Separation) -> str:
    return f"{row.side} {row.threshold:.3g}" if math.isfinite(row.threshold) else "–"


def markdown(identity: dict[str, Any], frame: SurveyFrame, learned: Learned) -> str:
    """The report."""
    surveyed = frame.done - frame.wrong - frame.failed
    lines = [
        "# Survey",
        "",
        f"{identity['network']}, {frame.done} of {frame.total} pictures: {surveyed} compared,"
        f" {frame.wrong} left out because the network errs, {frame.failed} failed.",
        *(f"{note[0].upper()}{note[1:]}." for note in map(_printable, frame.notes)),
        "",
        "AUROC: probability that the figure is higher for the clean picture than for the"
        " adversarial one; 0.5 tells nothing, below 0.5 it is the other way round. In brackets the"
        " 95 % bootstrap interval over pictures; one of no width says that the pairs are few, not"
        " that the figure is certain. TPR: share of adversarial pictures found at 5 % false alarms,"
        " on the side that the AUROC tells, with a threshold chosen on these same pictures. Only"
        " attacks that reached their goal are compared, so arms can be about different pictures."
        " Both sides' figures are about their own top class. Sorted values are learned from where"
        f" there are at least {2 * FOLDS} pairs; the pair as its own background is left out for"
        " matched attacks.",
        "",
        "## Attacks and controls",
        "",
        "| arm | pictures | goal reached | median iterations | median confidence, clean → after |",
        "|---|---|---|---|---|",
        *(_arm_row(arm) for arm in frame.arms),
        "",
        "A matched attack is taken at its first iteration that is at least as sure as the network"
        " was of the clean picture. It can overshoot: confidence alone, below, says by how much.",
        "",
    ]
    for arm in frame.arms:
        rows = [row for row in frame.separations if row.arm == arm.key and row.pairs]
        if rows:
            lines += _arm_section(arm, rows, [pair for pair in learned if pair[0].arm == arm.key])
    lines += ["", *column_lines()]
    return "\n".join(lines) + "\n"


def _printable(text: str) -> str:
    """Names of files without what a terminal would obey; rows.csv has them as they are."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _arm_row(arm: SurveyArm) -> str:
    share = f"{100 * arm.reached / arm.tried:.0f} %" if arm.tried else "–"
    if arm.control == "noise":
        share = "(no goal)"
    steps = f"{arm.steps:g}" if math.isfinite(arm.steps) else "–"
    before, after = (f"{p:.3f}" if math.isfinite(p) else "–" for p in arm.confidence)
    return f"| {arm.name} | {arm.tried} | {share} | {steps} | {before} → {after} |"


def _arm_section(arm: SurveyArm, rows: Sequence[Separation], learned: Learned) -> list[str]:
    names = list(dict.fromkeys(r.explanation for r in rows if r.explanation != NO_EXPLANATION))
    by = {(row.explanation, row.statistic): row for row in rows}
    confidence = by[NO_EXPLANATION, CONFIDENCE]
    lines = [
        f"## {arm.name}",
        "",
        f"{confidence.pairs} pairs. Confidence alone: AUROC {confidence.auroc_text}, TPR"
        f" {100 * confidence.tpr:.0f} %.",
        "",
        "| AUROC | " + " | ".join(names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for statistic in STATISTICS:
        cells = [by[name, statistic].auroc_text for name in names]
        lines.append(f"| {statistic} | " + " | ".join(cells) + " |")
    lines += [
        "",
        f"| {SHOWN} of | TPR at 5 % false alarms | called adversarial | clean is higher |",
        "|---|---|---|---|",
    ]
    for name in names:
        row = by[name, SHOWN]
        lines.append(
            f"| {name} | {100 * row.tpr:.0f} % | {_threshold(row)} |"
            f" {100 * row.higher:.0f} % of pairs |"
        )
    lines.append("")
    if learned:
        lines += [
            "| sorted values | background | AUROC | TPR | accuracy |",
            "|---|---|---|---|---|",
        ]
        for row, accuracy in learned:
            lines.append(
                f"| {row.statistic} | {row.explanation} | {row.auroc_text} |"
                f" {100 * row.tpr:.0f} % | {100 * accuracy:.0f} % |"
            )
        lines.append("")
    first = by[names[0], SHOWN] if names else confidence
    curves = {f"{SHOWN}, {first.explanation}": first, "confidence alone": confidence}
    lines += ["```", plots.roc_text(curves), "```", ""]
    if names:
        for statistic in ("mean", SHOWN):
            row = by[names[0], statistic]
            lines += ["```", f"{statistic}, {row.explanation}", plots.histogram_text(row), "```"]
        lines.append("")
    return lines
