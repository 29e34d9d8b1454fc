"""Training: MatConvNet's update, exact counts, and resumption to the byte."""

import fcntl
import math
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from maxgain.config.experiments import Run
from maxgain.config.parsing import parse_protocol
from maxgain.data.prepared import PreparedData
from maxgain.errors import InputError
from maxgain.files.csv import read_table, write_table
from maxgain.networks.recipes import RECIPES, build_network, initialise, parameter_rates
from maxgain.pipeline.curves import CURVE_COLUMNS, write_curves
from maxgain.pipeline.quantities import write_gains
from maxgain.pipeline.training import _identity, run_training_job, training_data
from maxgain.response.measure import measure
from maxgain.response.probes import impulse_image, raw_impulse_image
from maxgain.tables.curves import HISTORY_COLUMNS
from maxgain.training import engine
from maxgain.training.cuda_graph import StepGraph
from maxgain.training.device import choose_device
from maxgain.training.engine import Batches, Images, Score, Trainer, evaluate
from maxgain.training.loop import draw_batches
from maxgain.training.optimisers import MomentumSGD
from maxgain.training.schedule import rate_at
from maxgain.training.snapshots import read_snapshots
from maxgain.training.state import TrainingState

COUNT, BATCH = 23, 5  # Four full batches and one of three.
ARCHITECTURES = {"lenet-mnist": (1, 16, 17), "lenet-cifar": (3, 9, 8), "nin": (3, 7, 8)}

RUN = Run(
    dataset="cifar10",
    network="lenet",
    capacity=0.25,
    learning_rate=0.02,
    rate_factor=1.0,
    seed=3,
    epochs=4,
    batch_size=BATCH,
    momentum=0.9,
    schedule=(),
    precision="fp32",
)


def _pixels(seed: int, count: int, shape: tuple[int, int, int]) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 40 * torch.randn(count, *shape, generator=generator)


def _prepared(role: str = "cifar10", shape: tuple[int, int, int] = (3, 9, 8)) -> PreparedData:
    return PreparedData(
        training_images=_pixels(0, COUNT, shape).permute(0, 2, 3, 1).contiguous(),
        training_labels=torch.arange(COUNT) % 7,
        validation_images=_pixels(1, 9, shape).permute(0, 2, 3, 1).contiguous(),
        validation_labels=torch.arange(9) % 7,
        mean_image=_pixels(2, 1, shape)[0].abs(),
        dataset=role,
        label="noise [/bold]",  # It must reach the log as it is.
        stand_in=True,
        classes=tuple("abcdefg"),
        source="local",
        preprocessing="nothing",
        checksums={"training": "1", "validation": "2"},
    )


def _network(name: str, seed: int = 0) -> nn.Module:
    capacity = 0.25 if name == "lenet-cifar" else 1
    network = build_network(name, ARCHITECTURES[name], 7, capacity)
    initialise(name, network, torch.Generator().manual_seed(seed))
    with torch.no_grad():  # At the initial values some gradients are too small to tell apart.
        for parameter in network.parameters():
            parameter *= 2
    return network


def _images(name: str) -> Images:
    pixels = _pixels(0, COUNT, ARCHITECTURES[name]).permute(0, 2, 3, 1).contiguous()
    return Images(pixels, torch.arange(COUNT) % 7)


def _trainer(name: str, momentum: float = 0.9, precision: str = "fp32") -> Trainer:
    network = _network(name)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = MomentumSGD(parameter_rates(name, network), momentum, RECIPES[name].weight_decay)
    return Trainer(network, optimiser, _images(name), BATCH, precision)


def _batches(seed: int = 0, flips: bool = True) -> Batches:
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(COUNT, generator=generator)
    return Batches(order, torch.tensor([False, True, True, False, True]) & flips)


# --- one step, one epoch


@pytest.mark.parametrize("momentum", [0.9, 0.0])
@pytest.mark.parametrize("name", ["lenet-mnist", "lenet-cifar"])
def test_steps_are_those_of_matconvnet(name: str, momentum: float) -> None:
    """v <- m v - lr (wd w + gradient), w <- w + v, each layer with its own lr."""
    trainer, reference, images = _trainer(name, momentum), _network(name).double(), _images(name)
    rate, decay = 0.01, RECIPES[name].weight_decay
    multipliers = {
        id(parameter): multiplier
        for multiplier, parameters in parameter_rates(name, reference).items()
        for parameter in parameters
    }
    velocities = [np.zeros(parameter.shape) for parameter in reference.parameters()]
    for _ in range(2):
        batches = _batches(flips=False)
        trainer.train_epoch(batches, rate)
        for indices in batches.indices.split(BATCH):
            pixels, labels = images.batch(indices)
            loss = nn.functional.cross_entropy(reference(pixels.double()), labels)
            parameters = list(reference.parameters())
            gradients = torch.autograd.grad(loss, parameters)
            for place, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
                weight = parameter.detach().numpy()
                velocities[place] = momentum * velocities[place] - rate * multipliers[
                    id(parameter)
                ] * (decay * weight + gradient.numpy())
                parameter.data = torch.from_numpy(weight + velocities[place])
    start = _network(name)
    for trained, expected, first in zip(
        trainer._network.parameters(), reference.parameters(), start.parameters(), strict=True
    ):
        moved = (expected - first).abs().max()
        assert moved > 0
        assert (trained - expected).abs().max() < 1e-3 * moved


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_epoch_is_a_plain_loop_over_the_batches(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "nin":  # In other rounding a unit near zero may switch: then these weights part.
        monkeypatch.setattr(engine, "fast_convolutions", lambda network: nullcontext())
    trainer, reference, images = _trainer(name), _network(name), _images(name)
    start = _network(name)
    batches, rate = _batches(), 1e-4 if name == "nin" else 0.01
    optimiser = torch.optim.SGD(
        [
            {"params": parameters, "lr": rate * multiplier}
            for multiplier, parameters in parameter_rates(name, reference).items()
        ],
        momentum=0.9,
        weight_decay=RECIPES[name].weight_decay,
        fused=False,
        foreach=False,
    )
    losses, wrong, wrong_top5 = 0.0, 0, 0
    torch.manual_seed(5)
    score = trainer.train_epoch(batches, rate)
    torch.manual_seed(5)
    reference.train()
    for indices, flip in zip(batches.indices.split(BATCH), batches.flips, strict=True):
        pixels = images.pixels[indices].permute(0, 3, 1, 2).contiguous()
        pixels = pixels.flip(3) if flip else pixels
        if name == "nin":  # Dropout draws its masks in the order of memory.
            pixels = pixels.contiguous(memory_format=torch.channels_last)
            reference.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        logits = reference(pixels)
        loss = nn.functional.cross_entropy(logits, images.labels[indices])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses += float(loss.detach()) * len(indices)
        for row, label in zip(logits.detach(), images.labels[indices], strict=True):
            ranked = row.argsort(descending=True).tolist()
            wrong += ranked[0] != int(label)
            wrong_top5 += int(label) not in ranked[:5]
    for trained, expected, first in zip(
        trainer._network.parameters(), reference.parameters(), start.parameters(), strict=True
    ):
        moved = (expected - first).abs().max()
        assert 0 < moved < math.inf
        assert (trained - expected).abs().max() < 1e-3 * moved + 1e-6 * expected.abs().max()
    assert score.loss == pytest.approx(losses / COUNT, rel=1e-4)
    assert (score.error, score.top5_error) == (wrong / COUNT, wrong_top5 / COUNT)


@pytest.mark.parametrize(
    ("name", "rate"), [("lenet-mnist", 0.01), ("lenet-cifar", 0.1), ("nin", 1e-5)]
)
def test_fast_convolutions_give_the_same_loss_curve(
    name: str, rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train_and_evaluate(perturbation: float = 0.0) -> list[Score]:
        network = build_network(name, ARCHITECTURES[name], 7)
        generator = torch.Generator().manual_seed(0)
        initialise(name, network, generator)
        with torch.no_grad():
            for weights in network.parameters():
                weights *= 1 + perturbation * torch.randn(weights.shape, generator=generator)
        groups = parameter_rates(name, network)
        optimiser = MomentumSGD(groups, 0.9, RECIPES[name].weight_decay)
        trainer = Trainer(network, optimiser, _images(name), BATCH, "fp32")
        scores = []
        for epoch in range(8):
            torch.manual_seed(epoch)
            scores.append(trainer.train_epoch(_batches(epoch), rate))
            scores.append(evaluate(network, _images(name), "fp32"))
        return scores

    fast = train_and_evaluate()
    monkeypatch.setattr(engine, "fast_convolutions", lambda network: nullcontext())
    plain = train_and_evaluate()
    assert plain[-1].loss < 0.97 * plain[0].loss
    perturbed = train_and_evaluate(1e-7)

    def deviation(scores: list[Score]) -> float:
        pairs = zip(scores, plain, strict=True)
        return max(abs(score.loss / other.loss - 1) for score, other in pairs)

    # What weights rounded once more deviate by: where a ReLU flips, that is more than rounding.
    assert deviation(fast) < max(1e-5, 2 * deviation(perturbed))
    assert deviation(perturbed) < 1e-3
    assert fast != plain  # They were two ways.


def test_a_flipped_batch_is_a_batch_of_flipped_images() -> None:
    first, second = _trainer("lenet-cifar"), _trainer("lenet-cifar")
    second._images = Images(second._images.pixels.flip(2), second._images.labels)
    order, steps = torch.arange(COUNT), math.ceil(COUNT / BATCH)
    first.train_epoch(Batches(order, torch.ones(steps, dtype=torch.bool)), 0.05)
    second.train_epoch(Batches(order, torch.zeros(steps, dtype=torch.bool)), 0.05)
    for a, b in zip(first._network.parameters(), second._network.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-7)


def test_bf16_keeps_weights_in_float32_and_stays_near() -> None:
    exact, rough = _trainer("lenet-cifar"), _trainer("lenet-cifar", precision="bf16")
    first, second = (t.train_epoch(_batches(), 0.01) for t in (exact, rough))
    assert second.loss == pytest.approx(first.loss, rel=0.05)
    assert second.loss != first.loss
    assert {p.dtype for p in rough._network.parameters()} == {torch.float32}


# --- counting


class _Table(nn.Module):
    """Logits that are read from a table, by the number that is the image's only pixel."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = logits

    def forward(self, images: Tensor) -> Tensor:
        assert not self.training
        return self.logits[images[:, 0, 0, 0].long()]


def _evaluated(logits: Tensor, labels: Tensor, batch_size: int) -> Score:
    pixels = torch.arange(len(labels)).float()[:, None, None, None]
    return evaluate(_Table(logits).train(), Images(pixels, labels), "fp32", batch_size)


@pytest.mark.parametrize("batch_size", [1, 7, 500])
def test_losses_and_errors_are_means_over_images(batch_size: int) -> None:
    logits = torch.randn(30, 8, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(30) % 8
    score = _evaluated(logits, labels, batch_size)
    shifted = np.exp(logits.double().numpy())
    own = shifted[np.arange(30), labels.numpy()]
    ranks = (shifted > own[:, None]).sum(1)
    assert score.loss == pytest.approx(float(-np.log(own / shifted.sum(1)).mean()), rel=1e-6)
    assert score.error == pytest.approx((ranks >= 1).mean())
    assert score.top5_error == pytest.approx((ranks >= 5).mean())
    assert 0 < score.top5_error < score.error < 1


@pytest.mark.parametrize("value", [0.0, math.nan])
def test_logits_that_say_nothing_count_as_wrong(value: float) -> None:
    score = _evaluated(torch.full((4, 10), value), torch.tensor([0, 1, 2, 9]), 500)
    assert (score.error, score.top5_error) == (1, 1)


# --- order, flips, rates


def test_order_depends_on_seed_and_epoch_alone() -> None:
    first = draw_batches(RUN, 3, 100, True)
    noise = torch.rand(())
    torch.manual_seed(99)
    draw_batches(RUN, 1, 100, True)
    draw_batches(RUN, 2, 77, True)
    second = draw_batches(replace(RUN, epochs=50, learning_rate=1.0), 3, 100, True)
    assert torch.equal(first.indices, second.indices)
    assert torch.equal(first.flips, second.flips)
    assert torch.rand(()) == noise  # Dropout follows.
    for other in (
        draw_batches(RUN, 4, 100, True),
        draw_batches(replace(RUN, seed=4), 3, 100, True),
    ):
        assert not torch.equal(first.indices, other.indices)
    assert first.indices.sort().values.tolist() == list(range(100))


def test_half_of_the_batches_are_flipped_where_flips_are_asked_for() -> None:
    run = replace(RUN, batch_size=1)
    flips = torch.cat([draw_batches(run, epoch, 1000, True).flips for epoch in (1, 2)])
    assert abs(float(flips.float().mean()) - 0.5) < 5 * 0.5 / math.sqrt(2000)
    assert not draw_batches(run, 1, 1000, False).flips.any()
    assert len(draw_batches(replace(RUN, batch_size=7), 1, 22, True).flips) == 4


def test_schedule() -> None:
    run = replace(RUN, learning_rate=0.05, schedule=((30, 1.0), (10, 0.1), (5, 0.01)))
    rates = [rate_at(run, epoch) for epoch in range(1, 60)]
    assert rates == pytest.approx([0.05] * 30 + [0.005] * 10 + [0.0005] * 19)
    assert {rate_at(RUN, epoch) for epoch in range(1, 60)} == {RUN.learning_rate}


def test_only_the_colour_role_flips() -> None:
    assert training_data(_prepared()).flips
    assert not training_data(_prepared("mnist", (1, 16, 17))).flips


# --- the job: interruptions


class _Interrupted(BaseException):
    """What a killed process leaves: nothing after this point has run."""


@contextmanager
def _killed_in_epoch(epoch: int) -> Iterator[None]:
    """Kill a training in the middle of an epoch, after some of its steps."""
    original, calls = Trainer.train_epoch, 0

    def train_epoch(self: Trainer, batches: Batches, learning_rate: float) -> Score:
        nonlocal calls
        calls += 1
        score = original(self, batches, learning_rate)
        if calls == epoch:
            raise _Interrupted
        return score

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "train_epoch", train_epoch)
        with pytest.raises(_Interrupted):
            yield


FILES = ("snapshots.safetensors", "history.csv", "provenance.json")


def _train(run: Run, folder: Path, prepared: PreparedData | None = None) -> dict[str, bytes]:
    data = prepared or _prepared()
    run_training_job(run, data, folder / "run", folder / "state", "cpu", 1)
    return {name: (folder / "run" / name).read_bytes() for name in FILES}


def _one_state(folder: Path) -> Path:
    (found,) = [path for path in (folder / "state").iterdir() if path.is_dir()]
    return found


@pytest.mark.parametrize(
    ("run", "prepared"),
    [
        (RUN, _prepared()),
        (replace(RUN, schedule=((1, 1.0), (2, 0.1)), precision="bf16"), _prepared()),
        (replace(RUN, network="nin", capacity=1.0, epochs=3), _prepared(shape=(3, 7, 8))),
        (
            replace(RUN, dataset="mnist", capacity=1.0, epochs=3),
            _prepared("mnist", (1, 16, 17)),
        ),
    ],
    ids=["lenet-cifar", "schedule-bf16", "nin", "lenet-mnist"],
)
def test_run_killed_in_any_epoch_ends_with_the_same_bytes(
    tmp_path: Path, run: Run, prepared: PreparedData
) -> None:
    whole = _train(run, tmp_path / "whole", prepared)
    for epoch in range(1, run.epochs + 1):
        folder = tmp_path / f"killed{epoch}"
        with _killed_in_epoch(epoch):
            _train(run, folder, prepared)
        assert not (folder / "run").exists()
        assert _train(run, folder, prepared) == whole
        seconds = [row["seconds"] for row in read_table(folder / "run/seconds.csv", ("seconds",))]
        assert [text == "nan" for text in seconds] == [
            number < epoch for number in range(1, run.epochs + 1)
        ]
        assert list((folder / "state").iterdir()) == []  # Nothing is left of the state.


def test_run_killed_again_and_again(tmp_path: Path) -> None:
    whole = _train(RUN, tmp_path / "whole")
    for _ in range(RUN.epochs - 1):
        with _killed_in_epoch(2):
            _train(RUN, tmp_path / "killed")
    assert _train(RUN, tmp_path / "killed") == whole


def test_what_a_kill_left_among_the_results_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    # Names of our own temporary files, of safetensors', and a file that is none of them.
    for name in (".history.csv.k3x9a.csv", ".snapshots.safetensors.q.safetensors", ".tmpKjhQ8L"):
        (folder / name).touch()
    (folder / ".keep").touch()
    _train(RUN, tmp_path)
    names = [path.name for path in folder.iterdir()]
    assert sorted(names) == sorted((*FILES, "seconds.csv", ".keep"))


def test_threads_and_history_of_the_process_do_not_matter(tmp_path: Path) -> None:
    first = _train(RUN, tmp_path / "first")
    torch.rand(1000)
    torch.manual_seed(17)
    _train(replace(RUN, seed=8), tmp_path / "other")
    assert _train(RUN, tmp_path / "second") == first


def test_different_seeds_train_differently(tmp_path: Path) -> None:
    first, second = (_train(replace(RUN, seed=s), tmp_path / str(s)) for s in (0, 1))
    assert first["snapshots.safetensors"] != second["snapshots.safetensors"]
    assert first["history.csv"] != second["history.csv"]


def _flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("name", ["epoch-0001.safetensors", "momentum.safetensors"])
@pytest.mark.parametrize("damage", [_flip_a_bit, _truncate, _empty, Path.unlink])
def test_damaged_state_is_a_clean_start(
    tmp_path: Path, damage: Callable[[Path], None], name: str
) -> None:
    whole = _train(RUN, tmp_path / "whole")
    with _killed_in_epoch(3):
        _train(RUN, tmp_path / "killed")
    damage(_one_state(tmp_path / "killed") / name)
    assert _train(RUN, tmp_path / "killed") == whole


def test_epoch_without_its_momentum_does_not_count(tmp_path: Path) -> None:
    """The process died between the two files of an epoch."""
    whole = _train(RUN, tmp_path / "whole")
    with _killed_in_epoch(3):
        _train(RUN, tmp_path / "killed")
    state = _one_state(tmp_path / "killed")
    (state / "epoch-0003.safetensors").write_bytes((state / "epoch-0001.safetensors").read_bytes())
    assert _train(RUN, tmp_path / "killed") == whole


def test_unreadable_state_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with _killed_in_epoch(2):
        _train(RUN, tmp_path)
    path = _one_state(tmp_path) / "epoch-0001.safetensors"
    path.unlink()
    path.mkdir()
    with pytest.raises(InputError, match=r"epoch-0001.safetensors cannot be read"):
        _train(RUN, tmp_path)


def test_fewer_epochs_than_the_state_holds(tmp_path: Path) -> None:
    short = replace(RUN, epochs=2)
    whole = _train(short, tmp_path / "whole")
    with _killed_in_epoch(4):
        _train(RUN, tmp_path / "killed")
    assert _train(short, tmp_path / "killed") == whole
    longer = _train(replace(RUN, epochs=6), tmp_path / "longer")
    table = longer["history.csv"].splitlines()
    assert table[:3] == whole["history.csv"].splitlines()


def test_more_epochs_go_on_from_the_state_of_fewer(tmp_path: Path) -> None:
    with _killed_in_epoch(3):
        _train(RUN, tmp_path / "killed")
    longer = replace(RUN, epochs=6)
    assert _train(longer, tmp_path / "killed") == _train(longer, tmp_path / "whole")


@pytest.mark.parametrize(
    "changed",
    [
        replace(RUN, seed=4),
        replace(RUN, learning_rate=0.02000001),
        replace(RUN, momentum=0.8),
        replace(RUN, batch_size=6),
        replace(RUN, schedule=((2, 0.5),)),
        replace(RUN, precision="bf16"),
        replace(RUN, capacity=0.5),
    ],
)
def test_changed_settings_never_pick_up_state(tmp_path: Path, changed: Run) -> None:
    with _killed_in_epoch(3):
        _train(RUN, tmp_path / "killed")
    assert _train(changed, tmp_path / "killed") == _train(changed, tmp_path / "whole")
    assert _one_state(tmp_path / "killed").is_dir()  # The other's state is left alone.


def test_state_belongs_to_data_threads_and_device(tmp_path: Path) -> None:
    def folder(run: Run = RUN, device: str = "cpu", threads: int = 1, **changes: Any) -> Path:
        identity = _identity(run, replace(_prepared(), **changes), device, threads)
        return TrainingState(tmp_path, identity).folder

    assert folder(replace(RUN, epochs=9, rate_factor=0.1), label="other") == folder()
    others = {
        folder(),
        folder(device="some GPU"),
        folder(threads=2),
        folder(preprocessing="other"),
        folder(checksums={"training": "1", "validation": "3"}),
        folder(replace(RUN, dataset="mnist")),
        folder(replace(RUN, network="nin")),
    }
    assert len(others) == 7


# --- two processes


def _train_logged(folder: Path) -> None:
    """In another process: train and leave the log in a file."""
    import contextlib

    with (folder / "log").open("w", buffering=1) as log, contextlib.redirect_stdout(log):
        _train(RUN, folder)


def _wait_for(text: str, path: Path) -> None:
    for _ in range(2000):
        if path.exists() and text in path.read_text():
            return
        threading.Event().wait(0.01)
    pytest.fail(f"{path} never said '{text}'")


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_second_process_waits_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    whole, folder = _train(RUN, tmp_path / "whole"), tmp_path / "shared"
    with _killed_in_epoch(3):
        _train(RUN, folder)
    state = TrainingState(folder / "state", _identity(RUN, _prepared(), "cpu", 1))
    assert state.folder == _one_state(folder)
    other = multiprocessing.get_context("fork").Process(
        target=_train_logged, args=(folder,), daemon=True
    )
    with state.locked():
        other.start()
        _wait_for("another process trains this run: waiting for it", folder / "log")
        assert not (folder / "run").exists()
        assert "epoch 1/4" not in (folder / "log").read_text()
    other.join(60)
    assert other.exitcode == 0
    assert {name: (folder / "run" / name).read_bytes() for name in FILES} == whole


def test_lock_that_was_removed_holds_the_next_process_off(tmp_path: Path) -> None:
    """One trains, one waits; the first removes its state; a third must wait for the second."""
    state, waits = TrainingState(tmp_path, {"run": 1}), threading.Event()
    held, finish = threading.Event(), threading.Event()

    def second() -> None:
        with state.locked(waits.set):
            held.set()
            finish.wait(20)

    thread = threading.Thread(target=second)
    with state.locked():
        thread.start()
        assert waits.wait(20)
        state.remove()
    assert held.wait(20)
    (lock,) = tmp_path.glob("*.lock")
    with lock.open("wb") as third, pytest.raises(BlockingIOError):
        fcntl.flock(third, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finish.set()
    thread.join()


def test_state_that_cannot_be_written_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in the way")
    with pytest.raises(InputError, match=r"cannot be written: a part of the path is not a folder"):
        _train(RUN, tmp_path)


# --- divergence


def test_divergence_is_recorded_and_the_pipeline_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = replace(RUN, learning_rate=3.0, schedule=((1, 0.01), (4, 1e9)), epochs=4)
    whole = _train(run, tmp_path)
    log = capsys.readouterr().out
    assert "epoch 1/4: loss" in log
    for epoch in (2, 3, 4):
        assert f"epoch {epoch}/4: diverged, the loss is not finite" in log
    assert "noise [/bold]" in log
    rows = read_table(tmp_path / "run/history.csv", HISTORY_COLUMNS)
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    for row in rows[1:]:
        assert {row[name] for name in HISTORY_COLUMNS[2:]} == {"nan"}
        assert math.isfinite(float(row["epoch_learning_rate"]))
    for values in read_snapshots(tmp_path / "run/snapshots.safetensors").parameters.values():
        assert values[0].isfinite().all()
        assert values[1:].isnan().all()
    write_gains(
        tmp_path / "run/snapshots.safetensors",
        tmp_path / "run/gains.csv",
        "centred",
        255.0,
        "score",
    )
    gains = [float(row["gain_db"]) for row in read_table(tmp_path / "run/gains.csv", ("gain_db",))]
    assert [math.isfinite(gain) for gain in gains] == [True, False, False, False]
    with _killed_in_epoch(2):
        _train(run, tmp_path / "killed")
    assert _train(run, tmp_path / "killed") == whole
    state = TrainingState(tmp_path / "again", {})
    assert state.load() == ([], {})


def test_resumption_after_the_divergence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = replace(RUN, learning_rate=1e9)
    whole, original, saved = _train(run, tmp_path / "whole"), TrainingState.save, 0

    def save(*arguments: Any) -> None:
        nonlocal saved
        original(*arguments)
        saved += 1
        if saved == 2:
            raise _Interrupted

    monkeypatch.setattr(TrainingState, "save", save)
    with pytest.raises(_Interrupted):
        _train(run, tmp_path / "killed")
    assert _train(run, tmp_path / "killed") == whole


# --- what a run leaves


def test_progress_names_every_epoch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with _killed_in_epoch(2):
        _train(RUN, tmp_path)
    capsys.readouterr()
    _train(RUN, tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{RUN.name} on noise [/bold], cpu"
    assert "epoch 1/4: loss " in lines[1]
    assert lines[1].endswith("(from an earlier call)")
    assert "epoch 4/4: loss " in lines[-1]
    assert lines[-1].endswith(" s)")
    assert len(lines) == 5


@pytest.mark.parametrize("impulse", ["centred", "raw"])
def test_gains_are_those_of_the_snapshots(tmp_path: Path, impulse: str) -> None:
    _train(RUN, tmp_path)
    path = tmp_path / "run/snapshots.safetensors"
    write_gains(path, tmp_path / "gains.csv", impulse, 100.0, "inverse-score")
    names = [f"gain_db_channel{channel}" for channel in range(3)]
    rows = read_table(tmp_path / "gains.csv", ("epoch", "gain_db", *names))
    network = build_network("lenet-cifar", (3, 9, 8), 7, 0.25)
    content = read_snapshots(path)
    image = impulse_image(3, 9, 8, 100.0)
    if impulse == "raw":
        image = raw_impulse_image(content.mean_image, 100.0)
    assert len(rows) == RUN.epochs
    for epoch, row in enumerate(rows):
        network.load_state_dict({key: value[epoch] for key, value in content.parameters.items()})
        gain = measure(network, image, window=True).gain
        assert [float(row[name]) for name in names] == pytest.approx(gain.tolist(), abs=1e-3)
        assert float(row["gain_db"]) == pytest.approx(float(gain.mean()), abs=1e-3)


def test_curves_are_cut_to_an_experiments_epochs(tmp_path: Path) -> None:
    raw = {
        "protocol": "x",
        "data": {"cifar10": {}},
        "experiments": {
            name: {
                "dataset": "cifar10",
                "learning_rate": rate,
                "rate_factors": [factor],
                "capacities": ["1/4"],
                "epochs": epochs,
                "seeds": [3],
                "batch_size": BATCH,
            }
            for name, rate, factor, epochs in (("short", 0.2, "1/10", 2), ("long", 0.02, 1, 3))
        },
    }
    protocol = parse_protocol(raw)
    (run,) = protocol.runs().values()
    folder = tmp_path / "runs" / run.name
    run_training_job(run, _prepared(), folder, tmp_path / "state", "cpu", 1)
    write_gains(
        folder / "snapshots.safetensors", folder / "gains.csv", "centred", 255.0, "inverse-score"
    )
    for name, factor, epochs in (("short", "0.1", 2), ("long", "1.0", 3)):
        write_curves(name, protocol.experiments[name], tmp_path / "runs", tmp_path / "curves.csv")
        rows = read_table(tmp_path / "curves.csv", CURVE_COLUMNS)
        assert [row["epoch"] for row in rows] == [str(epoch + 1) for epoch in range(epochs)]
        assert {row["rate_factor"] for row in rows} == {factor}
        assert {row["data"] for row in rows} == {"noise [/bold]"}
        assert {row["stand_in"] for row in rows} == {"True"}
    gains = read_table(folder / "gains.csv", ("epoch", "gain_db"))
    write_table(
        folder / "gains.csv",
        ("epoch", "gain_db"),
        [{"epoch": row["epoch"], "gain_db": row["gain_db"]} for row in gains[:2]],
    )
    with pytest.raises(InputError, match=r"3 epochs in history.csv and 2 in gains.csv"):
        write_curves("long", protocol.experiments["long"], tmp_path / "runs", tmp_path / "c.csv")


@pytest.mark.parametrize(
    "content", [None, b"", b"not safetensors", b"\x02\0\0\0\0\0\0\0{}", "truncated"]
)
def test_damaged_snapshots_are_refused(tmp_path: Path, content: bytes | str | None) -> None:
    path = tmp_path / "run/snapshots.safetensors"
    if content == "truncated":
        _train(replace(RUN, epochs=1), tmp_path)
        _truncate(path)
    elif isinstance(content, bytes):
        path.parent.mkdir()
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"snapshots.safetensors (does not exist|is not a file)"):
        read_snapshots(path)


@pytest.mark.parametrize(
    ("device", "precision", "said"),
    [
        ("tpu", "fp32", "device is 'tpu'; allowed are auto, cpu, cuda"),
        ("cpu", "fp8", "precision is 'fp8'; allowed are fp32, tf32, bf16"),
        ("cpu", "tf32", "precision is 'tf32', which needs a CUDA device; .* fp32, bf16"),
    ],
)
def test_device_and_precision_are_checked(device: str, precision: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        choose_device(device, precision)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_without_a_device_is_refused_and_auto_takes_the_cpu() -> None:
    with pytest.raises(InputError, match="no CUDA device is available; allowed are auto, cpu"):
        choose_device("cuda")
    assert choose_device("auto") == torch.device("cpu")


def test_network_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs at least 8 x 8"):
        _train(RUN, tmp_path, _prepared(shape=(3, 7, 7)))


# --- the graph of a step, with CUDA replaced by what it promises


class _FakeGraph:
    """Replays on the CPU what was called while it captured."""

    capturing: "_FakeGraph | None" = None

    def __init__(self) -> None:
        self.call: Callable[[], None] = lambda: pytest.fail("nothing was captured")

    def replay(self) -> None:
        self.call()


@pytest.fixture
def fake_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stream:
        def __init__(self, *_: object) -> None: ...
        def wait_stream(self, _: object) -> None: ...

    @contextmanager
    def capture(graph: _FakeGraph) -> Iterator[None]:
        _FakeGraph.capturing = graph
        yield
        _FakeGraph.capturing = None

    @contextmanager
    def stream(_: object) -> Iterator[None]:
        yield

    step, fork = StepGraph._advance, torch.random.fork_rng

    def recorded_step(self: StepGraph) -> None:
        if _FakeGraph.capturing:  # As in CUDA, capturing computes nothing.
            _FakeGraph.capturing.call = lambda: step(self)
        else:
            step(self)

    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "current_stream", Stream)
    monkeypatch.setattr(torch.cuda, "stream", stream)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", _FakeGraph)
    monkeypatch.setattr(torch.cuda, "graph", capture)
    monkeypatch.setattr(StepGraph, "_advance", recorded_step)
    monkeypatch.setattr(torch.random, "fork_rng", lambda _: fork([]))


def _replayed_epoch(trainer: Trainer, batches: Batches, rate: float) -> Score:
    """What `Trainer.train_epoch` does on a CUDA device."""
    trainer._network.train()
    trainer._totals.zero_()
    done = trainer._replay(batches.indices, batches.flips, rate)
    for first in range(done, len(batches.indices), BATCH):
        images, labels = trainer._images.batch(batches.indices[first : first + BATCH])
        flip = batches.flips[first // BATCH]
        trainer._step(images.flip(3) if flip else images, labels, rate)
    return engine._score(trainer._totals, len(batches.indices))


@pytest.mark.usefixtures("fake_cuda")
@pytest.mark.parametrize("count", [COUNT, 20, 12, BATCH, 3])
def test_replayed_steps_are_those_of_the_loop(count: int) -> None:
    plain, replayed = _trainer("lenet-cifar"), _trainer("lenet-cifar")
    for epoch, rate in enumerate((0.02, 0.02, 0.002)):
        whole = _batches(epoch)
        batches = Batches(whole.indices[:count], whole.flips[: math.ceil(count / BATCH)])
        assert _replayed_epoch(replayed, batches, rate) == plain.train_epoch(batches, rate)
    for a, b in zip(replayed._network.parameters(), plain._network.parameters(), strict=True):
        assert torch.equal(a, b)
    for a, b in zip(
        replayed._optimiser.momentum_buffers.values(),
        plain._optimiser.momentum_buffers.values(),
        strict=True,
    ):
        assert torch.equal(a, b)


@pytest.mark.usefixtures("fake_cuda")
def test_capturing_leaves_dropout_where_it_was() -> None:
    """A run that resumes captures later than one that was never interrupted."""
    early, late = _trainer("nin"), _trainer("nin")
    for trainer, epochs in ((early, 2), (late, 1)):
        for _ in range(epochs):
            torch.manual_seed(11)
            _replayed_epoch(trainer, _batches(), 0.0)
    first, second = (trainer._totals.tolist() for trainer in (early, late))
    assert first == second
