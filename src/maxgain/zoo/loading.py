"""One door to every pretrained network, whatever family it is of."""

from dataclasses import replace
from pathlib import Path

from maxgain.errors import InputError
from maxgain.registry import load_function
from maxgain.zoo.architectures import find_architecture
from maxgain.zoo.names import find_row
from maxgain.zoo.network import GivenInput, PretrainedNetwork
from maxgain.zoo.readers.registry import READERS
from maxgain.zoo.registry import RegistryRow

NOTHING_GIVEN = GivenInput()
"""The user says nothing of the input: it is what the network's own files or row say."""


def load_network(name: str, folder: Path, given: GivenInput = NOTHING_GIVEN) -> PretrainedNetwork:
    """Network with its weights.

    Parameters
    ----------
    name
        As `maxgain.zoo.names` knows it.
    folder
        Where downloaded weights lie.
    given
        What the user says of the network's input.

    Raises
    ------
    InputError
        There is no such network, or its weights are missing or damaged; or the input is said of a
        network whose input is known.
    """
    row = find_row(name)
    _refuse_what_is_known(row, given)
    reader = READERS.find(row.family)
    load = load_function(reader.function, f"reader '{reader.name}'")
    network: PretrainedNetwork = load(row, folder, given)
    return replace(network, architecture=row.architecture or find_architecture(network.name))


def _refuse_what_is_known(row: RegistryRow, given: GivenInput) -> None:
    if row.scaling is not None and (given.mean is not None or given.std is not None):
        raise InputError(
            f"--mean and --std are given for '{row.name}', whose input scaling is known (mean "
            f"{row.scaling.mean}, std {row.scaling.std}); leave them out."
        )
