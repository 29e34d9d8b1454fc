"""A callback of Hugging Face's `Trainer` that logs gain, sensitivity and saturation.

Needs `pip install maxgain[transformers]`.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from maxgain.errors import InputError
from maxgain.integrations.stopped import first_stop, stop_in, stop_word, with_stop
from maxgain.integrations.watching import PREFIX, last_word, latest
from maxgain.monitor.monitor import GainMonitor
from maxgain.monitor.normalised import monitor_of
from maxgain.monitor.shape import image_shape, shape_of_processor
from maxgain.stopping.stop import Stop

try:
    from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState
    from transformers import TrainingArguments as Arguments
except ImportError as error:
    raise InputError(
        "maxgain.integrations.transformers needs transformers and accelerate: "
        "pip install maxgain[transformers]."
    ) from error

STATE = "maxgain.GainCallback"
"""Key of the records in a checkpoint's `trainer_state.json`."""


class GainCallback(TrainerCallback):
    """Logs `maxgain/gain`, `maxgain/sensitivity` and `maxgain/saturation` in dB after each epoch.

    For image classifiers, through the trainer's own reports. A trainer hands its callbacks no way
    to log, so that it is given: `trainer.add_callback(GainCallback(trainer))`. Process 0 measures.
    The training stays as it is, to the bit; a resumed one goes on with its checkpoint's records.
    The diagnosis is printed at the end. A stop rule's choice, the epoch whose weights to use, is
    printed too, and logged as `maxgain/selected_epoch`.

    Parameters
    ----------
    trainer
        Whose network is followed. Its `processing_class`, an image processor, says how images are
        normalised.
    std
        By which images are divided after x / 255, one number or one a channel; needed only where
        the trainer has no image processor.
    shape
        Channels, height, width of an image; by default what the network's configuration says, else
        the image processor's size.
    measure_every
        Measure at every so many epochs, beginning with the first.
    impulses
        As of `maxgain.GainMonitor`.
    stop
        Stop rule that ends the training, as of `maxgain.GainMonitor.should_stop`; by default none.
        A training that is resumed after its stop ends after one epoch, unless its rule is another
        or none.
    rules
        Of the diagnosis that is printed at the end, as of `maxgain.GainMonitor.diagnose`.

    Attributes
    ----------
    monitor
        The `maxgain.GainMonitor`: `diagnose()`, `plot()`, `to_frame()`.
    stopped
        The rule's first stop, on every process, with epochs from 1; None until then.

    Raises
    ------
    InputError
        An argument does not fit, or normalisation or shape are neither given nor known.
    """

    def __init__(
        self,
        trainer: Trainer,
        *,
        std: float | list[float] | tuple[float, ...] | None = None,
        shape: tuple[int, int, int] | None = None,
        measure_every: int = 1,
        impulses: int = 16,
        stop: str | None = None,
        rules: str = "paper",
    ) -> None:
        network: Any = trainer.model
        processor: Any = getattr(trainer, "processing_class", None)
        if std is None:
            std = image_std(processor)
        self._trainer = trainer
        if shape is None:
            shape = _shape_of(network, processor)
        self.monitor: GainMonitor = monitor_of(network, shape, std, measure_every, impulses)
        self._stop, self._rules = stop, rules
        self.stopped: Stop | None = None
        if stop is not None:
            self.monitor.should_stop(stop)  # a rule that is not known, before any work
        self.monitor.diagnose(rules)  # likewise

    def on_train_begin(
        self, args: Arguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Take the records of the checkpoint that the training goes on from, or begin anew.

        Raises
        ------
        InputError
            They were recorded with other settings.
        """
        stored = _callbacks_of(state).get(STATE)
        if stored is not None:
            taken = _from_json(stored)
            self.monitor.load_state_dict(taken)
            self.stopped = stop_in(taken, self._stop)
        else:
            self.monitor.records.clear()
            self.stopped = None

    def on_epoch_end(
        self, args: Arguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Measure and log."""
        if self._stop is None and not state.is_world_process_zero:
            return  # where the training may be ended, every process has to see it
        if self.monitor.record(_whole(state.epoch)) is not None:
            self.stopped = first_stop(self.monitor, self._stop, self.stopped)
            kept = with_stop(self.monitor.state_dict(), self._stop, self.stopped)
            _callbacks_of(state)[STATE] = _to_json(kept)
            asked = control.should_log
            self._trainer.log(latest(self.monitor, self.stopped))
            control.should_log = asked  # logging withdraws the request for the epoch's own log
        if self._stop is not None and self.stopped is not None:
            control.should_training_stop = True

    def on_train_end(
        self, args: Arguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Print what the curves say and which epoch's weights to use, as the trainer its logs."""
        if not state.is_world_process_zero:
            return
        if self.monitor.records:
            print(last_word(self.monitor, self._rules))
        if self.stopped is not None:
            try:
                checkpoint = f"checkpoint-{step_of(state, self.stopped.selected)}"
            except InputError as error:  # The training is done, and is not to be lost.
                checkpoint = str(error).removesuffix(".")
            print(stop_word(self.stopped, checkpoint))


def step_of(state: TrainerState, epoch: int) -> int:
    """The step after which an epoch was measured: checkpoints of epochs are named by steps.

    Parameters
    ----------
    state
        Of the trainer, which a checkpoint's `trainer_state.json` holds too.
    epoch
        Counted from 1.

    Raises
    ------
    InputError
        That epoch was not measured.
    """
    for row in state.log_history:
        if PREFIX + "gain" in row and _whole(row["epoch"]) == epoch:
            return int(row["step"])
    raise InputError(f"epoch {epoch} is not in the trainer's log history with a gain.")


def image_std(processor: Any) -> list[float]:  # processors have no type in common
    """By which an image processor divides images x / 255, one number a channel.

    It gives (x rescale_factor - mean) / std, each of the two steps where it is asked for.

    Raises
    ------
    InputError
        It is no image processor.
    """
    std = getattr(processor, "image_std", None)
    normalises = getattr(processor, "do_normalize", None)
    if normalises is None or (normalises and std is None):
        raise InputError(
            f"the trainer's processing_class is a {type(processor).__name__}, which does not say "
            "how images are normalised; give std=, or the trainer its image processor."
        )
    channels = list(std) if isinstance(std, list | tuple) else [1.0, 1.0, 1.0]
    values = channels if normalises else [1.0] * len(channels)
    factor = 1.0
    if getattr(processor, "do_rescale", False):
        factor = float(getattr(processor, "rescale_factor", 1 / 255))
    return [float(value) / (255 * factor) for value in values]


def _whole(epoch: float | None) -> int:
    """The trainer's count of epochs, a sum of rounded steps, as the number from 1."""
    return max(1, math.ceil((epoch or 0) - 1e-6))


def _shape_of(network: nn.Module, processor: Any) -> tuple[int, int, int] | None:
    """What the network says, else the processor; None where neither does."""
    try:
        return image_shape(network)
    except InputError:
        channels = getattr(getattr(network, "config", None), "num_channels", 3)
        return shape_of_processor(processor, channels)


def _callbacks_of(state: TrainerState) -> dict[str, Any]:
    callbacks: Any = state.stateful_callbacks  # typed as the list that it is made of
    assert isinstance(callbacks, dict)
    return callbacks


def _to_json(value: Any) -> Any:  # a state dict's values
    if isinstance(value, Tensor):
        return {"tensor": value.flatten().tolist(), "shape": list(value.shape)}
    if isinstance(value, dict):
        return {key: _to_json(one) for key, one in value.items()}
    return [_to_json(one) for one in value] if isinstance(value, list) else value


def _from_json(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"tensor", "shape"}:
        return torch.tensor(value["tensor"], dtype=torch.float32).reshape(value["shape"])
    if isinstance(value, dict):
        return {key: _from_json(one) for key, one in value.items()}
    return [_from_json(one) for one in value] if isinstance(value, list) else value
