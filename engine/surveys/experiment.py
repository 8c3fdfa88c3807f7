"""What a survey has to do: which pictures with which labels, under which arms.

Nothing here runs the network; the same experiment, network and folder give the same plan.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.models.classifier import Classifier
from engine.pictures.background import BACKGROUND_LIMIT
from engine.pictures.finding import find_pictures
from engine.types import (
    EXPLAINERS,
    METHODS,
    AttackSettings,
    BadBackground,
    BadFolder,
    Control,
    Experiment,
    ExplainSettings,
    Reference,
    UnknownClass,
    fold_name,
    fraction_text,
    settings_of,
)

BATCH = {"cpu": 1}
"""Pictures attacked at once where the settings leave it open; other devices: `BATCH_DEVICE`."""
BATCH_DEVICE = 8
ROWS = {"cpu": 16}
"""Pictures in one forward pass of an explanation; other devices: `ROWS_DEVICE`. On a CPU larger
batches fall out of the caches: 32 take 1.5 times as long a picture as 16 on MobileNetV2."""
ROWS_DEVICE = 256


@dataclass(frozen=True, slots=True)
class Item:
    """A picture of the survey. `name` is its path within the folder, `labels` the classes that
    count as right (more than one where class names repeat); None takes the network's own.
    """

    index: int
    name: str
    labels: tuple[int, ...] | None

    def seed(self, survey: int) -> int:
        """The picture's own seed: neither order nor sharding changes it."""
        text = f"{survey}/{self.name}".encode("utf-8", "surrogateescape")
        digest = hashlib.sha256(text).digest()
        return int.from_bytes(digest[:4], "little")


@dataclass(frozen=True, slots=True)
class Arm:
    """An attack, or a control. `attack.seed` is replaced by each picture's own."""

    key: str
    name: str
    control: Control
    attack: AttackSettings


@dataclass(frozen=True, slots=True)
class Explanation:
    """A way to explain both sides, with the fixed background or with the pair as its own."""

    settings: ExplainSettings
    reference: Reference


@dataclass(frozen=True, slots=True)
class Plan:
    """Items in the order of their names, arms, explanations by name, background pictures, and the
    label rule in words.

    `digest` tells whether two plans are about the same pictures.
    """

    items: tuple[Item, ...]
    arms: tuple[Arm, ...]
    explanations: Mapping[str, Explanation]
    background: tuple[str, ...]
    rule: str
    digest: str

    def groups(self, batch: int) -> list[tuple[Item, ...]]:
        """Items that are worked on together; the same whoever does the work."""
        return [self.items[k : k + batch] for k in range(0, len(self.items), batch)]


def arms(attacks: Sequence[AttackSettings]) -> tuple[Arm, ...]:
    """Every attack, followed by its confidence-matched control; then noise of each size."""
    keys = _distinct([f"{one.method}-{one.epsilon:g}-{one.target}" for one in attacks], "{}-{}")
    names = _distinct([_attack_name(one) for one in attacks])
    both = []
    for key, name, attack in zip(keys, names, attacks, strict=True):
        both.append(Arm(key, name, "attack", attack))
        matched = replace(attack, stop="matched")
        both.append(Arm(f"{key}-matched", f"{name}, matched", "matched", matched))
    sizes: dict[float, AttackSettings] = {}
    for attack in attacks:
        sizes.setdefault(attack.epsilon, replace(attack, target="none"))
    keys = _distinct([f"noise-{epsilon:g}" for epsilon in sizes], "{}-{}")
    noise = (
        Arm(key, f"noise {fraction_text(epsilon)}", "noise", attack)
        for key, (epsilon, attack) in zip(keys, sizes.items(), strict=True)
    )
    return (*both, *noise)


def _attack_name(attack: AttackSettings) -> str:
    target = "untargeted" if attack.target == "none" else attack.target
    return f"{METHODS[attack.method].label} {fraction_text(attack.epsilon)} {target}"


def explanations(
    settings: Sequence[ExplainSettings], references: Sequence[Reference]
) -> dict[str, Explanation]:
    """Explanations by name. The first one that compares is made with the pair too, if asked."""
    names = _distinct([explanation_name(one) for one in settings])
    named = {name: Explanation(one, "fixed") for name, one in zip(names, settings, strict=True)}
    if "pair" in references:
        first = next((name for name, one in named.items() if one.settings.has_background), None)
        if first is not None:
            named[f"pair: {first}"] = Explanation(named[first].settings, "pair")
    return named


def explanation_name(settings: ExplainSettings) -> str:
    """Such as `input, logit` or `shap: features.7, probability`.

    Without a name in front the explainer is the first there is, expected gradients.
    """
    where = settings.layer or "input"
    if settings.layer and "layer_form" in settings_of(settings):
        where += " difference" if settings.layer_form == "difference" else ""
    smoothing = f", smoothing {settings.smoothing:g}" if settings.smoothing else ""
    explainer = settings.explainer
    prefix = "" if explainer == next(iter(EXPLAINERS)) else f"{explainer}: "
    return f"{prefix}{where}, {settings.score}{smoothing}"


def _distinct(names: Sequence[str], form: str = "{} ({})") -> list[str]:
    """The names, numbered where they would be the same: they differ in something less often
    asked for.
    """
    if len(set(names)) == len(names):
        return list(names)
    return [form.format(name, number) for number, name in enumerate(names, 1)]


def make_plan(experiment: Experiment, classifier: Classifier) -> Plan:
    """Find and label the pictures.

    Raises:
        UserError: no pictures, folders that are not classes, or an unreadable folder.
    """
    root = Path(experiment.folder).expanduser()
    if not root.is_dir():
        raise BadFolder(f"{root} is not a folder: a survey takes a folder of pictures.")
    names = sorted(Path(path).relative_to(root).as_posix() for path in find_pictures(root))
    if not names:
        raise BadFolder(f"{root} holds no pictures: choose another folder.")
    classes, rule = label_folders(names, classifier, str(root))
    background = _background(experiment, root, names)
    if experiment.limit is not None and experiment.limit < len(names):
        rng = np.random.default_rng([experiment.seed, 0x5A3B])
        chosen = rng.choice(len(names), experiment.limit, replace=False)
        names = [names[k] for k in sorted(chosen)]
    items = tuple(
        Item(k, name, None if classes is None else classes[name.split("/", 1)[0]])
        for k, name in enumerate(names)
    )
    sizes = [f"{name} {_size(root / name)}" for name in names]
    listing = "\n".join([*sizes, "", *(Path(path).name for path in background)])
    digest = hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()
    named = explanations(experiment.explanations, experiment.references)
    return Plan(items, arms(experiment.attacks), named, background, rule, digest)


def label_folders(
    names: Sequence[str], classifier: Classifier, root: str
) -> tuple[dict[str, tuple[int, ...]] | None, str]:
    """Classes by folder name, and the rule in words; None where there are no class folders.

    Raises:
        UserError: some folders are classes and others are not, or none is.
    """
    folders = sorted({name.split("/", 1)[0] for name in names if "/" in name})
    if not folders:
        return None, "labels: the network's own top class (the folder has no class folders)"
    loose = next((name for name in names if "/" not in name), None)
    if loose is not None:
        raise BadFolder(
            f"{root} holds pictures such as {loose} beside folders such as {folders[0]}: put all"
            " of them into class folders, or none."
        )
    by_name: dict[str, list[int]] = {}
    for index, label in enumerate(classifier.labels):
        by_name.setdefault(fold_name(label), []).append(index)
    if all(fold_name(folder) in by_name for folder in folders):
        named = {folder: tuple(by_name[fold_name(folder)]) for folder in folders}
        return named, "labels: the folders' names are class names"
    by_wnid = {wnid: index for index, wnid in enumerate(classifier.wnids)}
    if all(folder in by_wnid for folder in folders):
        return {f: (by_wnid[f],) for f in folders}, "labels: the folders' names are wnids"
    if len(folders) == len(classifier.labels):
        ranked: dict[str, tuple[int, ...]] = {f: (rank,) for rank, f in enumerate(folders)}
        return ranked, "labels: the folders' order (all classes are there)"
    known = [f for f in folders if fold_name(f) in by_name or f in by_wnid]
    strange = next(f for f in folders if f not in known)
    how = "name folders by class, or give --labels with a file that has wnids"
    if not known:
        how += "; to take the network's own predictions, put all pictures into one folder"
    raise UnknownClass(f"{root}/{strange} is not a class of {classifier.name}: {how}.")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _background(experiment: Experiment, root: Path, names: Sequence[str]) -> tuple[str, ...]:
    """The fixed set: a folder's pictures, or some of the survey's own, drawn with the seed."""
    folder = experiment.background
    if folder is not None:
        paths = tuple(find_pictures(folder))
        if not paths:
            raise BadBackground(f"{folder} holds no pictures: choose another --background.")
        return paths
    rng = np.random.default_rng([experiment.seed, 0xBAC4])
    count = min(BACKGROUND_LIMIT + 1, len(names))  # one more: the explained one is left out
    chosen = rng.choice(len(names), count, replace=False)
    return tuple(str(root / names[k]) for k in sorted(chosen))
