"""Which networks there are, and how one is loaded with its weights, labels and preprocessing."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Generator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.models.classifier import Classifier
from engine.models.device import pick_device
from engine.models.labels import read_labels
from engine.models.torchvision_compat import torchvision
from engine.models.weights import cached_file, check_fit, download, read_state_dict
from engine.pictures.fitting import Preprocessing
from engine.types import (
    BadLabels,
    BadSetting,
    BadWeights,
    ListedModel,
    ModelSettings,
    UnknownNetwork,
    suggest,
)

BUILTIN = "builtin"


@cache
def network_names() -> tuple[str, ...]:
    """All networks that can be loaded: the built-in one and torchvision's classifiers."""
    return (BUILTIN, *torchvision.models.list_models(module=torchvision.models))


def list_networks() -> tuple[ListedModel, ...]:
    """Every loadable network with its default weights, and whether they are on this machine."""
    listed = [ListedModel(BUILTIN, "shipped", True, 0.0, 0, 0.0)]
    for name in network_names()[1:]:
        weights = torchvision.models.get_model_weights(name).DEFAULT
        meta = weights.meta
        accuracy = meta.get("_metrics", {}).get("ImageNet-1K", {}).get("acc@1", 0.0)
        listed.append(
            ListedModel(
                name,
                weights.name,
                cached_file(weights.url).exists(),
                meta.get("_file_size", 0.0),
                meta.get("num_params", 0),
                accuracy,
            )
        )
    return tuple(listed)


@dataclass(frozen=True, slots=True)
class Fetching:
    """Progress of a load: what is done, bytes so far and in all (0: not a download)."""

    what: str
    done: int = 0
    total: int = 0


def load(settings: ModelSettings) -> Generator[Fetching, None, Classifier]:
    """Load a network; yields progress so that it can be cancelled between two chunks.

    No global setting of torch is changed. A program whose sums on CUDA are to be repeatable, and
    the app's, calls `engine.models.device.exact_arithmetic` before.

    Returns:
        The classifier, after one forward and one backward pass.

    Raises:
        UnknownNetwork: no network is called `settings.name`.
        NoDevice: `settings.device` is not here.
        BadWeights: they cannot be fetched or read, or do not fit the network.
        BadLabels: they cannot be read, or are not as many as the network's classes.
        BadSetting: weights for the built-in network.
        BadFolder: the downloaded weights cannot be written.
    """
    device = pick_device(settings.device)
    if settings.name == BUILTIN:
        classifier = _load_builtin(settings, device)
    else:
        classifier = yield from _load_torchvision(settings, device)
    yield Fetching("warming up")
    side = classifier.preprocessing.crop
    # Forwards and back: the first gradient would otherwise wait for kernels to be built.
    blank = torch.zeros(1, 3, side, side, device=device, requires_grad=True)
    logits = classifier(blank)
    torch.autograd.grad(logits.sum(), blank)
    count = logits.shape[1]
    if count != len(classifier.labels):
        raise BadLabels(
            f"{settings.labels or 'the labels'} name {len(classifier.labels)} classes, but"
            f" {settings.name} has {count}."
        )
    return classifier


def _load_builtin(settings: ModelSettings, device: torch.device) -> Classifier:
    from engine.builtin import network as builtin

    if settings.weights:
        raise BadSetting("--weights goes with a torchvision network: name it with --model.")
    network = builtin.load()
    labels, wnids = _labels(settings, builtin.LABELS)
    return Classifier(
        network,
        name=BUILTIN,
        labels=labels,
        preprocessing=builtin.PREPROCESSING,
        device=device,
        weights="shipped",
        wnids=wnids,
        copy_network=False,
    )


def _load_torchvision(
    settings: ModelSettings, device: torch.device
) -> Generator[Fetching, None, Classifier]:
    name = settings.name
    if name not in network_names():
        hint = suggest(name, network_names()) or ": xaway-tui models lists them all."
        raise UnknownNetwork(f"unknown network {name!r}{hint}")
    published = torchvision.models.get_model_weights(name)
    chosen, file = _choose_weights(settings.weights, published, name)
    if file is None:
        file = cached_file(chosen.url)
        if not file.exists():
            for done, total in download(chosen.url, file):
                yield Fetching(f"downloading {file.name}", done, total)
    yield Fetching(f"reading {file.name}")
    state = _modern(read_state_dict(file), name)
    yield Fetching(f"building {name}")
    labels: tuple[str, ...] = tuple(chosen.meta["categories"])
    network = _build(name, len(labels), chosen)
    classes = _other_class_count(network, state)
    if classes:
        network = _build(name, classes, chosen)
        labels = tuple(f"class {index}" for index in range(classes))
    labels, wnids = _labels(settings, labels)
    wanted = network.state_dict()
    check_fit(state, wanted, str(file), name)
    network.load_state_dict(_with_versions(state, wanted), strict=False)
    return Classifier(
        network,
        name=name,
        labels=labels,
        preprocessing=_preprocessing(chosen.transforms()),
        device=device,
        weights=file.name if settings.weights else chosen.name,
        wnids=wnids,
        copy_network=False,
    )


def _labels(
    settings: ModelSettings, own: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Class names and wnids: those of the file in `settings`, or the network's `own` and none."""
    return read_labels(Path(settings.labels)) if settings.labels else (own, ())


def _choose_weights(wish: str | None, published: Any, name: str) -> tuple[Any, Path | None]:
    """The published entry whose labels and transforms hold, and the file if one was given."""
    if wish is None:
        return published.DEFAULT, None
    entries = list(published)
    for entry in entries:
        if wish.upper() == entry.name:
            return entry, None
    path = Path(wish).expanduser()
    if not path.exists() and not path.suffix:
        names = [entry.name for entry in entries]
        raise BadWeights(f"{wish} is neither a file nor weights of {name} ({', '.join(names)}).")
    for entry in entries:
        if path.name == cached_file(entry.url).name:
            return entry, path
    # A file of unknown origin: the first published recipe is the standard one (256, 224).
    return entries[0], path


def _build(name: str, classes: int, chosen: Any) -> nn.Module:
    options: dict[str, Any] = {"num_classes": classes}
    if name in ("inception_v3", "googlenet"):
        # Published weights were trained on inputs in [-1, 1]; the network converts from the
        # usual normalisation itself. The auxiliary outputs are not needed.
        options |= {"transform_input": True, "aux_logits": False, "init_weights": False}
    if name.startswith("vit_"):
        options["image_size"] = chosen.transforms().crop_size[0]
    with torch.random.fork_rng(devices=[]):  # construction draws weights that are then replaced
        network: nn.Module = torchvision.models.get_model(name, weights=None, **options)
    return network


def _modern(state: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    """Published tensors under the names of today: no auxiliary outputs, DenseNet's keys renamed."""
    if name in ("inception_v3", "googlenet"):
        auxiliary = ("AuxLogits.", "aux1.", "aux2.")
        return {key: value for key, value in state.items() if not key.startswith(auxiliary)}
    if name.startswith("densenet"):
        old = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")
        return {old.sub(r"\1\2", key): value for key, value in state.items()}
    return state


def _with_versions(state: dict[str, Tensor], wanted: dict[str, Any]) -> dict[str, Tensor]:
    """`state` with the version numbers that some networks read, which files may lack."""
    versioned = OrderedDict(state)
    # An attribute that torch declares nowhere.
    vars(versioned)["_metadata"] = vars(wanted)["_metadata"]
    return versioned


def _other_class_count(network: nn.Module, state: dict[str, Tensor]) -> int:
    """The class count of a fine-tuned state dict if only its last layer differs, else 0."""
    wanted = network.state_dict()
    if not wanted.keys() >= state.keys():
        return 0
    differing = [key for key in state if wanted[key].shape != state[key].shape]
    counts = {state[key].shape[0] for key in differing if state[key].dim()}
    same_rest = all(wanted[key].shape[1:] == state[key].shape[1:] for key in differing)
    return counts.pop() if 1 <= len(differing) <= 2 and len(counts) == 1 and same_rest else 0


def _preprocessing(preset: Any) -> Preprocessing:
    return Preprocessing(
        resize=preset.resize_size[0],
        crop=preset.crop_size[0],
        interpolation=preset.interpolation.value,
        mean=tuple(preset.mean),
        std=tuple(preset.std),
    )
