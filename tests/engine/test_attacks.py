"""Every attack agrees with an independent loop written from its paper's formula."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.attacks.base import attack
from engine.attacks.pgd import start
from engine.attacks.stopping import stops, succeeded
from engine.attacks.targets import resolve_target
from engine.types import METHODS, AttackSettings, UserError, attack_settings
from tests.engine.networks import picture, smooth_network

EPSILON = 0.03


def run(settings: AttackSettings, network: nn.Module, x0: Tensor, y: int, targeted: bool):
    classes = torch.full((len(x0),), y)
    return list(attack(network, x0, classes, settings, targeted=targeted))


def gradient(network: nn.Module, x: Tensor, y: int) -> Tensor:
    x = x.clone().requires_grad_()
    F.cross_entropy(network(x), torch.full((len(x),), y)).backward()
    assert x.grad is not None
    return x.grad


@pytest.mark.parametrize(("targeted", "sign"), [(True, -1), (False, 1)])
def test_fgsm_is_one_step_of_epsilon(targeted: bool, sign: int) -> None:
    network, x0 = smooth_network(), picture()
    steps = run(attack_settings("fgsm", epsilon=EPSILON), network, x0, 2, targeted)
    expected = (x0 + sign * EPSILON * gradient(network, x0, 2).sign()).clamp(0, 1)
    assert len(steps) == 2
    torch.testing.assert_close(steps[1].state.x, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("targeted", "sign"), [(True, -1), (False, 1)])
def test_bim_agrees_with_a_plain_loop_to_1e_6(targeted: bool, sign: int) -> None:
    network, x0 = smooth_network(), picture()
    settings = attack_settings("bim", epsilon=EPSILON, alpha=0.007, steps=15)
    x = x0.clone()
    for step in run(settings, network, x0, 3, targeted):
        torch.testing.assert_close(step.state.x, x, rtol=0, atol=1e-6)
        x = x + sign * 0.007 * gradient(network, x, 3).sign()
        x = torch.maximum(torch.minimum(x, x0 + EPSILON), x0 - EPSILON).clamp(0, 1)


def test_mifgsm_agrees_with_a_plain_loop() -> None:
    network, x0 = smooth_network(), picture()
    settings = attack_settings("mifgsm", epsilon=EPSILON, steps=10, decay=0.9)
    x, momentum = x0.clone(), torch.zeros_like(x0)
    for step in run(settings, network, x0, 1, True):
        torch.testing.assert_close(step.state.x, x, rtol=0, atol=1e-6)
        g = gradient(network, x, 1)
        momentum = 0.9 * momentum + g / g.abs().sum()
        x = (x - EPSILON / 10 * momentum.sign()).clamp(x0 - EPSILON, x0 + EPSILON).clamp(0, 1)


def test_pgd_is_bim_from_a_seeded_start() -> None:
    network, x0 = smooth_network(), picture()
    settings = attack_settings("pgd", epsilon=EPSILON, alpha=0.005, steps=6, seed=4)
    steps = run(settings, network, x0, 1, True)
    torch.testing.assert_close(steps[0].state.x, x0)
    x = start(x0, settings)
    assert 0.9 * EPSILON < float((x - x0).abs().max()) <= EPSILON + 1e-9
    for step in steps[1:]:
        x = x - 0.005 * gradient(network, x, 1).sign()
        x = torch.maximum(torch.minimum(x, x0 + EPSILON), x0 - EPSILON).clamp(0, 1)
        torch.testing.assert_close(step.state.x, x, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("targeted", "sign"), [(True, -1), (False, 1)])
def test_the_blogs_loop_agrees_with_autograd_accumulating_on_the_clean_picture(
    targeted: bool, sign: int
) -> None:
    """The formula word by word: the clean picture's gradient is never cleared."""
    network, x0 = smooth_network(), picture()
    epsilon, classes = 0.2, torch.tensor([2])
    leaf = x0.clone().requires_grad_()
    candidate = leaf
    expected = [x0]
    for _ in range(12):
        F.cross_entropy(network(candidate), classes).backward()
        assert leaf.grad is not None
        candidate = (leaf + sign * epsilon * leaf.grad.detach().sign()).clamp(0, 1)
        expected.append(candidate.detach())
    settings = attack_settings("blog", epsilon=epsilon, steps=12)
    found = run(settings, network, x0, 2, targeted)
    assert len(found) == len(expected)
    for step, x in zip(found, expected, strict=True):
        torch.testing.assert_close(step.state.x, x, rtol=0, atol=1e-9)


@pytest.mark.parametrize("method", ["fgsm", "bim", "mifgsm", "blog"])
def test_a_batch_is_attacked_like_its_pictures_one_by_one(method: str) -> None:
    network, x0 = smooth_network(), picture(count=3)
    classes = torch.tensor([0, 2, 4])
    settings = METHODS.switched(attack_settings(epsilon=0.05, steps=5), method)
    together = list(attack(network, x0, classes, settings, targeted=True))
    for index in range(3):
        alone = run(settings, network, x0[index : index + 1], int(classes[index]), True)
        torch.testing.assert_close(together[-1].state.x[index], alone[-1].state.x[0])
        torch.testing.assert_close(together[-1].loss[index], alone[-1].loss[0])


@pytest.mark.parametrize("method", ["bim", "pgd", "mifgsm", "blog"])
def test_an_attack_goes_on_from_any_of_its_states(method: str) -> None:
    network, x0 = smooth_network(), picture()
    settings = attack_settings(method, epsilon=0.05, steps=8, seed=3)
    whole = run(settings, network, x0, 1, True)
    classes = torch.tensor([1])
    rest = list(attack(network, x0, classes, settings, targeted=True, state=whole[3].state))
    assert [step.state.step for step in rest] == [3, 4, 5, 6, 7, 8]
    for one, other in zip(whole[3:], rest, strict=True):
        assert torch.equal(one.state.x, other.state.x)


def test_distances_and_loss_are_those_of_the_picture_shown() -> None:
    network, x0 = smooth_network(), picture()
    for step in run(attack_settings("bim", epsilon=EPSILON, steps=4), network, x0, 1, True):
        delta = (step.state.x - x0).flatten()
        assert float(step.linf) == pytest.approx(float(delta.abs().max()))
        assert float(step.linf) <= EPSILON + 1e-9
        assert float(step.l2) == pytest.approx(float(delta.pow(2).sum().sqrt()))
        logits = network(step.state.x)
        torch.testing.assert_close(step.logits, logits)
        expected = -torch.log_softmax(logits, 1)[0, 1]
        torch.testing.assert_close(step.loss[0], expected)


def test_the_same_seed_gives_the_same_start_and_leaves_global_generators_alone() -> None:
    x0 = picture()
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    one = start(x0, attack_settings("pgd", seed=5))
    two = start(x0, attack_settings("pgd", seed=5))
    other = start(x0, attack_settings("pgd", seed=6))
    resolve_target("random", torch.randn(5, generator=torch.Generator()), ("a",) * 5, 1)
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002


def test_random_targets_are_uniform_over_the_other_classes() -> None:
    logits = torch.tensor([0.1, 3.0, 0.2, 0.3])
    drawn = [resolve_target("random", logits, tuple("abcd"), seed) for seed in range(3000)]
    counts = np.bincount(drawn, minlength=4)
    assert counts[1] == 0
    assert all(900 < counts[index] < 1100 for index in (0, 2, 3))


def test_targets_by_rule_and_by_name() -> None:
    logits = torch.tensor([0.1, 3.0, 2.0, 0.3])
    labels = ("African elephant", "Indian elephant", "tusker", "ping-pong ball")
    weights = torch.tensor([[1.0, 0.1], [0.0, 1.0], [0.5, 0.5], [0.1, -1.0]])
    assert resolve_target("similar", logits, labels, 0) == 2
    assert resolve_target("nearest", logits, labels, 0, weights) == 2
    assert resolve_target("none", logits, labels, 0) is None
    assert resolve_target("Ping-Pong_ball", logits, labels, 0) == 3
    assert resolve_target("African_elephant", logits, labels, 0) == 0
    assert resolve_target("3", logits, labels, 0) == 3
    with pytest.raises(UserError, match="already predicts 'Indian elephant'"):
        resolve_target("indian elephant", logits, labels, 0)
    with pytest.raises(UserError, match="did you mean African elephant"):
        resolve_target("african elefant", logits, labels, 0)


def test_stop_rules() -> None:
    clean = torch.tensor([[3.0, 0.0, 0.0]])
    weak, strong = torch.tensor([[1.0, 1.1, 0.0]]), torch.tensor([[0.0, 3.1, 0.0]])
    target, original = torch.tensor([1]), torch.tensor([0])
    assert not stops(weak, target, clean, "never", targeted=True)
    assert stops(weak, target, clean, "success", targeted=True)
    assert not stops(weak, target, clean, "matched", targeted=True)
    assert stops(strong, target, clean, "matched", targeted=True)
    assert stops(strong, original, clean, "matched", targeted=False)
    assert not succeeded(clean, original, targeted=False)


def test_a_gradient_that_is_not_finite_is_said() -> None:
    class Broken(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.log(x.flatten(1)[:, :4] - 2.0)

    with pytest.raises(UserError, match="step 0 is not finite"):
        run(attack_settings("bim"), Broken(), picture(), 1, True)
