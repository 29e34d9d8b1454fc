"""The networks of the paper: architectures, initial values and input scaling."""

from maxgain.models.lenet import LeNetCIFAR, LeNetMNIST
from maxgain.models.nin import NetworkInNetwork
from maxgain.models.recipes import RECIPES, build_network, initialise, parameter_rates
from maxgain.models.scaling import ScaledInput

__all__ = [
    "RECIPES",
    "LeNetCIFAR",
    "LeNetMNIST",
    "NetworkInNetwork",
    "ScaledInput",
    "build_network",
    "initialise",
    "parameter_rates",
]
