"""How much of the training set each pass looks at, and what it costs."""

from collections.abc import Callable, Iterable

BATCHES = 20
"""Disjoint equal batches of the pass "batch-gradients"."""


IMAGES_FOR_BATCHES = 5000
"""Training images of that pass at most, always the same ones."""


BATCH_SIZE = 100
"""Images of a batch in the other passes, as in training."""


FEW_BATCHES = 5
"""Batches of the passes "five-batches" and "plain-batches"."""


SINGLE_BATCHES = 1
"""Batches of the pass "single-gradients", a backward pass an image: one, as its authors' code takes
at a step. It is the dearest pass as it is, for a quantity whose zero is that of
"batch-gradients"."""


STEPS = 10
"""Batches of the pass "steps", each followed by a step of its own (Zhang et al.)."""


PROBED_IMAGES = 100
"""Training images whose logits are looked at after each step."""


JACOBIAN_IMAGES = 50
"""Training images at which the Jacobian is taken."""


CURVATURE_IMAGES, CURVATURE_BATCHES, POWER_ITERATIONS = 500, 10, 10
"""Training images of the Hessian, batches of the batch sharpness, and power iterations."""


RANGE_STEPS = 100
"""Steps of a learning-rate range test."""


PASS_COSTS: dict[str, Callable[[int, int, int], float]] = {
    "snapshot": lambda images, impulses, classes: 0.0,
    "impulses": lambda images, impulses, classes: impulses + 1.0,
    "images": lambda images, impulses, classes: images / 3,
    "batch-gradients": lambda images, impulses, classes: min(images, IMAGES_FOR_BATCHES),
    "five-batches": lambda images, impulses, classes: min(images, FEW_BATCHES * BATCH_SIZE),
    "plain-batches": lambda images, impulses, classes: min(images, FEW_BATCHES * BATCH_SIZE),
    "single-gradients": lambda images, impulses, classes: min(images, SINGLE_BATCHES * BATCH_SIZE),
    "steps": lambda images, impulses, classes: (
        min(images, STEPS * BATCH_SIZE) + STEPS * min(images, PROBED_IMAGES) / 3
    ),
    "jacobians": lambda images, impulses, classes: (
        (min(images, JACOBIAN_IMAGES) + 1) * (1 + 2 * classes) / 3
    ),
    # The second training's epoch, and a forward pass of all images in both networks.
    "pair": lambda images, impulses, classes: images + 2 * images / 3,
    # A gradient, and a product of the Hessian for each iteration and one along the mean gradient.
    "curvature": lambda images, impulses, classes: (
        (1 + 2 * (POWER_ITERATIONS + 1)) * min(images, CURVATURE_IMAGES)
        + 3 * min(images, CURVATURE_BATCHES * BATCH_SIZE)
    ),
    "steps-in-turn": lambda images, impulses, classes: min(images, FEW_BATCHES * BATCH_SIZE),
    "range-test": lambda images, impulses, classes: RANGE_STEPS * min(images, BATCH_SIZE),
}
"""Cost of each pass for one snapshot when it is made alone, of the numbers of training images, of
impulses beside the centred one, and of classes. The unit is the forward and backward pass of one
image, of which the forward pass is a third; a product of the Hessian goes back through both and
counts as two. What comes after the passes (neighbours, spectra) is not in it:
`benchmarks/quantities.py` measures how long that takes."""


PASS_BASES = {"curvature": "batch-gradients", "steps-in-turn": "plain-batches"}
"""Passes that go on from another one, which is then made, and paid for, as well."""


CENTRED_COLUMNS = frozenset(
    {
        "gain_db",
        "sensitivity_db",
        "saturation_db",
        "impulse_gradient_norm",
        "impulse_jacobian_norm",
    }
)
"""Columns of the centred impulse. Where nothing else of their pass is asked for, it is one image:
neither the other impulses nor training images are needed."""


COLUMN_COSTS: dict[str, Callable[[int], float]] = {
    # A gradient to be differentiated, and a product of the Hessian for each iteration.
    "edge_ratio": lambda images: (1 + 2 * POWER_ITERATIONS) * min(images, CURVATURE_IMAGES),
    # The same with one product, for each batch.
    "batch_edge_ratio": lambda images: 3 * min(images, CURVATURE_BATCHES * BATCH_SIZE),
    # The twenty batches, and a gradient and a product along their mean.
    "noise_rate_ratio": lambda images: (
        min(images, IMAGES_FOR_BATCHES) + 3 * min(images, CURVATURE_IMAGES)
    ),
}
"""Cost of a column that needs a part of its pass, where it alone is wanted: of the number of
training images, in the unit of `PASS_COSTS`. The study makes the whole pass, as it wants them
all."""


def with_bases(passes: Iterable[str]) -> set[str]:
    """Names of passes and of those that they go on from.

    Examples
    --------
    >>> sorted(with_bases({"images", "curvature"}))
    ['batch-gradients', 'curvature', 'images']
    """
    names = set(passes)
    return names | {PASS_BASES[name] for name in names & PASS_BASES.keys()}
