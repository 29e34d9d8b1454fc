"""The networks that experiments train, by names of the user's choice."""

import re
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from maxgain.config.fields import NAME_PATTERN, Factor, Name, Number, Section


class Network(Section):
    """One network: an architecture with what is fixed of it."""

    architecture: Annotated[str, Field(alias="from", min_length=1, max_length=200)]
    """lenet-mnist, lenet-cifar, nin, resnet20, timm:NAME, torchvision:NAME or
    package.module:function."""

    capacity: Factor = Fraction(1)
    """Factor on the number of filters, for architectures that have one."""

    label: Name | None = None
    """What tables, figures and run folders call it; null takes its name here."""

    initialisation: Literal["recipe", "library"] = "recipe"
    """Initial values and learning-rate multipliers of the paper's recipe, or the library's."""

    weight_decay: Annotated[Number, Field(ge=0, le=10)] | None = None
    """Of all parameters; null takes the recipe's."""

    def label_for(self, name: str) -> str:
        """What results call the network that is named so in the configuration."""
        return self.label or as_name(name)


def as_name(text: str) -> str:
    """A text as part of a file's name: what is not allowed there becomes a dash."""
    if re.fullmatch(NAME_PATTERN, text):
        return text
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.") or "network"
