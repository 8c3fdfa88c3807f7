"""The names of a network's classes, read from a file."""

from __future__ import annotations

import json
from csv import DictReader
from pathlib import Path

from engine.types import BadLabels


def read_labels(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Class names in index order, and their wnids if the file tells them (else empty).

    A text file with a name a line, a JSON list or object by index (values are names or
    [wnid, name]), or a CSV with a `name` column and optional `index` and `wnid` columns. A wnid
    is WordNet's number of a class, such as n02504458, by which ImageNet names its folders.

    Raises:
        BadLabels: missing, empty, or of another form.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadLabels(f"{path} does not exist: check --labels.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadLabels(f"{path} cannot be read as labels: {error}.") from error
    try:
        if path.suffix == ".csv":
            names, wnids = _from_csv(text)
        elif path.suffix == ".json":
            names, wnids = _from_json(text)
        else:
            names, wnids = [line.strip() for line in text.splitlines() if line.strip()], []
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise BadLabels(f"{path} is not a list of labels: {error}.") from error
    if not names:
        raise BadLabels(f"{path} holds no labels.")
    return tuple(names), tuple(wnids)


def _from_csv(text: str) -> tuple[list[str], list[str]]:
    rows = list(DictReader(text.splitlines()))
    if rows and rows[0].get("index"):
        rows.sort(key=lambda row: int(row["index"]))
    names = [row["name"] for row in rows]
    return names, [row["wnid"] for row in rows] if rows and "wnid" in rows[0] else []


def _from_json(text: str) -> tuple[list[str], list[str]]:
    entries = json.loads(text)
    if isinstance(entries, dict):
        entries = [entries[key] for key in sorted(entries, key=int)]
    pairs = [entry if isinstance(entry, list) else ["", entry] for entry in entries]
    names = [str(pair[1]) for pair in pairs]
    return names, [str(pair[0]) for pair in pairs] if all(pair[0] for pair in pairs) else []
