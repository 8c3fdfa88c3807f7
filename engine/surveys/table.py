"""The rows of a run as a table, with what every column means, and the features as arrays. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from engine.surveys.findings import Findings
from engine.surveys.records import unpack_features
from engine.types.statistics import STATISTICS

_COLUMNS = {
    "picture": "path within the surveyed folder",
    "state": "done; wrong: the network errs, left out; failed: see reason",
    "reason": "why the work on the picture failed",
    "label": "indices of the classes that count as right, separated by a bar",
    "arm": "attack or control: method-epsilon-target, with -matched where it stops as soon as it"
    " is as sure as the network was of the clean picture; noise-epsilon",
    "seed": "the picture's own seed, for the explorer (--seed)",
    "target": "index of the target class; empty when untargeted",
    "reached": "1: the arm's goal was reached; only such rows are explained and compared",
    "success_step": "first iteration at which the goal was reached",
    "step": "iteration that was measured and explained",
    "clean_class": "index of the network's top class on the clean picture",
    "clean_confidence": "its probability, 0 to 1",
    "adversarial_class": "index of the top class at `step`",
    "adversarial_confidence": "its probability, 0 to 1",
    "probability_target": "probability of the target class at `step`",
    "probability_original": "probability of the clean picture's top class at `step`",
    "linf": "largest change of a pixel, 0 to 1",
    "l2": "Euclidean distance to the clean picture, in pixel units of 0 to 1",
    "explanation": "explainer, what is explained, score; of each side's top class",
    "samples": "draws behind the attribution",
    "clean_score": "score of the explained class on the clean picture; adversarial_score likewise",
    "clean_expected": "mean score over the background; adversarial_expected likewise",
    "clean_gap": "completeness gap in the score's units; adversarial_gap likewise",
}


def columns() -> dict[str, str]:
    """Columns of rows.csv and what they mean.

    Each statistic comes as clean_X, clean_X_error (standard error) and the same for the adversarial
    side.
    """
    return _COLUMNS | {
        f"clean_{name}": f"{one.meaning}, score's units" if one.unit else one.meaning
        for name, one in STATISTICS.items()
    }


def column_lines() -> list[str]:
    """The columns and their meanings as a table of report.md."""
    lines = ["## Columns of rows.csv", "", "| column | meaning |", "|---|---|"]
    lines += [f"| {name} | {meaning.replace('|', '/')} |" for name, meaning in columns().items()]
    lines += [
        "",
        "Each statistic has its standard error in clean_X_error; adversarial_X and"
        " adversarial_X_error are the same for the other side.",
    ]
    return lines


_FIGURES = ("score", "expected", "gap")


def table(findings: Findings) -> tuple[list[str], list[list[object]]]:
    """Header and rows of rows.csv: a row a picture, arm and explanation; see `columns`."""
    header = [name for name in _COLUMNS if not name.startswith("clean_")][:10]
    header += ["clean_class", "clean_confidence", "adversarial_class", "adversarial_confidence"]
    header += ["probability_target", "probability_original", "linf", "l2", "explanation", "samples"]
    for side in ("clean", "adversarial"):
        header += [f"{side}_{name}" for name in _FIGURES]
        for name in STATISTICS:
            header += [f"{side}_{name}", f"{side}_{name}_error"]
    return header, [[_cell(row.get(name)) for name in header] for row in _rows(findings)]


def _cell(value: object) -> object:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return int(value) if isinstance(value, bool) else value


def _rows(findings: Findings) -> Iterator[dict[str, object]]:
    for record in findings.records:
        common: dict[str, object] = {
            "picture": record.name,
            "state": record.state,
            "reason": record.reason,
            "label": "|".join(map(str, record.labels)),
            "clean_class": record.prediction if record.prediction >= 0 else None,
            "clean_confidence": record.confidence,
        }
        if not record.arms:
            yield common
    for arm in findings.arms:
        for sides in findings.tried(arm.key):
            record, one = sides.picture, sides.arm
            measured: dict[str, object] = {
                "picture": record.name,
                "state": record.state,
                "label": "|".join(map(str, record.labels)),
                "arm": one.key,
                "seed": one.seed,
                "target": one.target,
                "reached": one.reached,
                "success_step": one.success_step,
                "step": one.step,
                "clean_class": record.prediction,
                "clean_confidence": record.confidence,
                "adversarial_class": one.prediction,
                "adversarial_confidence": one.confidence,
                "probability_target": one.probability_target,
                "probability_original": one.probability_original,
                "linf": one.linf,
                "l2": one.l2,
            }
            explained = False
            for name in findings.explanations:
                pair = sides.figures(name) if one.reached else None
                if pair is None:
                    continue
                explained = True
                row = measured | {"explanation": name, "samples": pair[1].samples}
                for side, figures in zip(("clean", "adversarial"), pair, strict=True):
                    row |= {f"{side}_{k}": getattr(figures, k) for k in _FIGURES}
                    row |= {f"{side}_{k}": v for k, v in figures.statistics.items()}
                    row |= {f"{side}_{k}_error": v for k, v in figures.errors.items()}
                yield row
            if not explained:
                yield measured


def features(findings: Findings) -> dict[str, np.ndarray]:
    """Sorted values in compact form: arrays (pairs, 2, D) float32, clean then adversarial, by
    `arm/explanation`; rows in the order of the pictures' names among those reached.
    """
    arrays = {}
    for arm in findings.arms:
        for name in findings.explanations:
            pairs = findings.pairs(arm.key, name)
            if pairs:
                stacked = [[unpack_features(side.features) for side in pair] for pair in pairs]
                arrays[f"{arm.key}/{name}"] = np.array(stacked, dtype=np.float32)
    return arrays
