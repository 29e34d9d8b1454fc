"""The gain monitor: what it records is what `measure` says, and it leaves the training alone."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import maxgain
from maxgain.diagnosis.verdicts import DiagnosisVerdict
from maxgain.errors import InputError
from maxgain.response.probes import impulse_set


def build_network(channels: int = 3) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(channels, 4, 5), nn.ReLU(), nn.Dropout(), nn.Flatten(), nn.Linear(4 * 8 * 8, 10)
    )


def halve(network: nn.Module) -> None:
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(0.5)


def test_records_the_gain_of_the_network_as_it_is() -> None:
    network = build_network()
    monitor = maxgain.GainMonitor(network, (3, 12, 12))
    first = monitor.record()
    halve(network)
    second = monitor.record()
    image = maxgain.impulse_image(3, 12, 12)
    expected = maxgain.measure(network, image, window=True)
    assert second == float(expected.gain.mean())
    assert first != second
    np.testing.assert_array_equal(monitor.curve(), [first, second])
    assert torch.equal(monitor.gains[1], expected.gain)
    curves = monitor.curves()
    assert expected.sensitivity is not None
    assert curves.sensitivity[1] == float(expected.sensitivity.mean())
    assert curves.saturation[1] == pytest.approx(expected.saturation)
    np.testing.assert_allclose(curves.gain, curves.sensitivity + curves.saturation, atol=1e-4)
    np.testing.assert_allclose(
        curves.gain_mean, curves.sensitivity_mean + curves.saturation_mean, atol=1e-4
    )


def test_means_over_impulses_have_their_standard_error() -> None:
    network = build_network()
    monitor = maxgain.GainMonitor(network, (3, 12, 12), 100.0, impulses=5, seed=3)
    monitor.record()
    images = impulse_set(3, 12, 12, 5, seed=3, value=100.0)
    each = [maxgain.measure(network, image, window=True) for image in images]
    saturations = [result.saturation for result in each]
    gains = [float(result.gain.mean()) for result in each]
    curves = monitor.curves()
    assert curves.saturation_mean[0] == pytest.approx(np.mean(saturations))
    assert curves.saturation_error[0] == pytest.approx(np.std(saturations, ddof=1) / math.sqrt(5))
    assert curves.gain_mean[0] == pytest.approx(np.mean(gains), abs=1e-5)
    assert curves.gain_error[0] == pytest.approx(np.std(gains, ddof=1) / math.sqrt(5), abs=1e-5)


class _Classifier(nn.Module):
    """Dropout, batch statistics and a forward pass that draws random numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(
            nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout(0.3), nn.Flatten()
        )
        self.classes = nn.Linear(6 * 36, 4)

    def forward(self, pixels: Tensor) -> Tensor:
        logits: Tensor = self.classes(self.network(pixels))
        return logits + 0.01 * torch.randn_like(logits)


def _train(monitored: bool) -> tuple[dict[str, Tensor], Tensor]:
    torch.manual_seed(0)
    network = _Classifier()
    network.network[1].eval()  # Modes may differ within a network.
    network.network[1].train()
    optimiser = torch.optim.SGD(network.parameters(), 0.01, momentum=0.9)
    monitor = maxgain.GainMonitor(network, (1, 8, 8))
    for _ in range(3):
        for _ in range(4):
            images, labels = 10 * torch.randn(8, 1, 8, 8), torch.randint(4, (8,))
            loss = nn.functional.cross_entropy(network(images), labels)
            if monitored:
                monitor.record()  # Between the passes, with a graph and old gradients alive.
            loss.backward()
            optimiser.step()
            optimiser.zero_grad(set_to_none=False)
        if monitored:
            monitor.record()
    return network.state_dict(), torch.rand(3)


def test_training_is_bit_identical_with_and_without_the_monitor() -> None:
    plain, numbers = _train(False)
    watched, watched_numbers = _train(True)
    assert all(torch.equal(value, watched[name]) for name, value in plain.items())
    assert torch.equal(numbers, watched_numbers)


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
    assert monitor.diagnose("sensitivity").verdict == DiagnosisVerdict.UNDECIDED
    with torch.no_grad():
        network[-1].weight.mul_(1e-3)
        network[-1].bias.zero_()
    for _ in range(20):  # Far from saturation the gain grows by the same number of dB an epoch.
        monitor.record()
        with torch.no_grad():
            network[-1].weight.mul_(1.05)
    assert monitor.diagnose().verdict == DiagnosisVerdict.LEARNING_RATE_TOO_LOW
    assert monitor.diagnose("paper") == monitor.diagnose()
    by_sensitivity = monitor.diagnose("sensitivity")
    assert by_sensitivity.verdict == DiagnosisVerdict.LEARNING_RATE_TOO_LOW
    assert "sensitivity" in by_sensitivity.sentence


def test_says_that_a_network_diverged() -> None:
    network = build_network()
    monitor = maxgain.GainMonitor(network, (3, 12, 12))
    for _ in range(12):
        monitor.record()
    with torch.no_grad():
        network[0].weight.fill_(torch.nan)
    assert np.isnan(monitor.record())
    assert monitor.diagnose().verdict == DiagnosisVerdict.DIVERGED
    assert monitor.diagnose("sensitivity").verdict == DiagnosisVerdict.DIVERGED


def test_dead_channel_is_named_and_the_others_are_judged() -> None:
    network = build_network(4)
    monitor = maxgain.GainMonitor(network, (4, 12, 12))
    monitor.record()
    assert monitor.dead_channels == []
    with torch.no_grad():
        network[0].weight[:, 3] = 0
    for _ in range(11):
        monitor.record()
        halve(network)
    assert monitor.dead_channels == [3]
    assert np.isfinite(monitor.curve()).all()
    assert np.isfinite(monitor.curves().sensitivity_mean).all()
    # The channel is left out of the first epoch too: its death is no jump.
    assert monitor.curve()[0] == pytest.approx(float(monitor.gains[0][:3].mean()))
    assert monitor.diagnose().verdict != DiagnosisVerdict.DEAD
    with torch.no_grad():
        network[-1].weight.zero_()
    assert monitor.record() == -math.inf
    assert monitor.diagnose().verdict == DiagnosisVerdict.DEAD
    assert monitor.dead_channels == [3]


def test_live_network_without_gradients_is_refused_and_not_called_dead() -> None:
    class Frozen(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = build_network(1)

        def forward(self, pixels: Tensor) -> Tensor:
            with torch.no_grad():
                features = self.network[:-1](pixels)
            return self.network[-1](features)

    monitor = maxgain.GainMonitor(Frozen(), (1, 12, 12))
    with pytest.raises(InputError, match="no gradient arrives at the image"):
        monitor.record()
    assert monitor.records == []


def test_works_without_parameters() -> None:
    monitor = maxgain.GainMonitor(nn.Flatten(), (1, 5, 5), impulse_value=1.0)
    assert np.isfinite(monitor.record())
    assert monitor.records[0].gains.shape == (9, 1)  # No more places in the central half.


def test_measures_every_so_many_calls() -> None:
    monitor = maxgain.GainMonitor(build_network(), (3, 12, 12), impulses=0, measure_every=3)
    given = [monitor.record() is not None for _ in range(8)]
    assert given == [True, False, False] * 2 + [True, False]
    assert [record.epoch for record in monitor.records] == [1, 4, 7]
    assert monitor.to_frame()["epoch"].tolist() == [1, 4, 7]
    assert np.isnan(monitor.curves().gain_mean).all()


def test_table_holds_all_curves() -> None:
    network = build_network()
    monitor = maxgain.GainMonitor(network, (3, 12, 12), impulses=2)
    assert monitor.to_frame().empty
    monitor.record()
    frame = monitor.to_frame()
    assert list(frame) == [
        "epoch",
        "gain_db",
        "sensitivity_db",
        "saturation_db",
        "gain_mean_db",
        "gain_error_db",
        "sensitivity_mean_db",
        "sensitivity_error_db",
        "saturation_mean_db",
        "saturation_error_db",
    ]
    assert frame["gain_db"][0] == monitor.curve()[0]
    assert frame.notna().all().all()


def test_plot_draws_all_three_and_the_diagnosis(tmp_path: Path) -> None:
    network = build_network()
    monitor = maxgain.GainMonitor(network, (3, 12, 12), impulses=3)
    with pytest.raises(InputError, match="nothing is recorded yet"):
        monitor.plot()
    for _ in range(4):
        monitor.record()
        halve(network)
    figure = monitor.plot("sensitivity")
    assert [axes.get_ylabel() for axes in figure.axes] == [
        "gain G (dB)",
        "sensitivity S (dB)",
        "saturation C (dB)",
    ]
    one, mean = figure.axes[1].lines
    np.testing.assert_array_equal(one.get_ydata(), monitor.curves().sensitivity)
    np.testing.assert_array_equal(mean.get_ydata(), monitor.curves().sensitivity_mean)
    assert figure.get_suptitle() == monitor.diagnose("sensitivity").sentence
    figure.savefig(tmp_path / "monitor.png")
    assert (tmp_path / "monitor.png").stat().st_size > 10_000


def test_state_goes_through_a_checkpoint(tmp_path: Path) -> None:
    network = build_network()
    monitor = maxgain.GainMonitor(network, (3, 12, 12), impulses=2, measure_every=2)
    for _ in range(3):
        monitor.record()
    torch.save(monitor.state_dict(), tmp_path / "monitor.pt")
    other = maxgain.GainMonitor(network, (3, 12, 12), impulses=2, measure_every=2)
    other.load_state_dict(torch.load(tmp_path / "monitor.pt", weights_only=True))
    halve(network)
    for each in (monitor, other):
        assert each.record() is None
        each.record()
    assert other.to_frame().equals(monitor.to_frame())
    json.dumps(monitor.state_dict()["settings"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"impulses": 3}, "recorded with impulses = 2; this monitor has 3"),
        ({"seed": 1}, "recorded with seed = 0"),
        ({"projection": "score"}, "recorded with projection = inverse-score"),
        ({"shape": (3, 13, 13)}, r"recorded with shape = \[3, 12, 12\]"),
    ],
)
def test_state_of_another_monitor_is_refused(change: dict[str, object], said: str) -> None:
    settings = {"shape": (3, 12, 12), "impulses": 2}
    state = maxgain.GainMonitor(build_network(), **settings).state_dict()
    other = maxgain.GainMonitor(build_network(), **(settings | change))
    with pytest.raises(InputError, match=said):
        other.load_state_dict(state)


@pytest.mark.parametrize("state", [{}, {"settings": {}, "calls": "x", "records": []}, {"a": 1}])
def test_what_is_no_state_is_refused(state: dict[str, object]) -> None:
    with pytest.raises(InputError, match="not one of a GainMonitor"):
        maxgain.GainMonitor(build_network(), (3, 12, 12)).load_state_dict(state)


@pytest.mark.usefixtures("unchecked_annotations")
@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda n: maxgain.GainMonitor(n), "Sequential does not say which images it takes"),
        (lambda n: maxgain.GainMonitor(n, (3, 12)), r"shape is \(3, 12\); it must be three"),
        (lambda n: maxgain.GainMonitor(n, (3, 0, 12)), "three positive whole numbers"),
        (lambda n: maxgain.GainMonitor(n, (3, 9, 9), projection="x"), "projection is 'x'"),
        (lambda n: maxgain.GainMonitor(n, (3, 9, 9), measure_every=0), "measure_every is 0"),
        (lambda n: maxgain.GainMonitor(n, (3, 9, 9), impulses=-1), "impulses is -1"),
        (
            lambda n: maxgain.GainMonitor(n, (3, 12, 12)).diagnose("papers"),
            "rule 'papers' is not known; did you mean 'paper'",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call: Callable[[nn.Module], object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        call(build_network())


@pytest.mark.parametrize(
    ("impulses", "said"),
    [
        (0, "need means over impulses; there are none, as with impulses=0"),
        (1, "the sensitivity's error holds no finite value; it must be that of two impulses"),
    ],
)
def test_rules_on_sensitivity_need_two_impulses(impulses: int, said: str) -> None:
    monitor = maxgain.GainMonitor(build_network(), (3, 12, 12), impulses=impulses)
    for _ in range(12):
        monitor.record()
    with pytest.raises(InputError, match=said):
        monitor.diagnose("sensitivity")


def test_a_training_taken_up_at_an_earlier_epoch_forgets_the_later_ones() -> None:
    monitor = maxgain.GainMonitor(build_network(), (3, 12, 12), impulses=0, measure_every=2)
    for epoch in (1, 2, 3, 5):
        monitor.record(epoch)
    assert [record.epoch for record in monitor.records] == [1, 3, 5]
    assert monitor.record(3) is not None
    assert monitor.record() is None
    assert [record.epoch for record in monitor.records] == [1, 3]
    with pytest.raises(maxgain.InputError, match="epoch is 0; it is counted from 1"):
        monitor.record(0)


def test_a_rule_on_means_is_refused_where_there_are_none() -> None:
    monitor = maxgain.GainMonitor(build_network(), (3, 12, 12), impulses=0)
    monitor.record()
    assert monitor.should_stop("gain-diagnosis") is None
    for rule in ("sensitivity-plateau", "saturation-fall", "plateau-and-fall"):
        with pytest.raises(InputError, match=r"needs the column 's.*impulses=0 has no means"):
            monitor.should_stop(rule)
    with pytest.raises(InputError, match="the stop rule 'saturation-mean-db-variability' needs"):
        monitor.should_stop()
    allowed = maxgain.GainMonitor(build_network(), (3, 12, 12), impulses=2)
    assert allowed.should_stop("sensitivity-plateau") is None
    assert allowed.should_stop() is None
