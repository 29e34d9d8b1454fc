"""The readers of pretrained networks, one row a family; neither torch nor torchvision here.

A family is added by a file beside this one and a row below, or by an installed package with an
entry point of the group `maxgain.readers` that names a `Reader`.
"""

from dataclasses import dataclass

from maxgain.registry import Registry, Row


@dataclass(frozen=True)
class Reader(Row):
    """One family of pretrained networks.

    Attributes
    ----------
    name
        The family, as in zoo.csv.
    function
        Takes a row (`maxgain.zoo.registry.RegistryRow`), the folder of weights, and what the user
        says of the input (`maxgain.zoo.network.GivenInput`); returns a `PretrainedNetwork`.
    fetch
        Function that downloads or unpacks the weights, "module:function" of a row, the folder, and
        a `maxgain.zoo.transfer.Transfer`; empty where there is nothing to fetch.
    rows
        Function that gives the family's rows by name, where they are not in `registry.csv`.
    prefix
        Names of this family may or must begin with it, as "timm:".
    suffixes
        Of the files that the reader reads wherever they lie, as ".onnx".
    random
        Whether the weights are random: controls, which nothing is judged by.
    label, colour, marker
        In figure 7.
    """

    fetch: str = ""
    rows: str = ""
    prefix: str = ""
    suffixes: tuple[str, ...] = ()
    random: bool = False
    label: str = ""
    colour: str = "#666666"
    marker: str = "o"


_HOME = "maxgain.zoo.readers"
_DOWNLOAD = "maxgain.zoo.transfer:download_weights"

READERS: Registry[Reader] = Registry(
    "readers",
    (
        Reader(
            "carried",
            f"{_HOME}.carried:load_carried",
            label="carried by packages",
            colour="#e69f00",
            marker="^",
        ),
        Reader(
            "random-control",
            f"{_HOME}.carried:load_random_control",
            random=True,
            label="random weights",
            colour="#999999",
            marker="x",
        ),
        Reader(
            "matconvnet",
            f"{_HOME}.matconvnet.loading:load_published",
            fetch=f"{_HOME}.matconvnet.loading:fetch_published",
            label="MatConvNet (the paper's set)",
            colour="#d62728",
            marker="o",
        ),
        Reader(
            "torchvision",
            f"{_HOME}.torchvision:load_torchvision",
            fetch=_DOWNLOAD,
            rows=f"{_HOME}.torchvision:read_torchvision_registry",
            prefix="torchvision:",
            label="torchvision",
            colour="#1f5fbf",
            marker="s",
        ),
        Reader(
            "onnx-zoo",
            f"{_HOME}.onnx.loading:load_downloaded",
            fetch=_DOWNLOAD,
            label="ONNX Model Zoo",
            colour="#2ca02c",
            marker="D",
        ),
        Reader(
            "manifest",
            "maxgain.zoo.manifest:load_listed",
            fetch="maxgain.zoo.manifest:fetch_listed",
            label="public networks of a manifest",
            colour="#9467bd",
            marker="v",
        ),
        Reader(
            "timm",
            f"{_HOME}.timm:load_timm",
            fetch=f"{_HOME}.timm:fetch_timm",
            prefix="timm:",
            label="timm",
            colour="#8c564b",
            marker="P",
        ),
        Reader(
            "onnx",
            f"{_HOME}.onnx.loading:load_file",
            suffixes=(".onnx",),
            label="the user's ONNX files",
            colour="#17becf",
            marker="d",
        ),
        Reader(
            "mat",
            f"{_HOME}.matconvnet.loading:load_file",
            suffixes=(".mat",),
            label="the user's MatConvNet files",
            colour="#e377c2",
            marker="p",
        ),
        Reader(
            "function",
            f"{_HOME}.function:load_function_network",
            label="the user's functions",
            colour="#bcbd22",
            marker="*",
        ),
    ),
)
"""What a name of no other form means is for `maxgain.zoo.names` to say."""
