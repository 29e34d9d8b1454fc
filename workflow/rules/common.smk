"""The typed configuration and every path; all other rules take both from here."""

import json
import shlex
import sys
from pathlib import Path

from maxgain.errors import InputError
from maxgain.figures.registry import CAPTIONS
from maxgain.figures.registry import FIGURES
from maxgain.config.parsing import parse_protocol
from maxgain.zoo.names import needs_download, resolve_networks

# Jobs call the `maxgain` of the environment that runs Snakemake, activated or not; a failure
# before a pipe counts (a prefix of our own takes the place of the default one that says so).
shell.prefix(f"set -euo pipefail; export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH; ")

try:
    PROTOCOL = parse_protocol(config)
    NETWORKS = resolve_networks(PROTOCOL.pretrained.networks)
except InputError as error:
    raise WorkflowError(f"{error}") from None

RUNS = PROTOCOL.runs()
RESULTS = f"results/{PROTOCOL.protocol}"
FIGURE_FOLDER = f"figures/{PROTOCOL.protocol}"
TRAINED = f"{RESULTS}/runs/{{run}}"
LOGS = f"{RESULTS}/logs"
BENCHMARKS = f"{RESULTS}/benchmarks"

VERDICTS = [f"{RESULTS}/verdicts.csv", f"{RESULTS}/verdicts.md"]
PROVENANCE = f"{RESULTS}/provenance.json"
CURVES = {name: f"{RESULTS}/curves/{name}.csv" for name in PROTOCOL.experiments}
WEIGHTS = PROTOCOL.pretrained.weights_folder
WEIGHTS_LOCK = "workflow/weights.lock"
ZOO = f"{RESULTS}/zoo"

# The files that figures are drawn from, by the names that the figures know them by.
FIGURE_FILES = {
    "toy.safetensors": [f"{RESULTS}/toy.safetensors"],
    "zoo.csv": [f"{RESULTS}/zoo.csv"],
    "zoo_missing.csv": [f"{RESULTS}/zoo_missing.csv"],
    "*.safetensors": [f"{ZOO}/{network}.safetensors" for network in NETWORKS],
    **{f"{name}.csv": [path] for name, path in CURVES.items()},
}
DRAWN_FIGURES = [
    name for name, source in FIGURES.items() if set(source.files) <= FIGURE_FILES.keys()
]


wildcard_constraints:
    role="mnist|cifar10",
    run="|".join(["(mnist|cifar10)/[^/]+/[^/]+/seed[0-9]+"]),
    experiment="[a-z0-9_]+",
    format="svg|png|pdf",
    figure="fig[0-9]{2}",


