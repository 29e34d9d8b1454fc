"""The stop rules by name: what each sees, its parameters, and where they are from."""

from collections.abc import Collection, Iterator, Mapping
from typing import Literal

from maxgain.registry import Registry
from maxgain.stopping.published import published_rules
from maxgain.stopping.row import StopRule

SIGNALS = (
    "gain_db",
    "gain_mean_db",
    "sensitivity_db",
    "sensitivity_mean_db",
    "saturation_db",
    "saturation_mean_db",
    "jacobian_norm",
    "impulse_jacobian_norm",
    "impulse_gradient_norm",
    "distance_from_start",
    "weight_norm",
)
"""Quantities without a published rule: each gets the same wrappers."""


CONTEXT_COLUMNS = ("planned_epochs", "noise_rate", "constant_epoch")
"""What a rule can be told of its run, as columns that do not change from epoch to epoch."""


_OURS = "maxgain.stopping"


def _signal_rules() -> Iterator[StopRule]:
    for column in SIGNALS:
        name = column.replace("_", "-")
        for direction in ("minimum", "maximum"):
            yield StopRule(
                f"{name}-{direction}",
                f"{_OURS}.rules:no_improvement",
                (column,),
                {"column": column, "patience": 5, "window": 3, "direction": direction},
                kind="signal",
            )
        yield StopRule(
            f"{name}-variability",
            f"{_OURS}.signal_rules:variability",
            (column,),
            {"column": column},
            kind="signal",
        )
        for direction in ("rising", "falling"):
            yield StopRule(
                f"{name}-plateau-{direction}",
                f"{_OURS}.signal_rules:plateau",
                (column,),
                {"column": column, "direction": direction},
                kind="signal",
            )
    yield StopRule(
        "gain-diagnosis",
        f"{_OURS}.signal_rules:diagnosis",
        ("gain_db",),
        source="Stamatescu & McDonnell 2018, section IV-C1",
        kind="signal",
    )


def _own_rules() -> Iterator[StopRule]:
    sensitivity, saturation = "sensitivity_mean_db", "saturation_mean_db"
    for name, columns in (
        ("sensitivity-plateau", (sensitivity,)),
        ("saturation-fall", (saturation,)),
        ("plateau-and-fall", (sensitivity, saturation)),
    ):
        yield StopRule(name, f"{_OURS}.signal_rules:{name.replace('-', '_')}", columns)


def _reference(
    name: str,
    function: str,
    source: str,
    parameters: Mapping[str, object],
    columns: tuple[str, ...] = ("held_out_loss",),
    weights: Literal["run", "twin"] = "twin",
) -> StopRule:
    function = f"{_OURS}.{function}"
    return StopRule(name, function, columns, parameters, source, "reference", weights=weights)


def _patience(
    name: str,
    source: str,
    column: str = "held_out_loss",
    weights: Literal["run", "twin"] = "twin",
    **parameters: object,
) -> StopRule:
    told = {"column": column} | parameters
    return _reference(name, "rules:no_improvement", source, told, (column,), weights)


def _reference_rules() -> Iterator[StopRule]:
    yield _patience("validation-keras", "Keras, EarlyStopping", patience=0, select="now")
    yield _patience("validation-lightning", "Lightning, EarlyStopping", patience=3, select="now")
    yield _patience("validation-10", "usual", patience=10)
    retrain = "Goodfellow et al. 2016, section 7.8"
    for name, share in (("validation-10-retrain", 1.0), ("validation-10-retrain-0.9", 0.9)):
        yield _patience(name, retrain, weights="run", patience=10, share=share)
    yield _patience("validation-10-clean", "upper bound", "clean_held_out_loss", patience=10)
    prechelt, rules = "Prechelt 1998", "validation_rules"
    yield _reference("validation-GL2", f"{rules}:generalisation_loss", prechelt, {"alpha": 2.0})
    yield _reference(
        "validation-PQ1",
        f"{rules}:progress_quotient",
        prechelt,
        {"alpha": 1.0},
        ("held_out_loss", "twin_training_loss"),
    )
    yield _reference("validation-UP3", f"{rules}:successive_strips", prechelt, {"strips": 3})


def _null_rules() -> Iterator[StopRule]:
    where = f"{_OURS}.validation_rules"
    end = ("planned_epochs",)
    yield StopRule("last", f"{where}:last_epoch", end, kind="blind", timing="planned")
    yield StopRule(
        "random", f"{where}:random_epoch", end, kind="blind", timing="planned", draws=None
    )
    # The best epochs of other data are from their test images.
    yield StopRule(
        "constant", f"{where}:constant_epoch", ("constant_epoch",), kind="blind", informed=True
    )


RULES = Registry(
    "stop-rules",
    [
        *published_rules(),
        *_signal_rules(),
        *_own_rules(),
        *_reference_rules(),
        *_null_rules(),
    ],
    StopRule,
)
"""Every stop rule. A new one is a function of the table so far and a row here, an entry point of
the group `maxgain.stop-rules`, or "package.module:function", which then sees all quantities."""


def rules_on(columns: Collection[str]) -> list[str]:
    """Names of the registered rules that see no other columns, and have no chance in them."""
    return [
        row.name
        for row in RULES.rows()
        if row.columns and row.draws == 1 and set(row.columns) <= set(columns)
    ]
