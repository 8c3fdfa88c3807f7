"""Runs that version 2 has written, as those of now. Nothing on disk is changed.

Version 2 kept a list for each field of the attacks, explanations by their number, and the AUROC of
learned detectors turned round.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.surveys.experiment import explanations
from engine.surveys.identity import attacks_identity, explanations_identity
from engine.types import EXPLAINERS, METHODS, ExplainSettings, combinations

OLD = 2
STATISTICS = (
    *("mean", "mean_abs", "positive", "negative", "max"),
    *("q05", "q25", "q50", "q75", "q95", "iqr", "coherence"),
)
"""Those that version 2 had."""

Plain = dict[str, Any]


def upgraded_identity(old: Plain) -> tuple[Plain, tuple[str, ...]]:
    """An identity of version 2 as one of now, and the names of its explanations: those by number,
    then that of the pair's, if there is one.

    Raises:
        UserError: a method or an explainer that is no longer there.
        KeyError, TypeError: damaged.
    """
    common = {name: old[name] for name in ("alpha", "steps", "decay")}
    sizes = [{"epsilon": epsilon} for epsilon in old["epsilons"]]
    targets = [{"target": target} for target in old["targets"]]
    attacks = combinations(METHODS, old["methods"], sizes, targets, [common])
    numbered = [_explanation(one) for one in old["explanations"]]
    # Fields that an explainer has no use for made a difference; what is the same is one now.
    named = explanations(tuple(dict.fromkeys(numbered)), old["references"])
    fixed = {one.settings: name for name, one in named.items() if one.reference == "fixed"}
    pair = [name for name, one in named.items() if one.reference == "pair"]
    kept = ("limit", "seed", "batch", "threads", "network", "folder", "device", "rows")
    identity = {
        "attacks": attacks_identity(attacks),
        "explanations": explanations_identity(named),
        **{name: old[name] for name in kept},
        "statistics": list(STATISTICS),
    }
    return identity, (*(fixed[one] for one in numbered), *pair)


def _explanation(old: Plain) -> ExplainSettings:
    (settings,) = combinations(EXPLAINERS, [old["explainer"]], [old])
    return settings


def upgraded_item(old: Plain, names: Sequence[str]) -> Plain:
    """A line of version 2 as one of now; `names` are those of `upgraded_identity`."""
    arms = []
    for arm in old["arms"]:
        new = {name: value for name, value in arm.items() if name not in ("fixed", "pair")}
        new["clean"], new["adversarial"] = {}, _named(arm["fixed"], names)
        if arm["pair"]:
            new["clean"][names[-1]], new["adversarial"][names[-1]] = arm["pair"]
        arms.append(new)
    new = {name: value for name, value in old.items() if name != "fixed"}
    return new | {"clean": _named(old["fixed"], names), "arms": arms}


def _named(figures: Sequence[Plain], names: Sequence[str]) -> Plain:
    return dict(zip(names, figures, strict=False))  # the pair's name has no number


def upgraded_summary(old: Plain) -> Plain:
    """A summary.json of version 2 as one of now."""
    learned = []
    for row in old["learned"]:
        turned = [None if row[k] is None else 1 - row[k] for k in ("auroc", "high", "low")]
        bounds = dict(zip(("auroc", "low", "high"), turned, strict=True))
        learned.append(row | bounds | {"positive": "adversarial"})
    rows = [row | {"positive": "clean"} for row in old["separations"]]
    identity, _ = upgraded_identity(old["identity"])
    return old | {"identity": identity, "separations": rows, "learned": learned}
