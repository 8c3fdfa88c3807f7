"""A classifier changes nothing that it does not own, and folding changes no number."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn

from engine.attacks.base import attack
from engine.builtin import network as builtin
from engine.models.catalog import load
from engine.models.classifier import fold_batch_norm
from engine.types import ModelSettings, attack_settings
from engine.types.generators import finish
from tests.conftest import ROOT
from tests.engine.explaining import classifier, pictures, run
from tests.engine.test_models import random_network


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "googlenet"])
def test_folding_keeps_the_numbers_and_the_names(name: str) -> None:
    options = {"init_weights": False, "aux_logits": False} if name == "googlenet" else {}
    network = random_network(name, **options).double()
    x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1)).double()
    names = [key for key, _ in network.named_modules()]
    with torch.no_grad():
        before = network(x)
        fold_batch_norm(network)
        torch.testing.assert_close(network(x), before, rtol=1e-9, atol=1e-9)
    assert [key for key, _ in network.named_modules()] == names
    assert not any(isinstance(m, nn.BatchNorm2d) for m in network.modules())


def test_a_network_that_cannot_be_traced_still_loads() -> None:
    class Branching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolution, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.norm(self.convolution(x))
            return x.mean((2, 3)) if x.sum() > 0 else x.amax((2, 3))

    network = Branching().eval()
    fold_batch_norm(network)
    assert isinstance(network.norm, nn.BatchNorm2d)


def callers_network() -> nn.Sequential:
    """As somebody may hold it while training: mixed modes and layouts, a frozen layer."""
    generator = torch.Generator().manual_seed(0)
    network = nn.Sequential()
    network.add_module("convolution", nn.Conv2d(3, 8, 3, bias=False))
    network.add_module("norm", nn.BatchNorm2d(8))
    network.add_module("relu", nn.ReLU(inplace=True))
    network.add_module("second", nn.Conv2d(8, 8, 3))
    network.add_module("dropout", nn.Dropout(0.5))
    network.add_module("pool", nn.AdaptiveAvgPool2d(1))
    network.add_module("flatten", nn.Flatten())
    network.add_module("last", nn.Linear(8, 4))
    with torch.no_grad():
        for tensor in (*network.parameters(), *network.buffers()):
            if tensor.is_floating_point():
                tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.1)
    network.train().second.eval()
    network.last.requires_grad_(False)
    network.second.weight.data = network.second.weight.data.contiguous(
        memory_format=torch.channels_last
    )
    return network


def state_of(network: nn.Module) -> list[object]:
    """All that somebody could find changed: modules and modes, tensors and their memory."""
    tensors = [*network.named_parameters(), *network.named_buffers()]
    return [
        *((name, module, module.training) for name, module in network.named_modules()),
        *((len(m._forward_hooks), len(m._forward_pre_hooks)) for m in network.modules()),
        *((name, id(t), t.data_ptr(), t.stride(), t.requires_grad, t.grad) for name, t in tensors),
        *((name, t._version, t.tolist()) for name, t in tensors),
    ]


def torchs_settings() -> list[object]:
    """The settings of torch that hold for the whole process."""
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    return [
        *(cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32),
        *(matmul.allow_tf32, torch.get_float32_matmul_precision()),
        *(torch.are_deterministic_algorithms_enabled(), torch.is_grad_enabled()),
        *(torch.get_default_dtype(), torch.get_num_threads(), torch.get_rng_state().tolist()),
    ]


def test_the_callers_network_and_torchs_settings_stay_as_they_were() -> None:
    network = callers_network()
    before, settings = state_of(network), torchs_settings()
    model = classifier(network)
    x = pictures(1, 2)
    list(attack(model, x, torch.tensor([1, 2]), attack_settings(steps=2), targeted=True))
    for layer in (None, "second"):
        run(model, x, [(0, 1)], pictures(2, 3), samples=4, layer=layer)
    assert state_of(network) == before
    assert torchs_settings() == settings
    assert model.layers == tuple(
        name for name, module in network.named_modules() if name not in ("", "norm", "dropout")
    )


def test_a_classifier_does_not_follow_the_callers_training() -> None:
    network = callers_network()
    model, x = classifier(network), pictures(1, 2)
    before = model(x)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(1.0)
        network.train()(x)  # moves the running statistics
    assert torch.equal(model(x), before)


def test_a_loaded_network_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[nn.Module] = []
    load_builtin = builtin.load
    monkeypatch.setattr(builtin, "load", lambda: built.append(load_builtin()) or built[0])
    assert finish(load(ModelSettings(device="cpu"))).module.network is built[0]


def test_the_worker_s_arithmetic_is_exact() -> None:
    program = (
        "import queue, torch\n"
        "from engine.types import ModelSettings\n"
        "from engine.worker import protocol as ev\n"
        "from engine.worker import Worker\n"
        "cudnn, events = torch.backends.cudnn, queue.Queue()\n"
        "before = cudnn.deterministic, cudnn.allow_tf32\n"
        "worker = Worker(events.put, threads=1)\n"
        "worker.start()\n"
        "worker.send(ev.LoadModel(ModelSettings(device='cpu')))\n"
        "while not isinstance(events.get(timeout=60), ev.Loaded): pass\n"
        "print(before, (cudnn.deterministic, cudnn.allow_tf32))\n"
    )
    command = [sys.executable, "-c", program]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert out.strip() == "(False, True) (True, False)"
