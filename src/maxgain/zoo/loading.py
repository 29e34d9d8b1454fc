"""One door to every pretrained network, whatever family it is of."""

from pathlib import Path

from maxgain.errors import InputError
from maxgain.zoo.names import find_row, is_user_network
from maxgain.zoo.network import PretrainedNetwork
from maxgain.zoo.readers.matconvnet.network import read_matconvnet
from maxgain.zoo.registry import RegistryRow


def load_network(name: str, folder: Path, side: int | None = None) -> PretrainedNetwork:
    """Network of the registry, of torchvision, or of the user, with its weights.

    Parameters
    ----------
    name
        As in `registry.csv`, a network of torchvision, "timm:NAME", "package.module:function", or
        the path of a MatConvNet file (.mat).
    folder
        Where downloaded weights lie.
    side
        Pixels of a side of a user's network's input.

    Raises
    ------
    InputError
        There is no such network, or its weights are missing or damaged.
    """
    if name.endswith(".mat"):
        return _read_matconvnet_network(name, Path(name), None)
    if is_user_network(name):
        from maxgain.zoo.readers.function import load_user_network

        return load_user_network(name, folder, side)
    row = find_row(name)
    if row.family == "matconvnet":
        path = folder / row.file_name
        if not path.exists():
            raise InputError(
                f"{path}, the weights of '{name}', does not exist; `maxgain fetch-weights {name}` "
                "downloads it."
            )
        return _read_matconvnet_network(name, path, row)
    if row.family == "torchvision":
        from maxgain.zoo.readers.torchvision import load_torchvision

        return load_torchvision(row, folder / row.file_name)
    from maxgain.zoo.readers.carried import load_carried, load_random_control

    return load_carried(row) if row.family == "carried" else load_random_control(row)


def _read_matconvnet_network(name: str, path: Path, row: RegistryRow | None) -> PretrainedNetwork:
    model = read_matconvnet(path)
    return PretrainedNetwork(
        name=name if row else path.stem,
        family="matconvnet" if row else "user",
        network=model.network,
        average_image=model.average_image,
        interpolation="bilinear",
        class_names=model.class_names,
        top5_error=row.top5_error if row else float("nan"),
        weights="weights published with MatConvNet" if row else path.name,
    )
