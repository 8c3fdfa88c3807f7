"""Which device computes, and how exactly."""

from __future__ import annotations

import torch

from engine.types import NoDevice


def pick_device(name: str) -> torch.device:
    """The device called `name`: auto, cpu, cuda, cuda:N or mps.

    `auto` is CUDA's first device, then mps, then the processor.

    Raises:
        NoDevice: it is not there; says what is.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    names = ["cpu"]
    names += ["cuda", *(f"cuda:{number}" for number in range(count))] if count else []
    if torch.backends.mps.is_available():
        names.append("mps")
    if name == "auto":
        return torch.device("cuda" if count else names[-1])
    if name not in names:
        raise NoDevice(f"device {name!r} is not here: this machine has {', '.join(names)}.")
    return torch.device(name)


def exact_arithmetic() -> None:
    """Make convolutions on CUDA repeatable and keep all bits of float32; for the whole process.

    Without this cuDNN may pick kernels whose sums differ from run to run, and rounds the factors
    of convolutions to 10 bits (TF32). torch looks at these settings whenever a convolution runs,
    forwards or backwards, so that they cannot belong to a single network: a program sets them
    when it starts, as the app, the command line and the survey's processes do.
    """
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.allow_tf32 = False
