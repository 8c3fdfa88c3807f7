"""Two or more runs side by side, from their summaries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.surveys.findings import CONFIDENCE, SHOWN
from engine.surveys.identity import by_setting, value_text
from engine.surveys.run_folder import read_summary
from engine.types import BadSetting

COMPARED = (CONFIDENCE, "mean", SHOWN, "coherence")
"""Figures compared, beside learned detectors."""
IGNORED = ("rows",)

Summary = dict[str, Any]


def compare(folders: Sequence[str]) -> str:
    """Markdown: what differs in the runs' settings, success rates, and AUROCs.

    Raises:
        UserError: fewer than two runs, or a folder without a run's summary.
    """
    if len(folders) < 2:
        raise BadSetting("--compare takes two or more runs.")
    summaries = [read_summary(Path(folder).expanduser()) for folder in folders]
    names = _names(folders)
    return "\n".join(
        [
            "# Runs compared",
            "",
            *_differences(names, summaries),
            *_successes(names, summaries),
            *_aurocs(names, summaries),
        ]
    )


def _names(folders: Sequence[str]) -> list[str]:
    names = [Path(folder).name or folder for folder in folders]
    return names if len(set(names)) == len(names) else list(folders)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def _header(cells: Sequence[str]) -> list[str]:
    return [_row(cells), "|---" * len(cells) + "|"]


def _differences(names: list[str], summaries: list[Summary]) -> list[str]:
    lines = [*_header(["", *names])]
    compared = [str(s["done"] - s["wrong"] - s["failed"]) for s in summaries]
    lines.append(_row(["pictures compared", *compared]))
    settings = [by_setting(s["identity"]) for s in summaries]
    for name in dict.fromkeys(name for each in settings for name in each):
        values = [value_text(each.get(name)) for each in settings]
        if name not in IGNORED and len(set(values)) > 1:
            lines.append(_row([name, *values]))
    return [*lines, ""]


def _successes(names: list[str], summaries: list[Summary]) -> list[str]:
    arms: dict[str, str] = {}
    for summary in summaries:
        for arm in summary["arms"]:
            if arm["control"] != "noise":
                arms.setdefault(arm["key"], arm["name"])
    lines = _header(["goal reached", *names])
    for key, name in arms.items():
        cells = []
        for summary in summaries:
            arm = next((each for each in summary["arms"] if each["key"] == key), None)
            tried = arm["tried"] if arm else 0
            cells.append(f"{100 * arm['reached'] / tried:.0f} %" if arm and tried else "–")
        lines.append(_row([name, *cells]))
    return [*lines, ""]


def _aurocs(names: list[str], summaries: list[Summary]) -> list[str]:
    arms: dict[str, str] = {}
    rows: dict[tuple[str, str, str], None] = {}
    by_key: list[dict[tuple[str, str, str], Summary]] = []
    for summary in summaries:
        arms |= {arm["key"]: arm["name"] for arm in summary["arms"]}
        own = {}
        for row in summary["separations"] + summary["learned"]:
            key = (row["arm"], row["explanation"], row["statistic"])
            own[key] = row
            if row["statistic"] in COMPARED or row in summary["learned"]:
                rows.setdefault(key)
        by_key.append(own)
    order = {key: number for number, key in enumerate(arms)}
    lines = [
        "AUROC that the figure is higher for the clean picture, with its 95 % interval (for"
        " logistic regression and random forest: that the adversarial picture is found).",
        "",
        *_header(["arm", "explanation", "figure", *names]),
    ]
    for key in sorted(rows, key=lambda key: order[key[0]]):
        cells = [_auroc(own.get(key)) for own in by_key]
        lines.append(_row([arms[key[0]], key[1], key[2], *cells]))
    return lines


def _auroc(row: Summary | None) -> str:
    if row is None or row["auroc"] is None:
        return "–"
    if row["low"] is None or row["high"] is None:
        return f"{row['auroc']:.2f}"
    return f"{row['auroc']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
