"""What the figures say, as sentences that claim no more than they carry. Pure."""

from __future__ import annotations

import math
from pathlib import PurePath

from engine.types import EXPLAINERS, Attribution, Evidence, Prediction
from tui.draw.text import SEPARATOR, compact, percent, safe
from tui.state.network import NetworkView
from tui.state.picture import ChosenPicture

MEAN_ABS = "mean_abs"
"""Key of mean |phi| among the statistics."""
UNKNOWN = "error not known"
"""What stands where an explainer does not tell its error, or cannot tell it yet."""
WIDE = 1.25
"""High over low end of a ratio's interval: one that holds 1 and is no wider shows no difference,
a wider one shows nothing."""
NOISY = 1 / 3
"""Share of noise in mean |phi| from which on the sentence warns of it."""


def pair(evidence: Evidence) -> tuple[Attribution | None, Attribution | None]:
    """The first clean and the first adversarial attribution."""
    clean = next((a for a in evidence.attributions if a.query.side == "clean"), None)
    other = next((a for a in evidence.attributions if a.query.side == "adversarial"), None)
    return clean, other


def relative_error(attribution: Attribution) -> float:
    """Standard error of mean |phi| divided by it; nan where unknown."""
    value = attribution.statistics.get(MEAN_ABS, math.nan)
    return attribution.errors.get(MEAN_ABS, math.nan) / value if value else math.nan


def noise_share(attribution: Attribution) -> float:
    """What sampling noise alone would show, as a part of mean |phi|; nan where unknown."""
    value = attribution.statistics.get(MEAN_ABS, math.nan)
    return attribution.noise / value if value else math.nan


def summarise(evidence: Evidence, prediction: Prediction | None) -> str:
    """What the evidence warns of, and what it says.

    `prediction` is the top one of the iteration explained.
    """
    return " ".join(filter(None, (*map(safe, evidence.warnings), _says(evidence, prediction))))


def _says(evidence: Evidence, prediction: Prediction | None) -> str:
    """Confidence, and evidence relative to the clean picture's with its 95 % interval.

    An example: `At step 20: ping-pong ball 99.9 %, mean |phi| for it 0.62 [0.58, 0.66]× the clean
    picture's for African elephant.` An interval that holds 1 is from too few samples to tell a
    difference, and said to be so.
    """
    clean, other = pair(evidence)
    if other is None:
        if clean is None:
            return ""
        size = compact(clean.statistics.get(MEAN_ABS, math.nan))
        share = relative_error(clean)
        error = f" ± {percent(share)}" if math.isfinite(share) else f", {UNKNOWN}"
        return f"Clean picture: mean |phi| for {safe(clean.name)} is {size}{error}{_noise(clean)}."
    start = f"At step {evidence.step}: "
    if prediction is not None:
        start += f"{safe(prediction.name)} {percent(prediction.probability)}, "
    if clean is None:
        size = compact(other.statistics.get(MEAN_ABS, math.nan))
        share = relative_error(other)
        error = f" ± {percent(share)}" if math.isfinite(share) else f", {UNKNOWN}"
        return f"{start}mean |phi| for {safe(other.name)} is {size}{error}{_noise(other)}."
    base = clean.statistics.get(MEAN_ABS, math.nan)
    value = other.statistics.get(MEAN_ABS, math.nan)
    if not (math.isfinite(base) and math.isfinite(value) and base > 0):
        return f"{start}mean |phi| cannot be compared with the clean picture's."
    predicted = prediction is not None and prediction.index == other.query.class_index
    whose = "it" if predicted else safe(other.name)
    same = clean.query.class_index == other.query.class_index
    about = "" if same else f" for {safe(clean.name)}"
    compared = f"mean |phi| for {whose} {_ratio(evidence, value / base)}"
    verdict = _verdict(evidence)
    return f"{start}{compared} the clean picture's{about}{verdict}{_noise(clean, other)}."


def ratio_text(ratio: float) -> str:
    """A ratio with two digits after the point, or two significant ones where it is small."""
    if ratio >= 1000:
        return "over 1000"
    return f"{ratio:.2f}" if 0.1 <= ratio < 10 else compact(ratio, 2)


def _noise(*attributions: Attribution) -> str:
    """A warning where noise inflates mean |phi|, which its standard error does not tell."""
    share = max(filter(math.isfinite, map(noise_share, attributions)), default=0.0)
    return f"; noise alone would show up to {percent(share)} as much" if share > NOISY else ""


def _interval(evidence: Evidence) -> tuple[float, float] | None:
    """Ends of the 95 % interval of mean |phi|, adversarial over clean; None where not known."""
    ratios = evidence.ratios[0] if evidence.ratios else {}
    _, low, high = ratios.get(MEAN_ABS, (math.nan, math.nan, math.nan))
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None


def _same(evidence: Evidence) -> bool:
    """Whether both sides are equal to the last digit, as where both are the same picture."""
    contrast = evidence.contrasts[0] if evidence.contrasts else {}
    return contrast.get(MEAN_ABS, (math.nan, math.nan))[0] == 0


def _ratio(evidence: Evidence, ratio: float) -> str:
    """`0.62 [0.58, 0.66]×`, or the ratio alone where its interval is not known."""
    ends = None if _same(evidence) else _interval(evidence)
    if ends is None:
        return f"{ratio_text(ratio)}×"
    return f"{ratio_text(ratio)} [{ratio_text(ends[0])}, {ratio_text(ends[1])}]×"


def _verdict(evidence: Evidence) -> str:
    """What the interval does not tell by itself."""
    if _same(evidence):
        return ", no difference"
    ends = _interval(evidence)
    if ends is None:
        return f", {UNKNOWN}"
    low, high = ends
    if not low <= 1 <= high:
        return ""
    few = "too few to tell" if high > WIDE * low else "no difference seen"
    return f", from {evidence.samples:,} samples: {few}"


def caption(evidence: Evidence, *, first: bool = True, running: bool = True) -> str:
    """What was explained, how, and how sure the estimate is: one line above the heatmaps.

    The parts come in the order of their importance, since a narrow line leaves out the last.
    With `first` the completeness gap, the error and the part that noise alone would show are given
    of the first class of each side. `running` says whether an unfinished estimate goes on.
    """
    clean, other = pair(evidence)
    shown = [a for a in (clean, other) if a is not None] if first else []
    settings = evidence.settings
    where = f" at {safe(settings.place)}" if settings.place else ""
    explainer = EXPLAINERS[settings.explainer].label
    drawn = f"n {evidence.samples:,}"
    if not evidence.done:
        drawn += f" of {evidence.total:,}" if running else f" of {evidence.total:,}, stopped"
    parts = [f"step {evidence.step}", drawn]
    gaps = [compact(a.gap, 2) for a in shown if math.isfinite(a.gap)]
    if gaps:
        parts.append("gap " + " | ".join(gaps))
    errors = [relative_error(a) for a in shown]
    if errors and all(map(math.isfinite, errors)):
        shares = [percent(error).removesuffix(" %") for error in errors]
        parts.append(f"error {' | '.join(shares)} %")
    elif errors:
        parts.append(UNKNOWN)
    noises = [noise_share(a) for a in shown]
    if noises and all(map(math.isfinite, noises)):
        parts.append("noise alone " + " | ".join(f"{100 * noise:.0f}" for noise in noises) + " %")
    parts.append(f"{explainer}, {settings.score}{where}")
    if running and not evidence.done and math.isfinite(evidence.seconds_left):
        parts.append(f"{math.ceil(evidence.seconds_left)} s left")
    if evidence.note:
        parts.append(safe(evidence.note))
    return SEPARATOR.join(parts)


def why_no_picture(network: NetworkView, picture: ChosenPicture) -> str:
    """Why no picture is open, and what to do if it will not come by itself."""
    if network.loading:
        return f"loading {safe(network.settings.name)}"
    if network.info is None:
        return "no network is loaded: k chooses one"
    if picture.path and picture.path == picture.refused:
        return f"{safe(PurePath(picture.path).name)} cannot be opened: choose another picture"
    if picture.path:
        return "opening"
    return "no pictures were found: name a folder of pictures when starting xaway-tui"
