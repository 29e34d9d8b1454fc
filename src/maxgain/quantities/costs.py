"""How much of the training set each pass looks at, and what it costs."""

from collections.abc import Callable

BATCHES = 20
"""Disjoint equal batches of the pass "batch-gradients"."""


IMAGES_FOR_BATCHES = 5000
"""Training images of that pass at most, always the same ones."""


BATCH_SIZE = 100
"""Images of a batch in the other passes, as in training."""


FEW_BATCHES = 5
"""Batches of the pass "five-batches"."""


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


PAIR_IMAGES = 2000
"""Training images whose features are compared with another network's: four times LeNet's."""


RANGE_STEPS = 100
"""Steps of a learning-rate range test."""


PASS_COSTS: dict[str, Callable[[int, int, int], float]] = {
    "snapshot": lambda images, impulses, classes: 0.0,
    "impulses": lambda images, impulses, classes: 2.0 * impulses,
    "images": lambda images, impulses, classes: images / 3,
    "batch-gradients": lambda images, impulses, classes: min(images, IMAGES_FOR_BATCHES),
    "five-batches": lambda images, impulses, classes: min(images, FEW_BATCHES * BATCH_SIZE),
    "single-gradients": lambda images, impulses, classes: min(images, SINGLE_BATCHES * BATCH_SIZE),
    "steps": lambda images, impulses, classes: (
        min(images, STEPS * BATCH_SIZE) + STEPS * min(images, PROBED_IMAGES) / 3
    ),
    "jacobians": lambda images, impulses, classes: (
        (min(images, JACOBIAN_IMAGES) + 1) * (1 + 2 * classes) / 3
    ),
    # The second training's epoch, and a forward pass of the images in it.
    "pair": lambda images, impulses, classes: images + min(images, PAIR_IMAGES) / 3,
    "curvature": lambda images, impulses, classes: (
        2 * (POWER_ITERATIONS + 2) * min(images, CURVATURE_IMAGES)
        + 3 * min(images, CURVATURE_BATCHES * BATCH_SIZE)
    ),
    "steps-in-turn": lambda images, impulses, classes: min(images, 2 * FEW_BATCHES * BATCH_SIZE),
    "range-test": lambda images, impulses, classes: float(RANGE_STEPS * BATCH_SIZE),
}
"""Cost of each pass for one snapshot, of the numbers of training images, impulses and classes. The
unit is the forward and backward pass of one image, of which the forward pass is a third."""
