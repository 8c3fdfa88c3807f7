"""Text from outside made safe for a terminal, and numbers made short.

May import rich (for the width of a character in cells), never Textual.
"""

from __future__ import annotations

import math
import re
import unicodedata

from rich.cells import cell_len, chop_cells

from engine.types.statistics import STATISTICS

ELLIPSIS = "…"
UNSAFE = "\N{REPLACEMENT CHARACTER}"
_ESCAPE = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # operating system commands (titles, links)
    r"|[\x1bP^_X][^\x1b]*\x1b\\"  # strings ended by ST
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours and cursor moves
    r"|\x1b[ -/]*[0-~]?"
)


def safe(text: str, width: int | None = None) -> str:
    """`text` on one line, without anything that a terminal would obey.

    Escape sequences, control and format characters (the ones that turn the writing direction
    among them) and lone surrogates each become one replacement character; white space becomes
    a blank. With `width`, at most that many cells, ending in an ellipsis where it was cut.
    """
    text = _ESCAPE.sub(UNSAFE, text)
    clean = "".join(
        character if character.isprintable() else " " if character.isspace() else UNSAFE
        for character in unicodedata.normalize("NFC", text)
    )
    return clean if width is None else fit(clean, width)


def fit(text: str, width: int) -> str:
    """`text` cut to at most `width` cells, ending in an ellipsis where it was cut."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return text
    if width == 1:
        return ELLIPSIS
    parts = chop_cells(text, width - 1)
    return parts[0].rstrip() + ELLIPSIS


def fit_middle(text: str, width: int) -> str:
    """`text` cut in its middle to at most `width` cells: numbered names keep their numbers."""
    if cell_len(text) <= width or width < 6:
        return fit(text, width)
    end = (width - 1) // 3
    tail = text[-end:]
    while cell_len(tail) > end:
        tail = tail[1:]
    return fit(text, width - cell_len(tail)) + tail


def pad(text: str, width: int, *, right: bool = False) -> str:
    """`text` fitted and filled with blanks to exactly `width` cells."""
    text = fit(text, width)
    blanks = " " * max(0, width - cell_len(text))
    return blanks + text if right else text + blanks


def wrap(text: str, width: int, height: int) -> list[str]:
    """`text` broken at blanks into at most `height` lines; the last ends in an ellipsis if cut."""
    lines: list[str] = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if cell_len(longer) > width and lines[-1] and len(lines) < height:
            lines.append(word)
        else:
            lines[-1] = longer
    return [fit(one, width) for one in lines[:height]]


def percent(probability: float) -> str:
    """A probability as a percentage that never claims more than is there.

    0.9996 is `>99.9 %` and not 100 %; what is below 0.05 % is `<0.1 %`.
    """
    if math.isnan(probability):
        return "–"
    if probability >= 0.9995:
        return ">99.9 %"
    if 0.0 < probability < 0.0005:
        return "<0.1 %"
    return f"{100 * probability:.1f} %"


def exponent_of(*values: float) -> int:
    """The power of ten of the largest finite value; 0 where none differs from zero."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    return math.floor(math.log10(largest)) if largest > 0 else 0


def minus(text: str) -> str:
    """`text` with a minus sign as wide as a plus."""
    return text.replace("-", "−")


def compact(value: float, digits: int = 3, *, sign: bool = False) -> str:
    """`value` with so many significant digits, as `1.23`, `0.0123` or `1.23e−6`."""
    if not math.isfinite(value):
        return "–"
    exponent = exponent_of(value)
    plus = "+" if sign else ""
    if value == 0:
        return "0"
    if -3 <= exponent < digits + 1:
        return minus(f"{value:{plus}.{max(0, digits - 1 - exponent)}f}")
    mantissa = f"{value / 10.0**exponent:{plus}.{digits - 1}f}"
    if mantissa.lstrip("+-").startswith("10"):
        exponent, mantissa = exponent + 1, f"{value / 10.0 ** (exponent + 1):{plus}.{digits - 1}f}"
    return minus(f"{mantissa}e{exponent}")


def statistic_name(key: str) -> str:
    """A short name for the key of a statistic, safe for the terminal."""
    statistic = STATISTICS.get(key)
    return safe(key.replace("_", " ")) if statistic is None else statistic.label


def size_text(size: float) -> str:
    """Bytes in the unit that keeps the number short."""
    for unit in ("B", "kB", "MB"):
        if size < 999.5:
            digits = 1 if unit == "MB" and size < 100 else 0
            return f"{size:.{digits}f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def duration_text(seconds: float) -> str:
    """`0:07`, `12:34` or `3:02:10`; a dash where unknown."""
    if not math.isfinite(seconds):
        return "–"
    whole = math.ceil(max(0.0, seconds))
    hours, rest = divmod(whole, 3600)
    minutes, second = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{second:02}" if hours else f"{minutes}:{second:02}"
