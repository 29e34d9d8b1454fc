"""Optimisers by name."""

from maxgain.registry import Registry, Row

OPTIMISERS = Registry(
    "optimisers",
    (
        Row("sgd", "maxgain.training.optimisers:momentum_sgd"),
        Row("adamw", "maxgain.training.optimisers:adamw"),
    ),
    Row,
)
"""Functions of `maxgain.training.optimisers.Groups`, a run and its weight decay that give an
`maxgain.training.optimisers.Optimiser`."""
