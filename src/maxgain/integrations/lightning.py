"""A callback of Lightning that logs gain, sensitivity and saturation after each epoch.

Needs `pip install maxgain[lightning]`. The extra is `lightning`, the name under which Lightning's
own documentation imports it; `pytorch-lightning` is the same code with classes of its own.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from maxgain.errors import InputError
from maxgain.integrations.stopped import first_stop, stop_in, stop_word, with_stop
from maxgain.integrations.watching import last_word, latest
from maxgain.monitor.monitor import GainMonitor
from maxgain.monitor.normalised import monitor_of
from maxgain.stopping.stop import Stop

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
    from lightning.pytorch.utilities import rank_zero_info
except ImportError as error:
    raise InputError(
        "maxgain.integrations.lightning needs Lightning: pip install maxgain[lightning]."
    ) from error


class GainCallback(Callback):
    """Logs `maxgain/gain`, `maxgain/sensitivity` and `maxgain/saturation` in dB after each epoch.

    Through the module's own logger, so that TensorBoard, W&B, MLflow and CSV files get them, and
    `EarlyStopping` or `ModelCheckpoint` may monitor them. Process 0 measures and tells the others.
    The training stays as it is, to the bit. The records are in the checkpoints and go on in a
    resumed training; the diagnosis is printed at the end. A stop rule's choice, the epoch whose
    weights to use, is printed too, and logged as `maxgain/selected_epoch`.

    Parameters
    ----------
    std
        By which the images are divided after x / 255, one number or one a channel; 1/255 where the
        network takes 0-255 pixels. The mean need not be said: the impulse is the input after mean
        subtraction (section III-D).
    shape
        Channels, height, width of an image. By default that of the module's `example_input_array`,
        else what the network says (`maxgain.monitor.shape.image_shape`).
    network
        Attribute of the module that is the network, as "model"; by default the module itself, whose
        `forward` then gives the logits.
    measure_every
        Measure at every so many epochs, beginning with the first.
    impulses
        As of `maxgain.GainMonitor`.
    stop
        Stop rule that ends the training, as of `maxgain.GainMonitor.should_stop`; by default none.
        A training that is resumed after its stop ends at once, unless its rule is another or none.
    rules
        Of the diagnosis that is printed at the end, as of `maxgain.GainMonitor.diagnose`.

    Attributes
    ----------
    monitor
        The `maxgain.GainMonitor` once the training has begun: `diagnose()`, `plot()`, `to_frame()`.
    stopped
        The rule's first stop, on every process, with epochs from 1 (Lightning counts from 0); None
        until then. Where processes are forked or spawned from this one it stays None here:
        `trainer.callback_metrics` has `maxgain/selected_epoch`.

    Raises
    ------
    InputError
        At the beginning of the training: an argument does not fit, or the weights are sharded.
    """

    def __init__(
        self,
        std: float | Sequence[float],
        shape: tuple[int, int, int] | None = None,
        *,
        network: str | None = None,
        measure_every: int = 1,
        impulses: int = 16,
        stop: str | None = None,
        rules: str = "paper",
    ) -> None:
        self._stop, self._rules = stop, rules
        self.monitor: GainMonitor | None = None
        self.stopped: Stop | None = None
        self._std, self._shape, self._network = std, shape, network
        self._measure_every, self._impulses = measure_every, impulses
        self._state: dict[str, Any] = {}

    @property
    def state_key(self) -> str:
        """Under which the records are in a checkpoint: one callback for each network."""
        return self._generate_state_key(network=self._network)

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Set the monitor up, before any work is done."""
        network = self._network_of(pl_module)
        for name, value in network.named_parameters():
            if type(value).__name__ == "DTensor" or hasattr(value, "ds_id"):
                raise InputError(
                    f"the weights are sharded over processes ('{name}'), where no process holds "
                    "the network; use a strategy that copies it, as 'ddp'."
                )
        example = pl_module.example_input_array
        shape = self._shape
        if shape is None and isinstance(example, Tensor) and example.ndim == 4:
            shape = (example.shape[1], example.shape[2], example.shape[3])
        self.monitor = monitor_of(network, shape, self._std, self._measure_every, self._impulses)
        if self._stop is not None:
            self.monitor.should_stop(self._stop)  # a rule that is not known, before any work
        self.monitor.diagnose(self._rules)  # likewise
        if self._state:
            self.monitor.load_state_dict(self._state)
        self.stopped = stop_in(self._state, self._stop)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End a training at once that had stopped before it was resumed."""
        if self.stopped is not None and self.stopped.halt > trainer.current_epoch:
            self.stopped = None  # begun anew, or taken up at an earlier epoch
        self._end_where_stopped(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Measure on process 0 and log on all, so that callbacks of each may monitor it."""
        assert self.monitor is not None
        values: dict[str, float] | None = None
        if trainer.is_global_zero and self.monitor.record(trainer.current_epoch + 1) is not None:
            self.stopped = first_stop(self.monitor, self._stop, self.stopped)
            values = latest(self.monitor, self.stopped)
        values, self.stopped = trainer.strategy.broadcast((values, self.stopped))
        if values is not None:
            pl_module.log_dict(values, on_step=False, on_epoch=True)
        self._end_where_stopped(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print what the curves say, and which epoch's weights the rule selected."""
        if self.monitor is not None and self.monitor.records:
            rank_zero_info(last_word(self.monitor, self._rules))
        if self.stopped is not None:
            number = self.stopped.selected - 1
            rank_zero_info(stop_word(self.stopped, f"epoch={number} in Lightning's file names"))

    def state_dict(self) -> dict[str, Any]:
        """Records, settings and stop, for Lightning's checkpoint."""
        if self.monitor is None:
            return self._state
        return with_stop(self.monitor.state_dict(), self._stop, self.stopped)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the records of a checkpoint; a training that is resumed goes on with them.

        Raises
        ------
        InputError
            They were recorded with other settings.
        """
        self._state = state_dict
        if self.monitor is not None:
            self.monitor.load_state_dict(state_dict)
        self.stopped = stop_in(state_dict, self._stop)

    def _end_where_stopped(self, trainer: Trainer) -> None:
        if self._stop is not None and self.stopped is not None:
            trainer.should_stop = True

    def _network_of(self, module: LightningModule) -> nn.Module:
        if self._network is None:
            return module
        found = getattr(module, self._network, None)
        if not isinstance(found, nn.Module):
            names = ", ".join(name for name, _ in module.named_children()) or "none"
            raise InputError(
                f"network is '{self._network}', which is no network of "
                f"{type(module).__name__}; its networks are {names}."
            )
        return found
