"""Text from outside made safe for a terminal, and numbers made short.

May import rich (for the width of a character in cells), never Textual.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import takewhile

from rich.cells import cell_len, chop_cells

from engine.types.statistics import STATISTICS

ELLIPSIS = "…"
SEPARATOR = " · "
"""Between the parts of a line, of which the most important comes first."""
UNSAFE = "\N{REPLACEMENT CHARACTER}"
_VALUE = (
    r"[<>≤≥±×~▲✓]*[+−-]?(?:\d(?:[\d.,:]*\d)?|\.\d+)(?:e[+−-]?\d+)?×?(?:/\d+)?"
    r"(?: ?%| (?:[kMG]?B|it|s|sd)\b)?(?:/s\b)?"
)
NUMBER = re.compile(
    rf"(?<![a-z])e[+−-]\d+|{_VALUE}"
    rf"(?:(?: ?± ?| \| | of | = | → ){_VALUE})*(?: \[{_VALUE}, {_VALUE}\])?(?: [a-z]+)?"
)
"""A number with its exponent, unit and error and with what it counts, or numbers that say something
only together."""
_WORD = re.compile(rf"(?:(?<!\S){NUMBER.pattern}|\S)+")
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
    """`text` cut to at most `width` cells, ending in an ellipsis where it was cut.

    A number is not cut but left out, with its error, its unit and what it is counted of: part of
    a number is another number.
    """
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return text
    return _start(text, width - 1) + ELLIPSIS


def fit_middle(text: str, width: int) -> str:
    """`text` cut in its middle to at most `width` cells: numbered names keep their numbers."""
    if cell_len(text) <= width or width < 6:
        return fit(text, width)
    first = len(text) - (width - 1) // 3
    number = _number_around(text, first)
    if number is not None:
        whole = cell_len(text[number[0] :]) <= width - 2
        first = number[0] if whole else number[1]
    while cell_len(text[first:]) > max((width - 1) // 3, width - 2 if number else 0):
        first += 1
    tail = text[first:].lstrip()
    gap = f"{ELLIPSIS} " if tail[:1].isdigit() else ELLIPSIS  # lest a whole number look cut
    return _start(text, width - len(gap) - cell_len(tail)) + gap + tail


def fit_apart(names: Sequence[str], width: int) -> list[str]:
    """Names cut to at most `width` cells so that different ones stay different, if they can.

    Those that would be alike when cut at their end are cut in their middle, or lose what they
    begin with in common.
    """
    short = [fit(name, width) for name in names]
    apart = list(short)
    for number, name in enumerate(names):
        alike = [other for other, cut in zip(names, short, strict=True) if cut == short[number]]
        group = [name, *(other for other in alike if other != name)]
        if len(group) == 1:
            continue
        common = max((_shared_start(name, other) for other in group[1:]), key=len)
        forms = [[fit_middle(each, width) for each in group]]
        forms += [
            [fit(ELLIPSIS + each[begin:], width) for each in group]
            for begin in (common.rfind(" ") + 1, len(common))
        ]
        fitting = (own for own, *others in forms if own not in others and own != ELLIPSIS)
        apart[number] = next(fitting, short[number])
    return apart


def pad(text: str, width: int, *, right: bool = False) -> str:
    """`text` fitted and filled with blanks to exactly `width` cells."""
    text = fit(text, width)
    blanks = " " * max(0, width - cell_len(text))
    return blanks + text if right else text + blanks


def first_fitting(forms: Iterable[str], width: int) -> str:
    """The first of several ways to say something that fits into `width` cells, or nothing."""
    return next((form for form in forms if cell_len(form) <= width), "")


def fit_parts(parts: Sequence[str], width: int, separator: str = SEPARATOR) -> str:
    """As many of `parts`, the most important first, as fit whole into `width` cells.

    Of one that does not fit, nothing is shown, and what follows takes its place if it fits.
    """
    line = ""
    for part in filter(None, parts):
        longer = line + separator + part if line else part
        if cell_len(longer) <= width:
            line = longer
    return line


def wrap(text: str, width: int, height: int) -> list[str]:
    """`text` broken at blanks into at most `height` lines.

    Of parts between `SEPARATOR`s, the most important first, those are left out that do not fit
    whole; the last one, or a text without parts, ends in an ellipsis where it is cut.
    """
    parts = text.split(SEPARATOR)
    said = ""
    for number, part in enumerate(parts):
        longer = said + SEPARATOR + part if said else part
        lines = _broken(longer, width, height)
        last = number == len(parts) - 1
        if last or not said or all(cell_len(line) <= width for line in lines):
            said = longer
    return [fit(line, width) for line in _broken(said, width, height)]


def _broken(text: str, width: int, height: int) -> list[str]:
    lines: list[str] = [""]
    for word in _WORD.findall(text):
        longer = f"{lines[-1]} {word}".strip()
        if cell_len(longer) > width and lines[-1] and len(lines) < height:
            lines[-1] = lines[-1].removesuffix(SEPARATOR.rstrip())
            lines.append("" if word == SEPARATOR.strip() else word)
        else:
            lines[-1] = longer
    return lines


def _shared_start(one: str, other: str) -> str:
    same = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return "".join(character for character, _ in same)


def _start(text: str, width: int) -> str:
    """The first `width` cells of `text`, less a number that would be cut."""
    if width <= 0:
        return ""
    start = chop_cells(text, width)[0]
    number = _number_around(text, len(start))
    start = (start if number is None else text[: number[0]]).rstrip(" .,:·")
    if not start[-1:].isdigit():
        return start
    # A blank, lest a whole number look cut.
    return f"{start} " if cell_len(start) < width else _start(text, width - 1)


def _number_around(text: str, place: int) -> tuple[int, int] | None:
    """Begin and end of the number that a cut before the character at `place` would part."""
    spans = (number.span() for number in NUMBER.finditer(text))
    return next((span for span in spans if span[0] < place < span[1]), None)


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
