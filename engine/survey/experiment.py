"""What a survey has to do: which pictures with which labels, under which arms.

Nothing here runs the network; the same settings, network and folder give the same plan.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.models.classifier import Classifier
from engine.pictures.background import BACKGROUND_LIMIT
from engine.pictures.finding import find_pictures
from engine.types import (
    METHOD_NAMES,
    AttackSettings,
    Control,
    SurveySettings,
    UserError,
    fraction_text,
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
class Plan:
    """Items in the order of their names, arms, background pictures and the label rule in words.

    `digest` tells whether two plans are about the same pictures.
    """

    items: tuple[Item, ...]
    arms: tuple[Arm, ...]
    background: tuple[str, ...]
    rule: str
    digest: str

    def groups(self, batch: int) -> list[tuple[Item, ...]]:
        """Items that are worked on together; the same whoever does the work."""
        return [self.items[k : k + batch] for k in range(0, len(self.items), batch)]


def arms(settings: SurveySettings) -> tuple[Arm, ...]:
    """Every attack, followed by its confidence-matched control; then noise of each size."""
    found = []
    for method in settings.methods:
        for epsilon in settings.epsilons:
            for target in settings.targets:
                attack = AttackSettings(
                    method,
                    target,
                    epsilon,
                    settings.alpha,
                    settings.steps,
                    decay=settings.decay,
                )
                key = f"{method}-{epsilon:g}-{target}"
                words = "untargeted" if target == "none" else target
                name = f"{METHOD_NAMES[method]} {fraction_text(epsilon)} {words}"
                found.append(Arm(key, name, "attack", attack))
                matched = replace(attack, stop="matched")
                found.append(Arm(f"{key}-matched", f"{name}, matched", "matched", matched))
    for epsilon in settings.epsilons:
        noise = AttackSettings(settings.methods[0], "none", epsilon, steps=settings.steps)
        found.append(Arm(f"noise-{epsilon:g}", f"noise {fraction_text(epsilon)}", "noise", noise))
    return tuple(found)


def make_plan(settings: SurveySettings, classifier: Classifier) -> Plan:
    """Find and label the pictures.

    Raises:
        UserError: no pictures, folders that are not classes, or an unreadable folder.
    """
    root = Path(settings.folder).expanduser()
    if not root.is_dir():
        raise UserError(f"{root} is not a folder: a survey takes a folder of pictures.")
    names = sorted(Path(path).relative_to(root).as_posix() for path in find_pictures(root))
    if not names:
        raise UserError(f"{root} holds no pictures: choose another folder.")
    classes, rule = label_folders(names, classifier, str(root))
    background = _background(settings, root, names)
    if settings.limit is not None and settings.limit < len(names):
        rng = np.random.default_rng([settings.seed, 0x5A3B])
        chosen = rng.choice(len(names), settings.limit, replace=False)
        names = [names[k] for k in sorted(chosen)]
    items = tuple(
        Item(k, name, None if classes is None else classes[name.split("/", 1)[0]])
        for k, name in enumerate(names)
    )
    sizes = [f"{name} {_size(root / name)}" for name in names]
    listing = "\n".join([*sizes, "", *(Path(path).name for path in background)])
    digest = hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()
    return Plan(items, arms(settings), background, rule, digest)


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
        raise UserError(
            f"{root} holds pictures such as {loose} beside folders such as {folders[0]}: put all"
            " of them into class folders, or none."
        )
    by_name: dict[str, list[int]] = {}
    for index, label in enumerate(classifier.labels):
        by_name.setdefault(_key(label), []).append(index)
    if all(_key(folder) in by_name for folder in folders):
        named = {folder: tuple(by_name[_key(folder)]) for folder in folders}
        return named, "labels: the folders' names are class names"
    by_wnid = {wnid: index for index, wnid in enumerate(classifier.wnids)}
    if all(folder in by_wnid for folder in folders):
        return {f: (by_wnid[f],) for f in folders}, "labels: the folders' names are wnids"
    if len(folders) == len(classifier.labels):
        ranked: dict[str, tuple[int, ...]] = {f: (rank,) for rank, f in enumerate(folders)}
        return ranked, "labels: the folders' order (all classes are there)"
    known = [f for f in folders if _key(f) in by_name or f in by_wnid]
    strange = next(f for f in folders if f not in known)
    how = "name folders by class, or give --labels with a file that has wnids"
    if not known:
        how += "; to take the network's own predictions, put all pictures into one folder"
    raise UserError(f"{root}/{strange} is not a class of {classifier.name}: {how}.")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _key(name: str) -> str:
    return name.casefold().replace("_", " ")


def _background(settings: SurveySettings, root: Path, names: Sequence[str]) -> tuple[str, ...]:
    """The fixed set: a folder's pictures, or some of the survey's own, drawn with the seed."""
    folder = settings.explanations[0].background
    if folder is not None:
        paths = tuple(find_pictures(folder))
        if not paths:
            raise UserError(f"{folder} holds no pictures: choose another --background.")
        return paths
    rng = np.random.default_rng([settings.seed, 0xBAC4])
    count = min(BACKGROUND_LIMIT + 1, len(names))  # one more: the explained one is left out
    chosen = rng.choice(len(names), count, replace=False)
    return tuple(str(root / names[k]) for k in sorted(chosen))
