"""Follow the Maximum Gain of your own network while it trains, without validation data."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from maxgain.diagnosis.verdicts import Diagnosis
from maxgain.errors import InputError
from maxgain.monitor.curves import Curves
from maxgain.monitor.records import Record, curves_of, live_channels
from maxgain.monitor.registry import DIAGNOSIS_RULES
from maxgain.monitor.shape import checked_shape, image_shape
from maxgain.response.measure import measure
from maxgain.response.probes import central_places, impulse_image, impulse_set
from maxgain.response.projections import ALL_CLASS_PROJECTIONS, ClassProjection

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from maxgain.stopping.stop import Stop


class GainMonitor:
    """Records gain, sensitivity and saturation after each epoch and says what the curves mean.

    A record costs one forward and one backward pass on one image (section IV-C1) for the paper's
    gain, and one more of both for each impulse of the set. It leaves the training alone, to the
    bit: weights, buffers, gradients, modes and random numbers stay as they are.

    Parameters
    ----------
    network
        Takes a batch of 0-255 images, or of images scaled inside it (see
        `maxgain.networks.scaling.ScaledInput`), returns logits (see `maxgain.response.measure`).
        It may lie on any device, and move; on several, if its forward pass moves what one part
        hands to the next. The image is given where the first parameter is.
    shape
        Of an image: channels, height, width. By default what the network itself says, where it is
        one of timm's or Hugging Face's; of torchvision's weights,
        `maxgain.monitor.shape.shape_of_weights` says it.
    impulse_value
        Value of the synthetic impulses, 0-255.
    projection
        "inverse-score" (the paper's), "score" or "log-odds".
    impulses
        Number of the set over which means and their errors are taken
        (`maxgain.response.probes.impulse_set`), fewer where an image has no more places; 0 records
        the centred impulse alone.
    seed
        Of the set's places.
    measure_every
        Measure at every so many calls of `record`, beginning with the first. Diagnoses judge
        what was measured, and name the epochs of the training.

    Attributes
    ----------
    records
        What was measured, one an epoch.

    Raises
    ------
    InputError
        An argument does not fit.

    Examples
    --------
    >>> network = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    >>> monitor = GainMonitor(network, (1, 28, 28))
    >>> for epoch in range(3):
    ...     gain = monitor.record()  # after each epoch of your training
    >>> monitor.diagnose().verdict.value
    'undecided'
    """

    def __init__(
        self,
        network: nn.Module,
        shape: tuple[int, int, int] | None = None,
        impulse_value: float = 255.0,
        projection: ClassProjection = "inverse-score",
        *,
        impulses: int = 16,
        seed: int = 0,
        measure_every: int = 1,
    ) -> None:
        if projection not in ALL_CLASS_PROJECTIONS:
            raise InputError(
                f"projection is '{projection}'; allowed are {', '.join(ALL_CLASS_PROJECTIONS)}."
            )
        if measure_every < 1:
            raise InputError(f"measure_every is {measure_every}; it must be at least 1.")
        if impulses < 0:
            raise InputError(f"impulses is {impulses}; it must be 0 or more.")
        sizes = image_shape(network) if shape is None else checked_shape(shape)
        self._network = network
        self._image = impulse_image(*sizes, value=impulse_value)
        self._set = self._image[None][:0]
        impulses = min(impulses, central_places(*sizes[1:]))
        if impulses:
            self._set = impulse_set(*sizes, impulses, seed=seed, value=impulse_value)
        self._projection: ClassProjection = projection
        self._measure_every = measure_every
        self._settings = {
            "shape": list(sizes),
            "impulse_value": float(impulse_value),
            "projection": str(projection),
            "impulses": impulses,
            "seed": seed,
        }
        self._calls = 0
        self.records: list[Record] = []

    @property
    def gains(self) -> list[Float[Tensor, " channels"]]:
        """One row a record: the gain of every channel in dB at the centred impulse."""
        return [record.gain for record in self.records]

    @property
    def dead_channels(self) -> list[int]:
        """Channels (from 0) that the means leave out: their gain is minus infinity beside others.

        The network's output does not depend on them.
        """
        if not self.records:
            return []
        return [int(c) for c in (~live_channels(torch.stack(self.gains))).nonzero().flatten()]

    def record(self, epoch: int | None = None) -> float | None:
        """Measure the network as it is now; the mean of the live channels' gains in dB.

        None at the epochs that `measure_every` leaves out.

        Parameters
        ----------
        epoch
            Of the record, counted from 1; by default the number of this call. What was recorded
            from that epoch on is forgotten: the training was taken up at an earlier one.

        Raises
        ------
        InputError
            The epoch is below 1, the network does not take the image or give logits, or no
            gradient arrives.
        """
        epoch = self._calls + 1 if epoch is None else epoch
        if epoch < 1:
            raise InputError(f"epoch is {epoch}; it is counted from 1.")
        self._calls = epoch
        self.records = [record for record in self.records if record.epoch < epoch]
        if (self._calls - 1) % self._measure_every:
            return None
        first = not self.records
        one = measure(self._network, self._image, self._projection, window=True, checked=first)
        each = [
            measure(self._network, x, self._projection, window=True, checked=False)
            for x in self._set
        ]
        channels = len(self._image)
        assert one.sensitivity is not None
        sensitivities = [m.sensitivity for m in each if m.sensitivity is not None]
        self.records.append(
            Record(
                self._calls,
                one.gain.float().cpu(),
                one.sensitivity.float().cpu(),
                torch.tensor(one.saturation).float(),
                torch.stack([m.gain.float().cpu() for m in each])
                if each
                else torch.empty(0, channels),
                torch.stack([s.float().cpu() for s in sensitivities])
                if each
                else torch.empty(0, channels),
                torch.tensor([m.saturation for m in each]).float(),
            )
        )
        return float(self.curve()[-1])

    def curves(self) -> Curves:
        """All curves over the recorded epochs."""
        return curves_of(self.records)

    def curve(self) -> Float[np.ndarray, " epochs"]:
        """Gain in dB at the centred impulse, mean over the live channels, one value a record."""
        return self.curves().gain

    def diagnose(self, rules: str = "paper") -> Diagnosis:
        """What the curves so far say of the training, without validation data.

        Parameters
        ----------
        rules
            "paper" (section IV-C1, on the gain), "sensitivity" (`maxgain.diagnose_sensitivity`),
            or any name that `maxgain.monitor.registry.DIAGNOSIS_RULES` knows.

        Raises
        ------
        InputError
            The rules are not known, or need more impulses than the monitor has.
        """
        diagnosis: Diagnosis = DIAGNOSIS_RULES.load(rules)(self.curves())
        return diagnosis

    def should_stop(self, rule: str = "saturation-mean-db-variability") -> "Stop | None":
        """Whether a stop rule says, after the last record, that the training should end.

        By default the rule that did best in the stopping study (`results/stopping`) of those that
        see no more than a monitor records: it stops where the saturation, mean over impulses, has
        begun to jump. In its 69 cells it loses 0.148 nats of test loss [0.106, 0.188] against the
        best epoch; who chooses so on other data loses 0.171 [0.112, 0.242]. Validation with 10 %
        of the images held out loses 0.045 [0.027, 0.064], one epoch for all trainings 0.152
        [0.104, 0.203]: where images can be spared, **validation is better, and no rule on the gain
        is shown to beat a fixed epoch**.

        Needs `pip install maxgain[figures]`. The stop names epochs of the training, those of the
        records: `halt` is the last one measured, `selected` the one whose weights the rule would
        use. Rules count records: with `measure_every=2` a patience of 5 epochs is one of 5 measured
        epochs, 10 of the training.

        Parameters
        ----------
        rule
            A name of `maxgain.stopping.registry.RULES` that sees no more than the monitor records,
            as "gain-diagnosis", the paper's; or "package.module:function".

        Raises
        ------
        InputError
            The rule is not known, needs what the monitor does not record, or fails.
        """
        from maxgain.monitor.stopping import stop_of_records

        table = self.to_frame()
        if not len(self._set):  # Means of none are NaN, at which a rule would wait for ever.
            table = table.filter(regex="^(?!.*_(mean|error)_db$)")
        return stop_of_records(table, rule)

    def to_frame(self) -> "DataFrame":
        """The records as a table: epoch and what `Curves` names, each with the ending `_db`.

        Raises
        ------
        InputError
            pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise InputError("to_frame() needs pandas: pip install maxgain[figures].") from error
        curves = vars(self.curves())
        columns = {"epoch": curves.pop("epochs")}
        return pandas.DataFrame(columns | {f"{name}_db": v for name, v in curves.items()})

    def plot(self, rules: str = "paper") -> "Figure":
        """Gain, sensitivity and saturation over the epochs, titled by the diagnosis.

        Raises
        ------
        InputError
            Nothing is recorded yet, or matplotlib is not installed.
        """
        from maxgain.monitor.plot import plot_curves

        return plot_curves(self.curves(), self.diagnose(rules).sentence)

    def state_dict(self) -> dict[str, Any]:  # as torch's own state dicts
        """Records and settings, of plain numbers and tensors, for a training's checkpoint."""
        return {
            "settings": dict(self._settings),
            "calls": self._calls,
            "records": [dict(vars(record)) for record in self.records],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:  # as torch's own state dicts
        """Go on from a state that `state_dict` gave.

        Raises
        ------
        InputError
            The state is none, or that of a monitor with other settings.
        """
        try:
            settings, calls = dict(state["settings"]), int(state["calls"])
            records = [Record(**record) for record in state["records"]]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"the state is not one of a GainMonitor: {error!r}.") from error
        for name, own in self._settings.items():
            if settings.get(name) != own:
                raise InputError(
                    f"the state was recorded with {name} = {settings.get(name)}; this monitor has "
                    f"{own}."
                )
        self._calls, self.records = calls, records
