"""What a run's numbers depend on, so that another session goes on with the same run or with none.

As JSON's own types: `attacks` and `explanations` with their settings, the seed, the pictures, the
network, the statistics, and what last digits depend on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from engine.models.classifier import Classifier
from engine.surveys.experiment import Explanation, Plan
from engine.types import AttackSettings, Experiment, identity_of
from engine.types.statistics import STATISTICS

Identity = dict[str, Any]


def identity(
    experiment: Experiment,
    classifier: Classifier,
    plan: Plan,
    *,
    batch: int,
    threads: int,
    rows: int,
) -> Identity:
    """The identity of a run; `rows` is the number of pictures in an explanation's batch."""
    return {
        "attacks": attacks_identity(experiment.attacks),
        "explanations": explanations_identity(plan.explanations),
        "limit": experiment.limit,
        "seed": experiment.seed,
        "batch": batch,
        "threads": threads,
        "network": f"{classifier.name} {digest(classifier)}",
        "folder": f"{len(plan.items)} pictures {plan.digest[:16]}",
        "device": classifier.device.type,
        "rows": rows,
        "statistics": list(STATISTICS),
    }


def attacks_identity(attacks: Sequence[AttackSettings]) -> list[dict[str, Any]]:
    """The attacks in their order."""
    return [{"method": one.method, **identity_of(one)} for one in attacks]


def explanations_identity(explanations: Mapping[str, Explanation]) -> dict[str, dict[str, Any]]:
    """The explanations by name, under which their figures are kept."""
    return {
        name: {
            "explainer": one.settings.explainer,
            **identity_of(one.settings),
            "references": one.reference,
        }
        for name, one in explanations.items()
    }


def digest(classifier: Classifier) -> str:
    """Short checksum of a network's weights and labels."""
    checksum = hashlib.sha256("\n".join(classifier.labels).encode())
    for name, tensor in classifier.module.state_dict().items():
        checksum.update(name.encode())
        checksum.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return checksum.hexdigest()[:16]


def by_setting(identity: Identity) -> dict[str, Any]:
    """The same by setting: those of attacks and explanations with all values that they take."""
    values: dict[str, Any] = {}
    parts = identity.get("attacks", []), identity.get("explanations", {}).values()
    for record in (one for part in parts for one in part):
        for name, value in record.items():
            taken = values.setdefault(name, [])
            if value not in taken:
                taken.append(value)
    rest = {k: v for k, v in identity.items() if k not in ("attacks", "explanations")}
    return values | rest


def difference(was: Identity, now: Identity) -> str:
    """The first setting in which two identities differ, with both values; empty: they are equal."""
    if was == now:
        return ""
    before, after = by_setting(was), by_setting(now)
    for name in dict.fromkeys([*after, *before]):  # settings come before what they cause
        if before.get(name) != after.get(name):
            text = f"{name} {value_text(before.get(name))}, not {value_text(after.get(name))}"
            return text if len(text) <= 200 else f"other {name} than are asked for now"
    return "other combinations of attacks and explanations than are asked for now"


def value_text(value: Any) -> str:
    """A value of `by_setting` for people: lists with commas, a dash for what is not there."""
    if isinstance(value, list):
        return ", ".join(map(value_text, value))
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value)
