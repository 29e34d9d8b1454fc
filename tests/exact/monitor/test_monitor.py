"""The gain monitor: what it records is what `measure` says, and it leaves the training alone."""

import numpy as np
import torch
from torch import nn

import maxgain
from maxgain.diagnosis.rules import DiagnosisVerdict


def build_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 5), nn.ReLU(), nn.Dropout(), nn.Flatten(), nn.Linear(4 * 8 * 8, 10)
    )


def test_records_the_gain_of_the_network_as_it_is() -> None:
    network = build_network()
    monitor = maxgain.GainMonitor(network, (3, 12, 12))
    first = monitor.record()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(0.5)
    second = monitor.record()
    image = maxgain.impulse_image(3, 12, 12)
    expected = maxgain.measure(network, image, window=True).gain
    assert second == float(expected.mean())
    assert first != second
    np.testing.assert_array_equal(monitor.curve(), [first, second])


def test_leaves_gradients_modes_and_random_numbers_alone() -> None:
    network = build_network().train()
    network(torch.randn(2, 3, 12, 12)).sum().backward()
    gradients = [parameter.grad.clone() for parameter in network.parameters()]
    state = torch.get_rng_state()
    maxgain.GainMonitor(network, (3, 12, 12)).record()
    assert all(module.training for module in network.modules())
    assert torch.equal(state, torch.get_rng_state())
    for parameter, gradient in zip(network.parameters(), gradients, strict=True):
        assert torch.equal(parameter.grad, gradient)


def test_diagnoses_the_recorded_curve() -> None:
    network = build_network()
    monitor = maxgain.GainMonitor(network, (3, 12, 12))
    assert monitor.curve().size == 0
    assert monitor.diagnose().verdict == DiagnosisVerdict.UNDECIDED
    with torch.no_grad():
        network[-1].weight.mul_(1e-3)
        network[-1].bias.zero_()
    for _ in range(20):  # Far from saturation the gain grows by the same number of dB an epoch.
        monitor.record()
        with torch.no_grad():
            network[-1].weight.mul_(1.05)
    assert monitor.diagnose().verdict == DiagnosisVerdict.LEARNING_RATE_TOO_LOW


def test_says_that_a_network_diverged() -> None:
    network = build_network()
    monitor = maxgain.GainMonitor(network, (3, 12, 12))
    for _ in range(12):
        monitor.record()
    with torch.no_grad():
        network[0].weight.fill_(torch.nan)
    assert np.isnan(monitor.record())
    assert monitor.diagnose().verdict == DiagnosisVerdict.DIVERGED


def test_works_without_parameters() -> None:
    monitor = maxgain.GainMonitor(nn.Flatten(), (1, 5, 5), impulse_value=1.0)
    assert np.isfinite(monitor.record())
