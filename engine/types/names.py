"""Names as people type them: compared, completed, and made into a class's index."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from engine.types.errors import UnknownClass


def fold_name(name: str) -> str:
    """`name` as it is compared: case does not matter, and an underscore is a space."""
    return name.casefold().replace("_", " ")


def suggest(word: str, names: Sequence[str], count: int = 3) -> str:
    """`": did you mean a, b?"` for the names nearest to `word`, or an empty string."""
    by_key = {fold_name(name): name for name in reversed(names)}
    key = fold_name(word)
    close = get_close_matches(key, by_key, n=count, cutoff=0.5)
    close += [name for name in by_key if key and key in name and name not in close]
    return f": did you mean {', '.join(by_key[k] for k in close[:count])}?" if close else ""


def find_class(text: str, labels: tuple[str, ...]) -> int:
    """Index of the class called `text` (a name, case and underscores aside, or an index).

    Raises:
        UnknownClass: no such class; names the nearest labels.
    """
    word = text.strip()
    if word.isdecimal():
        index = int(word)
        if index < len(labels):
            return index
        raise UnknownClass(
            f"class {index} does not exist: this network has classes 0 to {len(labels) - 1}."
        )
    key = fold_name(word)
    for index, label in enumerate(labels):
        if fold_name(label) == key:
            return index
    some = f": the network has {len(labels)} classes, such as {', '.join(labels[:3])}."
    raise UnknownClass(f"unknown class {word!r}{suggest(word, labels) or some}")
