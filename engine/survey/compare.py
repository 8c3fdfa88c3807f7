"""Two or more runs side by side, from their summaries."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.survey.findings import CONFIDENCE, SHOWN
from engine.survey.run_folder import read_settings
from engine.types import UserError

STATISTICS = (CONFIDENCE, "mean", SHOWN, "coherence")
IGNORED = ("rows",)

Summary = dict[str, Any]


def compare(folders: Sequence[str]) -> str:
    """Markdown: what differs in the runs' settings, success rates, and AUROCs.

    Raises:
        UserError: fewer than two runs, or a folder without a run's summary.
    """
    if len(folders) < 2:
        raise UserError("--compare takes two or more runs.")
    summaries = [_read(Path(folder).expanduser()) for folder in folders]
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


def _read(folder: Path) -> Summary:
    read_settings(folder)
    try:
        found = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(
            f"{folder} has no summary.json yet: run its survey again until it ends or is stopped."
        ) from None
    except (OSError, ValueError) as error:
        raise UserError(f"{folder / 'summary.json'} cannot be read: {error}.") from error
    if not isinstance(found, dict) or "separations" not in found:
        raise UserError(f"{folder / 'summary.json'} is not a survey's summary.")
    return found


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
    for key in summaries[0]["identity"]:
        values = [s["identity"].get(key) for s in summaries]
        if key not in IGNORED and any(value != values[0] for value in values):
            lines.append(_row([key, *(_short(value) for value in values)]))
    return [*lines, ""]


def _short(value: Any) -> str:
    if isinstance(value, list):
        if value and isinstance(value[0], dict):
            return f"{len(value)} of them (see below)"
        return ", ".join(str(each) for each in value)
    return "–" if value is None else str(value)


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
            known = arm is not None and arm["tried"]
            cells.append(f"{100 * arm['reached'] / arm['tried']:.0f} %" if arm and known else "–")
        lines.append(_row([name, *cells]))
    return [*lines, ""]


def _aurocs(names: list[str], summaries: list[Summary]) -> list[str]:
    arms: dict[str, str] = {}
    rows: dict[tuple[str, str, str], None] = {}
    found: list[dict[tuple[str, str, str], Summary]] = []
    for summary in summaries:
        arms |= {arm["key"]: arm["name"] for arm in summary["arms"]}
        known = {}
        for row in summary["separations"] + summary["learned"]:
            key = (row["arm"], row["explanation"], row["statistic"])
            known[key] = row
            if row["statistic"] in STATISTICS or row in summary["learned"]:
                rows.setdefault(key)
        found.append(known)
    order = {key: number for number, key in enumerate(arms)}
    lines = [
        "AUROC that the figure is higher for the clean picture, with its 95 % interval (for"
        " logistic regression and random forest: that the adversarial picture is found).",
        "",
        *_header(["arm", "explanation", "figure", *names]),
    ]
    for key in sorted(rows, key=lambda key: order[key[0]]):
        cells = [_auroc(known.get(key)) for known in found]
        lines.append(_row([arms[key[0]], key[1], key[2], *cells]))
    return lines


def _auroc(row: Summary | None) -> str:
    if row is None or row["auroc"] is None:
        return "–"
    values = [math.nan if row[k] is None else row[k] for k in ("auroc", "low", "high")]
    if "accuracy" in row:
        values = [1 - values[0], 1 - values[2], 1 - values[1]]
    return f"{values[0]:.2f} [{values[1]:.2f}, {values[2]:.2f}]"
