"""How long a whole protocol trains, by the rates that were measured."""

from pathlib import Path

from benchmarks.cases import CASES, Case
from benchmarks.turns import Row
from maxgain.config.parsing import parse_protocol
from maxgain.config.protocol import Protocol
from maxgain.config.runs import Run
from maxgain.config.yaml_files import read_configuration

ROOT = Path(__file__).parents[1]

PROTOCOLS = {
    "embedded": ("config.yaml",),
    "paper": ("config.yaml", "workflow/protocols/paper.yaml"),
}
"""Files of each protocol, from the lowest."""

COLUMNS = (
    "protocol",
    "loop",
    "precision",
    "runs",
    "training_images",
    "hours",
    "ratio_to_plain",
)


def protocol_rows(rows: list[Row]) -> list[Row]:
    """Hours of training of each protocol, by each loop, on all cores of the machine.

    Images that are trained on, over the rate of their network; validation, start-up and
    measurements are in no loop. Rates are those of batches of 100.

    Parameters
    ----------
    rows
        Of `benchmarks.turns.COLUMNS`.
    """
    rates: dict[tuple[str, str], dict[str, float]] = {}
    for row in rows:
        kind = (str(row["loop"]), str(row["precision"]))
        rates.setdefault(kind, {})[str(row["network"])] = float(str(row["images_per_second"]))
    found: list[Row] = []
    for name, files in PROTOCOLS.items():
        protocol = parse_protocol(read_configuration([ROOT / file for file in files]))
        images, runs = images_by_network(protocol)
        hours = {
            kind: sum(count / rate[label] for label, count in images.items()) / 3600
            for kind, rate in rates.items()
            if images.keys() <= rate.keys()
        }
        found += [
            {
                "protocol": name,
                "loop": loop,
                "precision": precision,
                "runs": runs,
                "training_images": sum(images.values()),
                "hours": value,
                "ratio_to_plain": hours["plain", "fp32"] / value,
            }
            for (loop, precision), value in hours.items()
        ]
    return found


def images_by_network(protocol: Protocol) -> tuple[dict[str, int], int]:
    """Images trained on, by the label of their network's case, and the number of runs."""
    images: dict[str, int] = {}
    runs = protocol.runs()
    for run in runs.values():
        case = _case_of(run)
        chosen = protocol.datasets[run.dataset].sizes.training_images
        images[case.label] = images.get(case.label, 0) + run.epochs * (chosen or case.images)
    return images, len(runs)


def _case_of(run: Run) -> Case:
    kind = run.architecture, run.capacity
    return next(case for case in CASES if (case.network, case.capacity) == kind)
