"""The iterations of an attack that are kept, and the way back to the others."""

from __future__ import annotations

import torch

from engine.attacks.base import State, attack
from engine.attacks.history import History
from engine.types import attack_settings
from tests.engine.networks import picture, smooth_network


def test_history_stays_in_its_bound_and_finds_the_way_back() -> None:
    network, x0 = smooth_network(), picture()
    settings = attack_settings("mifgsm", steps=60, epsilon=0.1)
    size = x0.nelement() * 8 * 2
    history = History(limit=10 * size)
    truth: list[torch.Tensor] = []

    def steps(state: State | None = None):
        return attack(network, x0, torch.tensor([1]), settings, targeted=True, state=state)

    for step in steps():
        history.add(step.state)
        truth.append(step.state.x)
        assert history.size <= history.limit
    assert history.stride == 8
    for wanted in (0, 7, 33, 60):
        kept = history.nearest(wanted)
        assert wanted - kept.step < history.stride
        found = next(s for s in steps(kept) if s.state.step == wanted)
        assert torch.equal(found.state.x, truth[wanted])
