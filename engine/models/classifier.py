"""A network as the engine uses it: pixels in [0, 1] to logits, with everything between inside.

A `Classifier` is frozen and in evaluation mode. Batch-norm is folded into the convolutions before
it, where they stand, so that layers keep their names. On a CPU convolutions run in channels_last,
which is quicker there; cuDNN in full float32 takes seconds over it for every new batch size.
"""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from engine.pictures.fitting import Preprocessing
from engine.types import ModelInfo, UnknownLayer, suggest


class Normalised(nn.Module):
    """Subtract the mean, divide by the standard deviation, then run `network` in `layout`.

    Converts `network` itself to `layout`.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        network: nn.Module,
        preprocessing: Preprocessing,
        layout: torch.memory_format = torch.contiguous_format,
    ) -> None:
        super().__init__()
        self.network = network
        set_layout(network, layout)
        self.layout = layout
        self.register_buffer("mean", torch.tensor(preprocessing.mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(preprocessing.std).view(1, -1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Pixels (N, 3, H, W) in [0, 1] to logits (N, C)."""
        normal = (x - self.mean) / self.std
        out: Tensor = self.network(normal.contiguous(memory_format=self.layout))
        return out


class Classifier:
    """A frozen network with its labels, preprocessing and device.

    Calling it takes pixels (N, 3, H, W) in [0, 1] and gives logits (N, C). No global setting of
    torch is changed; for repeatable sums on CUDA see `engine.models.device.exact_arithmetic`.

    Args:
        network: From normalised pictures (N, 3, H, W) to logits (N, C).
        name: What messages and reports call it.
        labels: The names of its classes, in the order of its outputs.
        preprocessing: How pictures are fitted to it; the normalisation is done inside.
        device: Where it runs.
        weights: What reports call its weights.
        wnids: WordNet's numbers of the classes, where they are known.
        copy_network: Leave `network` as it is and work on a copy. A loader that made the network
            for this purpose alone says False and saves the memory.

    Example:
        >>> network = torchvision.models.resnet18(weights="DEFAULT")
        >>> classifier = Classifier(
        ...     network,
        ...     name="resnet18",
        ...     labels=tuple(torchvision.models.ResNet18_Weights.DEFAULT.meta["categories"]),
        ...     preprocessing=Preprocessing(resize=256, crop=224),
        ...     device=torch.device("cpu"),
        ... )
        >>> classifier(torch.rand(1, 3, 224, 224)).shape
        torch.Size([1, 1000])
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        name: str,
        labels: tuple[str, ...],
        preprocessing: Preprocessing,
        device: torch.device,
        weights: str = "",
        wnids: tuple[str, ...] = (),
        copy_network: bool = True,
    ) -> None:
        self.name = name
        self.labels = labels
        self.wnids = wnids
        self.preprocessing = preprocessing
        self.device = device
        self.weights = weights
        self.parameters = sum(p.numel() for p in network.parameters())
        if copy_network:
            network = copy.deepcopy(network)
        network.eval().requires_grad_(False)
        fold_batch_norm(network)
        layout = torch.channels_last if device.type == "cpu" else torch.contiguous_format
        normalised = Normalised(network, preprocessing, layout)
        self.module = normalised.eval().requires_grad_(False).to(device)

    def __call__(self, x: Tensor) -> Tensor:
        """Logits (N, C) for pixels (N, 3, H, W) in [0, 1]."""
        out: Tensor = self.module(x)
        return out

    @property
    def input_size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.preprocessing.crop, self.preprocessing.crop

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers that `layer` knows, in the network's order."""
        return tuple(
            name
            for name, module in self.module.network.named_modules()
            if name and not isinstance(module, (nn.Identity, nn.Dropout))
        )

    def layer(self, name: str) -> nn.Module:
        """The layer called `name`, such as `features.3`.

        Raises:
            UnknownLayer: no such layer; names the nearest.
        """
        if name not in self.layers:
            some = f": it has {', '.join(self.layers[:3])}, …, {self.layers[-1]}."
            raise UnknownLayer(
                f"{self.name} has no layer {name!r}{suggest(name, self.layers) or some}"
            )
        return self.module.network.get_submodule(name)

    @property
    def last_weights(self) -> Tensor | None:
        """Weights of the last linear layer, (C, D), or None if the network ends otherwise."""
        linear = [m for m in self.module.modules() if isinstance(m, nn.Linear)]
        if linear and linear[-1].out_features == len(self.labels):
            return linear[-1].weight
        return None

    def info(self) -> ModelInfo:
        """What the screen shows of this network."""
        return ModelInfo(
            name=self.name,
            device=str(self.device),
            labels=self.labels,
            input_size=self.input_size,
            layers=self.layers,
            parameters=self.parameters,
            weights=self.weights,
        )


def set_layout(network: nn.Module, layout: torch.memory_format) -> None:
    """Convert the convolutions' weights of `network` to `layout`, in place."""
    untyped: Any = network  # not every release of torch declares that `to` takes a layout alone
    untyped.to(memory_format=layout)


def fold_batch_norm(network: nn.Module) -> None:
    """Fold every batch-norm that alone follows a convolution into it, in place.

    The graph is traced only to find the pairs; the modules stay where they are and keep their
    names (the batch-norm becomes an identity). A network that cannot be traced is left as it is.
    """
    try:
        graph = torch.fx.symbolic_trace(network).graph
    except Exception:  # tracing fails in many ways; folding is a matter of speed alone
        return
    modules = dict(network.named_modules())
    calls = Counter(node.target for node in graph.nodes if node.op == "call_module")
    for node in graph.nodes:
        if node.op != "call_module" or not isinstance(modules[str(node.target)], nn.BatchNorm2d):
            continue
        before = node.args[0]
        if getattr(before, "op", "") != "call_module" or len(before.users) != 1:
            continue
        convolution = modules[str(before.target)]
        if not isinstance(convolution, nn.Conv2d) or calls[node.target] + calls[before.target] > 2:
            continue
        norm = modules[str(node.target)]
        _replace(network, str(before.target), fuse_conv_bn_eval(convolution, norm))
        _replace(network, str(node.target), nn.Identity())


def _replace(network: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(network.get_submodule(parent), child, module.eval().requires_grad_(False))
