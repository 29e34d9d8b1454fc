"""What a training takes by name, besides its network: optimisers and augmentations."""

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

AUGMENTATIONS = Registry(
    "augmentations",
    (
        Row("none", "maxgain.data.augmentation:no_augmentation"),
        Row("batch-flip", "maxgain.data.augmentation:batch_flip"),
        Row("flip-and-crop", "maxgain.data.augmentation:flip_and_crop"),
    ),
    Row,
)
"""Functions without arguments that give a `maxgain.data.augmentation.Augmentation`."""
