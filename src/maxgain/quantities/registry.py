"""The quantities that a snapshot is measured by, by name: what each needs and gives."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from maxgain.quantities.costs import CENTRED_COLUMNS, PASS_COSTS, with_bases
from maxgain.registry import Registry, Row


@dataclass(frozen=True)
class Quantity(Row):
    """A quantity: numbers that one snapshot gives.

    Attributes
    ----------
    columns
        Names of its numbers.
    unit
        Of the numbers, one for all or one for each, separated by commas; "1" is a pure number.
    needs
        The pass that its function takes (`maxgain.quantities.passes.PASSES`).
    source
        Publication and equation, or "own".
    epochs
        It is measured at the first so many epochs alone; None: at all.
    """

    columns: tuple[str, ...]
    unit: str
    needs: str
    source: str
    epochs: int | None = None


FIRST_EPOCHS = 3
"""Epochs that a learning rate is to be told wrong by."""


def _row(
    name: str, where: str, columns: str, unit: str, needs: str, source: str = "own"
) -> Quantity:
    function = f"maxgain.quantities.{where}"
    return Quantity(name, function, tuple(columns.split()), unit, needs, source)


def _early(name: str, where: str, columns: str, needs: str, source: str) -> Quantity:
    """A quantity of the learning rate: a pure number of the first epochs."""
    return replace(_row(name, where, columns, "1", needs, source), epochs=FIRST_EPOCHS)


def _of_function(name: str, function: str) -> Quantity:
    """A user's function: it takes the whole snapshot and gives one number of its own name."""
    return Quantity(name, function, (function.partition(":")[2],), "1", "snapshot", "own")


QUANTITIES = Registry(
    "quantities",
    [
        _row(
            "gain",
            "gain:gain",
            "gain_db gain_mean_db",
            "dB",
            "impulses",
            "Stamatescu & McDonnell 2018, section III",
        ),
        _row(
            "sensitivity",
            "gain:sensitivity",
            "sensitivity_db sensitivity_mean_db",
            "dB",
            "impulses",
        ),
        _row("saturation", "gain:saturation", "saturation_db saturation_mean_db", "dB", "impulses"),
        _row(
            "impulse-gradient-norm",
            "gain:impulse_gradient_norm",
            "impulse_gradient_norm",
            "1 / pixel",
            "impulses",
        ),
        _row(
            "jacobian-norm",
            "jacobian:jacobian_norm",
            "jacobian_norm impulse_jacobian_norm",
            "1 / pixel",
            "jacobians",
            "Novak et al. 2018, section 3.1",
        ),
        _row(
            "eb-criterion",
            "gradients:eb_criterion",
            "eb_criterion",
            "1",
            "batch-gradients",
            "Mahsereci et al. 2017, eq. 7",
        ),
        _row(
            "eb-criterion-batch",
            "gradients:eb_criterion_batch",
            "eb_criterion_batch",
            "1",
            "single-gradients",
            "Mahsereci et al. 2017, eq. 7",
        ),
        _row(
            "gradient-disparity",
            "gradients:gradient_disparity",
            "gradient_disparity",
            "1",
            "five-batches",
            "Forouzesh & Thiran 2021, eq. 6",
        ),
        _row(
            "gradient-noise",
            "gradients:gradient_noise",
            "gradient_noise_scale gradient_noise_ratio",
            "images, 1",
            "batch-gradients",
            "McCandlish et al. 2018, eq. 2.9; Liu et al. 2020",
        ),
        _row("overshoot", "gradients:overshoot", "overshoot_cosine", "1", "batch-gradients"),
        _row(
            "training-loss",
            "predictions:training_loss",
            "training_loss training_error",
            "nats, share",
            "images",
            "Jiang et al. 2020; Song et al. 2019",
        ),
        _row(
            "prediction-changes",
            "predictions:prediction_changes",
            "prediction_changes",
            "images",
            "images",
            "Yuan, Feng & Liu 2024, eq. 2",
        ),
        _row(
            "mastered-share",
            "predictions:mastered_share",
            "mastered_share",
            "share",
            "images",
            "Instance-dependent early stopping, 2025",
        ),
        _row(
            "optimisation-variance",
            "predictions:optimisation_variance",
            "optimisation_variance",
            "1",
            "steps",
            "Zhang et al. 2021, eq. 6",
        ),
        _row(
            "gradient-weight-alignment",
            "features:gradient_weight_alignment",
            "gradient_weight_alignment",
            "1",
            "images",
            "Hölzl et al. 2025",
        ),
        _row(
            "local-dimension",
            "features:local_dimension",
            "local_dimension",
            "1",
            "images",
            "Ma et al. 2018",
        ),
        _row(
            "neighbour-errors",
            "features:neighbour_errors",
            "neighbour_error nnk_error",
            "share",
            "images",
            "Bonet et al. 2021",
        ),
        _row(
            "credibility",
            "credibility:credibility",
            "credibility",
            "1",
            "images",
            "own; after Jamshidi et al. 2025",
        ),
        _row(
            "weight-norm",
            "weights:weight_norm",
            "weight_norm distance_from_start update_norm",
            "1",
            "snapshot",
            "own; way from the start: Nagarajan & Kolter 2019",
        ),
        _row(
            "spectral-alpha",
            "weights:spectral_alpha",
            "spectral_alpha",
            "1",
            "snapshot",
            "Martin & Mahoney 2021",
        ),
        _row(
            "counterfactual-distance",
            "pair:counterfactual_distance",
            "counterfactual_distance",
            "1",
            "pair",
            "Vardasbi et al. 2022",
        ),
        _early(
            "sharpness",
            "curvature:sharpness",
            "edge_ratio batch_edge_ratio",
            "curvature",
            "Cohen et al. 2021, section 2",
        ),
        _early(
            "noise-rate-ratio",
            "curvature:noise_rate_ratio",
            "noise_rate_ratio",
            "curvature",
            "McCandlish et al. 2018, eq. 2.6",
        ),
        _early(
            "hypergradient",
            "steps_in_turn:hypergradient",
            "hypergradient_cosine",
            "steps-in-turn",
            "Baydin et al. 2018, eq. 6",
        ),
        _early(
            "update-ratio",
            "steps_in_turn:update_ratio",
            "update_ratio",
            "steps-in-turn",
            "Stanford CS231n, babysitting the learning process",
        ),
        replace(
            _early(
                "range-test",
                "range_test:range_test",
                "range_test_steepest_ratio range_test_valley_ratio",
                "range-test",
                "Smith 2017; fastai",
            ),
            epochs=1,
        ),
    ],
    _of_function,
)
"""Every quantity. A new one is a function and a row here, an entry point of the group
`maxgain.quantities`, or "package.module:function" that takes a
`maxgain.quantities.snapshot.Snapshot`."""


def columns_of(names: Iterable[str]) -> tuple[str, ...]:
    """Columns of quantities, in order.

    Raises
    ------
    InputError
        A quantity is not known.
    """
    return tuple(column for name in names for column in QUANTITIES.find(name).columns)


def passes_of(columns: Iterable[str]) -> set[str]:
    """Passes that columns are made of; columns that no quantity gives are left out."""
    wanted = set(columns)
    return {row.needs for row in QUANTITIES.rows() if wanted & set(row.columns)}


def snapshot_cost(columns: Iterable[str], images: int, impulses: int, classes: int) -> float:
    """Cost of one snapshot's columns, in forward and backward passes of one image.

    Passes that columns share count once. Of the centred impulse's columns alone a pass is one
    image. Where passes share forward passes between them, the sum is a little too high.

    Parameters
    ----------
    impulses
        Their number beside the centred one.
    """
    wanted = set(columns)
    others = passes_of(wanted - CENTRED_COLUMNS)
    whole, centred = with_bases(others), passes_of(wanted) - others
    cost = sum(PASS_COSTS[name](images, impulses, classes) for name in whole)
    return cost + sum(PASS_COSTS[name](0, 0, classes) for name in centred)
