"""The typed configuration and every path; all other rules take both from here."""

import re
import shlex
import sys
from pathlib import Path

from snakemake.io import contains_wildcard

from maxgain.config.parsing import parse_protocol_with_notes
from maxgain.config.yaml_files import check_command_line, read_configuration
from maxgain.errors import InputError
from maxgain.figures.registry import FIGURES
from maxgain.figures.rows import row_of_request
from maxgain.tables.stopping import STUDY_OUTPUTS
from maxgain.pipeline import accuracy_jobs, choice_jobs, jobs
from maxgain.pipeline.progress import TrainingsProgress, show_progress
from maxgain.zoo.names import compares_within, file_stem, needs_download, resolve_networks


def escaped(path):
    """A path as Snakemake takes one where it formats it: braces are doubled."""
    return str(path).replace("{", "{{").replace("}", "}}")


# Jobs call the `maxgain` of the environment that runs Snakemake, activated or not; a failure
# before a pipe counts (a prefix of our own takes the place of the default one that says so).
BINARIES = shlex.quote(str(Path(sys.executable).parent))
shell.prefix(f"set -euo pipefail; export PATH={escaped(BINARIES)}:$PATH; ")

try:
    # Read anew and strictly: Snakemake's reader takes 010 for 8 and the last of two sections.
    check_command_line(sys.argv)
    PROTOCOL, NOTES = parse_protocol_with_notes(
        read_configuration(
            ["config.yaml", *workflow.config_settings.configfiles], workflow.config_settings.config
        )
    )
    jobs.check_names(PROTOCOL)
    NETWORKS = {file_stem(name): name for name in resolve_networks(PROTOCOL.pretrained.networks)}
except InputError as error:
    raise WorkflowError(f"{error}") from None

if NOTES:
    logger.warning("\n  ".join(["the configuration is of an older form; today it reads:", *NOTES]))


# Absolute, as the clone's folder may have braces in its name.
ENVIRONMENT = escaped(Path(workflow.basedir) / "environment.yml")
RUNS = PROTOCOL.runs()
TRAINED_PARTS = jobs.trained_parts(PROTOCOL)
# A run's log is that of the first which is trained with it.
LEADERS = {run: part[0] for part in TRAINED_PARTS for run in part}
COSTS = jobs.costs(PROTOCOL)
RESULTS = f"results/{PROTOCOL.protocol}"
FIGURE_FOLDER = f"figures/{PROTOCOL.protocol}"
TRAINED = f"{RESULTS}/runs/{{run}}"
LOGS = f"{RESULTS}/logs"
BENCHMARKS = f"{RESULTS}/benchmarks"

# A protocol with a stopping study makes its tables alone; its trainings' order is that of its cells,
# so that what is compared is trained one after the other and its snapshots need not be kept long.
STUDY = PROTOCOL.study_runs()
STUDY_TABLES = [f"{RESULTS}/{name}.csv" for name in ("runs", "signals", "outcomes", "data")]
STUDY_OUTCOMES = [f"{RESULTS}/{name}" for name in STUDY_OUTPUTS]
ORDER = {name: len(RUNS) - place for place, name in enumerate(RUNS)} if STUDY else COSTS

# A training's priority is its cost, which is far less.
BEFORE_TRAININGS = 1000000

VERDICTS = [f"{RESULTS}/verdicts.csv", f"{RESULTS}/verdicts.md"]
DIAGNOSES = f"{RESULTS}/diagnoses.csv"
PROVENANCE = f"{RESULTS}/provenance.json"
REPORT = f"{RESULTS}/report.html"
CURVES = {name: f"{RESULTS}/curves/{name}.csv" for name in PROTOCOL.experiments}
VARIED = {
    (varied.alternative.choice, varied.alternative.of): varied for varied in PROTOCOL.varied()
}
VARIED_CURVES = [f"{RESULTS}/choices/{choice}/{of}.csv" for choice, of in VARIED]
CHOICES = [f"{RESULTS}/choices.csv", f"{RESULTS}/choices.md"] if VARIED else []
# Apart from `curves`, which claims and diagnoses are of.
CHECK_CURVES = [f"{RESULTS}/accuracy/{name}.csv" for name in PROTOCOL.accuracy]
ACCURACY = [f"{RESULTS}/accuracy.csv"] if PROTOCOL.accuracy else []
WEIGHTS = PROTOCOL.pretrained.weights_folder


def marks(folder, name):
    """Where marks say what is complete in a folder of downloads: there, so that clones share them.

    Snakemake takes braces in the path of an input or output for wildcards, and nothing escapes
    them: for a folder with such, the marks lie beside the results.
    """
    return f"{RESULTS}/{name}" if contains_wildcard(folder) else str(folder)


DATA_MARKS = marks(PROTOCOL.data_folder, "downloads")
WEIGHTS_MARKS = marks(WEIGHTS, "weights")
WEIGHTS_LOCK = "workflow/weights.lock"
ZOO = f"{RESULTS}/zoo"

# Only of several networks of one architecture can something be said within it.
TRENDS = {}
if compares_within(NETWORKS.values()):
    TRENDS["zoo_trends.csv"] = [f"{RESULTS}/zoo_trends.csv"]

# The files that figures are drawn from, by the names that the figures know them by.
FIGURE_FILES = {
    "toy.safetensors": [f"{RESULTS}/toy.safetensors"],
    "zoo.csv": [f"{RESULTS}/zoo.csv"],
    "zoo_missing.csv": [f"{RESULTS}/zoo_missing.csv"],
    **TRENDS,
    "*.safetensors": [f"{ZOO}/{network}.safetensors" for network in NETWORKS],
    **{f"{name}.csv": [path] for name, path in CURVES.items()},
}
if STUDY:
    FIGURE_FILES = {Path(path).name: [path] for path in [*STUDY_TABLES, *STUDY_OUTCOMES]}
# The registry's figures for which there are files, and those that the configuration asks for.
REQUESTS = {request.name: request for request in PROTOCOL.figures.requests}
DRAWN_FIGURES = {
    **{row.name: row for row in FIGURES.rows() if set(row.files) <= FIGURE_FILES.keys()},
    **{name: row_of_request(request) for name, request in REQUESTS.items()},
}
DRAWN_PARTS = jobs.drawn_parts(
    {name: row.files for name, row in DRAWN_FIGURES.items()}, PROTOCOL.drawn_together
)


RUN = "[^/]+/[^/]+/[^/]+/seed[0-9]+"
TRAINED_ALONE = f"(?!(?:{'|'.join(map(re.escape, LEADERS))})/){RUN}" if LEADERS else RUN


wildcard_constraints:
    set="[a-z0-9-]+",
    dataset="[A-Za-z0-9_.-]+",
    run=RUN,
    experiment="[A-Za-z0-9_.-]+",
    choice="[A-Za-z0-9_.-]+",
    check="[A-Za-z0-9_.-]+",
    network="[^/]+",
