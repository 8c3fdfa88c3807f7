"""A network as the engine uses it: pixels in [0, 1] to logits, with everything between inside.

A `Classifier` is frozen and in evaluation mode. Batch-norm is folded into the convolutions before
it, in place, so that layers keep their names. On a CPU convolutions run in channels_last, which is
quicker there; cuDNN in full float32 takes seconds over it for every new batch size.
"""

from __future__ import annotations

from collections import Counter

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from engine.pictures.fitting import Preprocessing
from engine.types import ModelInfo, UserError, suggest


class Normalised(nn.Module):
    """Subtract the mean, divide by the standard deviation, then run `network` in `layout`."""

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        network: nn.Module,
        how: Preprocessing,
        layout: torch.memory_format = torch.contiguous_format,
    ) -> None:
        super().__init__()
        self.network = network
        network.to(memory_format=layout)  # type: ignore[call-overload]
        self.layout = layout
        self.register_buffer("mean", torch.tensor(how.mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(how.std).view(1, -1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Pixels (N, 3, H, W) in [0, 1] to logits (N, C)."""
        normal = (x - self.mean) / self.std
        out: Tensor = self.network(normal.contiguous(memory_format=self.layout))
        return out


class Classifier:
    """A frozen network with its labels, preprocessing and device.

    Calling it takes pixels (N, 3, H, W) in [0, 1] and gives logits (N, C).
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        name: str,
        labels: tuple[str, ...],
        how: Preprocessing,
        device: torch.device,
        weights: str = "",
        wnids: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.labels = labels
        self.wnids = wnids
        self.preprocessing = how
        self.device = device
        self.weights = weights
        self.parameters = sum(p.numel() for p in network.parameters())
        network.eval().requires_grad_(False)
        fold_batch_norm(network)
        layout = torch.channels_last if device.type == "cpu" else torch.contiguous_format
        self.module = Normalised(network, how, layout).eval().requires_grad_(False).to(device)
        # Without these, cuDNN may pick kernels whose sums differ from run to run, and rounds the
        # factors of convolutions to 10 bits (TF32).
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.allow_tf32 = False

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
            UserError: no such layer; names the nearest.
        """
        if name not in self.layers:
            some = f": it has {', '.join(self.layers[:3])}, …, {self.layers[-1]}."
            known = suggest(name, self.layers) or some
            raise UserError(f"{self.name} has no layer {name!r}{known}")
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
