"""The architectures that can be trained, by name, and what a workflow must know before any job."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from maxgain.errors import InputError
from maxgain.registry import Registry, Row


@dataclass(frozen=True)
class NetworkRow(Row):
    """One architecture.

    Its function is called with the keywords `channels`, `height`, `width` and `classes`, with
    `capacity` where it takes one, and returns a `torch.nn.Module` that gives logits
    (batch, classes) for images (batch, channels, height, width).

    Attributes
    ----------
    least_size
        Rows and columns of the smallest image.
    channels
        Of the images that it takes; empty: any.
    capacities
        Least and largest factor on the number of filters; None where there is no such factor.
    is_users
        Whether the function is the user's, called with a capacity where it has such a parameter.
    products
        Millions of products to compute the logits of one image of the paper's size: coefficients
        of 1, capacity and its square; None where nobody knows. They order jobs, long ones first.
    recipe
        "package.module:name" of its `maxgain.networks.recipes.Recipe`; empty: the library's
        initial values, multipliers 1, no weight decay.
    library_name
        What the library calls it, for names as "timm:NAME"; given to the function as `name`.
    """

    least_size: int = 1
    channels: tuple[int, ...] = ()
    capacities: tuple[float, float] | None = None
    is_users: bool = False
    products: tuple[float, float, float] | None = None
    recipe: str = ""
    library_name: str = ""

    def check(self, shape: tuple[int, int, int], classes: int, capacity: float) -> None:
        """See whether the architecture takes images of a shape (channels, height, width).

        Raises
        ------
        InputError
            It does not, or not with this capacity or number of classes.
        """
        channels, height, width = shape
        for what, number in (("channels", channels), ("classes", classes)):
            if number < 1:
                raise InputError(f"{what} is {number}; the network '{self.name}' needs at least 1.")
        if self.channels and channels not in self.channels:
            allowed = ", ".join(str(number) for number in self.channels)
            raise InputError(
                f"images have {channels} channels; the network '{self.name}' takes {allowed}."
            )
        if min(height, width) < self.least_size:
            raise InputError(
                f"images are {height} x {width} pixels; the network '{self.name}' needs at least "
                f"{self.least_size} x {self.least_size}."
            )
        self.check_capacity(capacity)

    def check_capacity(self, capacity: float) -> None:
        """See whether the architecture has a capacity.

        Raises
        ------
        InputError
            It has none, or none so small or large.
        """
        if self.is_users and 0 < capacity < float("inf"):  # Seen when its function is looked at.
            return
        if self.capacities is None:
            if capacity != 1:
                raise InputError(
                    f"capacity is {capacity:g}; the network '{self.name}' allows only 1."
                )
            return
        least, largest = self.capacities
        if not least <= capacity <= largest:
            raise InputError(
                f"capacity is {capacity:g}; the network '{self.name}' takes 1/{1 / least:g} to "
                f"{largest:g}."
            )


class NetworkRegistry(Registry[NetworkRow]):
    """Architectures by name; a name as "timm:NAME" is one of a library's.

    Parameters
    ----------
    rows
        Those of this library.
    libraries
        One row for each library, named as the part before the colon.
    """

    def __init__(self, rows: Iterable[NetworkRow], libraries: Iterable[NetworkRow]) -> None:
        super().__init__(
            "networks", rows, lambda name, address: NetworkRow(name, address, is_users=True)
        )
        self._libraries = {row.name: row for row in libraries}

    def find(self, name: str) -> NetworkRow:
        """Row of a name.

        Raises
        ------
        InputError
            The name is not known; the sentence lists what is, and the nearest spelling.
        """
        library, _, rest = name.partition(":")
        if rest and library in self._libraries:
            return replace(self._libraries[library], name=name, library_name=rest)
        return super().find(name)

    def _hint(self, name: str) -> str:
        libraries = ", ".join(f"{library}:NAME" for library in self._libraries)
        return f"{super()._hint(name)}, {libraries}"


NETWORKS = NetworkRegistry(
    (
        NetworkRow(
            "lenet-mnist",
            "maxgain.networks.lenet:LeNetMNIST",
            least_size=16,
            products=(2.3, 0.0, 0.0),
            recipe="maxgain.networks.lenet:MNIST_RECIPE",
        ),
        NetworkRow(
            "lenet-cifar",
            "maxgain.networks.lenet:LeNetCIFAR",
            least_size=8,
            capacities=(1 / 32, 64.0),  # 64 times the filters are 0.6 billion weights.
            products=(0.0, 2.5, 9.9),
            recipe="maxgain.networks.lenet:CIFAR_RECIPE",
        ),
        NetworkRow(
            "nin",
            "maxgain.networks.nin:NetworkInNetwork",
            least_size=7,
            products=(200.0, 0.0, 0.0),
            recipe="maxgain.networks.nin:RECIPE",
        ),
        NetworkRow(
            "resnet20",
            "maxgain.networks.resnet:ResNet20",
            capacities=(1 / 16, 64.0),
            products=(0.0, 0.5, 40.1),
            recipe="maxgain.networks.resnet:RECIPE",
        ),
    ),
    libraries=(
        NetworkRow("timm", "maxgain.networks.libraries:timm_network"),
        NetworkRow("torchvision", "maxgain.networks.libraries:torchvision_network"),
    ),
)
"""Every architecture: rows here, entry points of `maxgain.networks`, libraries, the user's."""


def products(architecture: str, capacity: float) -> float | None:
    """Millions of products to compute the logits of one image; None where nobody knows.

    Raises
    ------
    InputError
        Unknown name.
    """
    coefficients = NETWORKS.find(architecture).products
    if coefficients is None:
        return None
    constant, linear, quadratic = coefficients
    return constant + linear * capacity + quadratic * capacity**2
