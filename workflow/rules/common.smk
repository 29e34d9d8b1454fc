"""The typed configuration and every path; all other rules take both from here."""

import json
import os
import shlex
import sys
from pathlib import Path

from maxgain.errors import InputError
from maxgain.protocol import parse_protocol

# Jobs call the `maxgain` of the environment that runs Snakemake, activated or not.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

try:
    PROTOCOL = parse_protocol(config)
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


wildcard_constraints:
    role="mnist|cifar10",
    run="|".join(["(mnist|cifar10)/[^/]+/[^/]+/seed[0-9]+"]),
    experiment="[a-z0-9_]+",
    format="svg|png|pdf",
    figure="fig[0-9]{2}",


