"""Lightning and transformers import torchvision, which needs its operators declared first."""

import maxgain.networks.torchvision_ops  # noqa: F401
