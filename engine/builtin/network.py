"""The built-in network: a small plain CNN trained on the drawings, and its shipped weights.

Seven convolutions with batch-norm and ReLU, a global average and one linear layer; about 0.4
million parameters and 46 million multiply-adds a picture. Made to be quick to attack and explain,
not to recognise photographs. Imports torch and safetensors.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from engine.builtin import IMAGENET_INDEX, LABELS
from engine.pictures.fitting import Preprocessing

__all__ = ["IMAGENET_INDEX", "LABELS", "PREPROCESSING", "WEIGHTS", "BuiltinNet", "load"]

PREPROCESSING = Preprocessing(resize=128, crop=112)
"""What is done to a picture before the network sees it."""

WEIGHTS = Path(__file__).with_name("weights.safetensors")

_WIDTHS = (16, 32, 48, 64, 96, 128, 160)
_STRIDES = (2, 2, 1, 2, 1, 2, 1)


def _block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            bn=nn.BatchNorm2d(outputs),
            relu=nn.ReLU(),
        )
    )


class BuiltinNet(nn.Module):
    """Normalised pictures (n, 3, 112, 112) to logits (n, classes).

    `features[i]` is a block with `conv`, `bn` and `relu`; outputs are 56, 28, 28, 14, 14, 7 and 7
    pixels wide with 16, 32, 48, 64, 96, 128 and 160 channels.
    """

    def __init__(self, classes: int = len(LABELS)) -> None:
        super().__init__()
        channels = (3, *_WIDTHS)
        self.features = nn.Sequential(
            *(_block(channels[i], channels[i + 1], s) for i, s in enumerate(_STRIDES))
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(_WIDTHS[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of normalised pictures."""
        pooled = self.pool(self.features(x)).flatten(1)
        logits: Tensor = self.classifier(pooled)
        return logits


def load(weights: Path = WEIGHTS) -> BuiltinNet:
    """The trained network in evaluation mode, float32 on the CPU; `LABELS` names its outputs.

    Needs no network connection and draws nothing from torch's random generator. Raises
    FileNotFoundError if the weights are missing and RuntimeError if they do not fit.
    """
    state = {
        name: value.float() if value.is_floating_point() else value
        for name, value in load_file(weights).items()
    }
    with torch.device("meta"):
        model = BuiltinNet()
    model.load_state_dict(state, assign=True)
    model.eval()
    return model
