"""ROC curves and histograms as text and as SVG, without any drawing library. Pure."""

from __future__ import annotations

import html
from collections.abc import Mapping

import numpy as np

from engine.types import Separation

WIDTH, HEIGHT = 60, 20
MARKS = "#o+x"
CLEAN, ADVERSARIAL = "#4393c3", "#d6604d"


def roc_text(rows: Mapping[str, Separation]) -> str:
    """True over false positive rate for up to four detectors, each with its mark; `.` is chance.

    Curves run in the direction in which the detector separates.
    """
    canvas = [[" "] * (WIDTH + 1) for _ in range(HEIGHT + 1)]
    for column in range(WIDTH + 1):
        canvas[HEIGHT - round(column / WIDTH * HEIGHT)][column] = "."
    for mark, row in reversed(list(zip(MARKS, rows.values(), strict=False))):
        columns = np.linspace(0, 1, WIDTH + 1)
        heights = np.rint(np.interp(columns, row.roc[0], row.roc[1]) * HEIGHT).astype(int)
        for column, height in enumerate(heights):
            canvas[HEIGHT - height][column] = mark
    lines = ["ROC: adversarial pictures found (up) over false alarms (right)"]
    for number, cells in enumerate(canvas):
        label = {0: "100 %", HEIGHT // 2: " 50 %", HEIGHT: "  0 %"}.get(number, "     ")
        lines.append(f"{label} |{''.join(cells).rstrip()}")
    lines.append("      +" + "-" * WIDTH)
    lines.append("       0 %" + " " * (WIDTH - 9) + "100 %")
    for mark, (name, row) in zip(MARKS, rows.items(), strict=False):
        turned = ", which this curve is the reverse of" if row.auroc < 0.5 else ""
        lines.append(f"  {mark} {name}: AUROC {row.auroc:.2f}{turned}")
    return "\n".join(lines)


def histogram_text(row: Separation, height: int = 8) -> str:
    """Two histograms, clean above adversarial, on common bins and with one scale."""
    top = max(float(row.clean.max()), float(row.adversarial.max()), 1.0)
    lines = []
    for name, counts in (("clean", row.clean), ("adversarial", row.adversarial)):
        for level in range(height // 2, 0, -1):
            cells = (
                "█" if c * height / 2 >= level * top else "▄" if c * height >= (2 * level - 1) * top
                else "▁" if level == 1 and c > 0 else " "
                for c in counts
            )  # fmt: skip
            label = f"{name:>11}" if level == 1 else " " * 11
            lines.append(f"{label} |{''.join(cells).rstrip()}")
    low, high = f"{row.edges[0]:.3g}", f"{row.edges[-1]:.3g}"
    lines.append(" " * 12 + "+" + "-" * len(row.clean))
    lines.append(" " * 13 + low + " " * max(1, len(row.clean) - len(low) - len(high)) + high)
    lines.append(f"{'':13}top of the scale: {top:.0f} picture{'' if top == 1 else 's'}")
    return "\n".join(lines)


def svg(row: Separation) -> str:
    """The two histograms over each other, with axes and a legend."""
    width, height, left, bottom = 640, 360, 60, 50
    inner, tall = width - left - 20, height - bottom - 40
    top = max(float(row.clean.max()), float(row.adversarial.max()), 1.0)
    step = inner / len(row.clean)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    title = f"{row.statistic} of {row.explanation}: {row.arm}, {row.pairs} pairs"
    parts.append(f'<text x="{left}" y="20">{html.escape(title)}</text>')
    sides = (("clean", row.clean, CLEAN), ("adversarial", row.adversarial, ADVERSARIAL))
    for number, (name, counts, color) in enumerate(sides):
        for k, count in enumerate(counts):
            if count:
                tallness = count / top * tall
                parts.append(
                    f'<rect x="{left + k * step:.1f}" y="{height - bottom - tallness:.1f}"'
                    f' width="{step:.1f}" height="{tallness:.1f}" fill="{color}"'
                    ' fill-opacity="0.55"/>'
                )
        x = width - 230 + number * 100
        parts.append(f'<rect x="{x}" y="28" width="10" height="10" fill="{color}"/>')
        parts.append(f'<text x="{x + 15}" y="37">{name}</text>')
    base = height - bottom
    parts.append(
        f'<path d="M{left} {base - tall} V{base} H{left + inner}" stroke="black" fill="none"/>'
    )
    parts.append(f'<text x="{left - 8}" y="{base - tall + 4}" text-anchor="end">{top:.0f}</text>')
    parts.append(f'<text x="{left - 8}" y="{base}" text-anchor="end">0</text>')
    for place, anchor in ((0, "start"), (len(row.clean) // 2, "middle"), (-1, "end")):
        across = left + inner * (1.0 if place < 0 else place / len(row.clean))
        parts.append(
            f'<text x="{across:.0f}" y="{base + 18}" text-anchor="{anchor}">'
            f"{row.edges[place]:.3g}</text>"
        )
    parts.append(
        f'<text x="{left + inner / 2:.0f}" y="{height - 10}" text-anchor="middle">'
        f"{html.escape(row.statistic)} (pictures per bin; outer bins hold what lies beyond)</text>"
    )
    return "\n".join([*parts, "</svg>"]) + "\n"
