"""The tables of the stopping study: of one training with its twin, and of all of them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor, nn

from maxgain.config.runs import Run
from maxgain.config.stopping import HALVES
from maxgain.data.held_out import kept_and_held_out
from maxgain.data.label_noise import true_labels
from maxgain.data.prepared import PreparedData, load_prepared
from maxgain.errors import InputError
from maxgain.files.csv import read_frame, write_table
from maxgain.files.provenance import read_run_provenance
from maxgain.kernels.accelerate import accelerate
from maxgain.networks.recipes import initial_network, parameter_rates
from maxgain.pipeline.jobs import StudyRunJob
from maxgain.pipeline.provenance import merge_provenances
from maxgain.quantities.measure import measure_run
from maxgain.quantities.registry import QUANTITIES
from maxgain.quantities.snapshot import Snapshot, TrainingImages
from maxgain.response.probes import impulse_image, impulse_set
from maxgain.tables.quantities import read_quantities, signals_of, write_quantities
from maxgain.tables.stopping import (
    DATA_COLUMNS,
    HELD_OUT,
    OUTCOME_COLUMNS,
    STUDY_RUN_COLUMNS,
    StudyTables,
    checked_study,
    read_runs,
    read_study,
    write_frame,
    write_study,
)
from maxgain.training.batches import Images, derived_seed
from maxgain.training.engine import Score, evaluate
from maxgain.training.snapshots import read_snapshots
from maxgain.training.threads import use_threads

States = Mapping[str, Float[Tensor, "epochs *parameter"]]


def measure_study_run(job: StudyRunJob, data: Path, run: Path, twin: Path, partner: Path) -> None:
    """Measure what stop rules see of a training, and what they are judged by.

    Writes into the run's folder run.csv (its row of runs.csv), quantities.csv (every registered
    quantity of every snapshot) and outcomes.csv (losses of the run and its twin on two halves of
    the test images and on the images held out).

    Parameters
    ----------
    data
        File that `maxgain pipeline prepare` wrote.
    run, twin, partner
        Folders that `maxgain pipeline train` wrote; without another seed the partner is the run,
        and what compares two trainings is no number.

    Raises
    ------
    InputError
        A file is missing or damaged, the images have no room for the impulses, the labels of the
        images held out cannot be told, or the pixels were divided in preprocessing.
    """
    use_threads(1)
    prepared = load_prepared(data)
    if prepared.pixel_scale is not None:
        raise InputError(
            f"{data} was preprocessed by {prepared.preprocessing}, which divides pixels; the "
            "stopping study measures per 0-255 pixel: take mean-image or contrast-and-whitening."
        )
    studied = _Studied(job.run, prepared)
    snapshots = read_snapshots(run / "snapshots.safetensors").parameters
    write_table(run / "run.csv", (*STUDY_RUN_COLUMNS, HELD_OUT), [_run_row(job, prepared)])
    other = None
    if partner != run:
        other = read_snapshots(partner / "snapshots.safetensors").parameters
    measured = measure_run(
        studied.frame(job.gain.impulses, job.gain.seed, job.gain.impulse_value),
        snapshots,
        [row.name for row in QUANTITIES.rows() if other is not None or row.needs != "pair"],
        other,
    )
    write_quantities(
        run / "quantities.csv", ({"run": job.run.name} | asdict(row) for row in measured)
    )
    twins = read_snapshots(twin / "snapshots.safetensors").parameters
    rows = _outcome_rows(
        studied, (snapshots, _history(run)), (twins, _history(twin)), job.twin.held_out
    )
    write_table(run / "outcomes.csv", OUTCOME_COLUMNS, rows)


def _history(run: Path) -> pd.DataFrame:
    """What training wrote of each epoch, on its images and on half a of the test images."""
    columns = ("training_loss", "validation_loss", "validation_error")
    return read_frame(run / "history.csv", ("epoch",), columns)


def _run_row(job: StudyRunJob, prepared: PreparedData) -> dict[str, object]:
    run = job.run
    network = f"{run.network}-x{run.capacity:g}"
    if run.momentum != type(run).momentum:
        network += f"-momentum{run.momentum:g}"
    return {
        "run": run.name,
        "dataset": job.base,
        "network": network,
        "training_images": len(prepared.training_labels),
        "noise_rate": job.noise_rate,
        "rate_factor": run.rate_factor,
        "seed": run.seed,
        "epochs": run.epochs,
        "impulses": job.gain.impulses,
        "classes": prepared.number_of_classes,
        "ranked": int(job.ranked),
        HELD_OUT: job.twin.held_out,
    }


@dataclass(frozen=True)
class _Studied:
    """A run's network and images as they are measured."""

    run: Run
    prepared: PreparedData

    def initial(self) -> nn.Module:
        """The network at its first weights, as training had them."""
        height, width, channels = self.prepared.training_images.shape[1:]
        return initial_network(
            self.run.architecture,
            (channels, height, width),
            self.prepared.number_of_classes,
            self.run.capacity,
            self.run.initialisation,
            derived_seed(self.run.seed, 0),
        )

    def frame(self, impulses: int, seed: int, value: float) -> Snapshot:
        """What all snapshots of the run share."""
        network = self.initial()
        state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        pixels = self.prepared.training_images.permute(0, 3, 1, 2)
        channels, height, width = pixels.shape[1:]
        size = channels, height, width
        names = {parameter: name for name, parameter in network.named_parameters()}
        rates = parameter_rates(network, self.run.architecture, self.run.initialisation)
        return Snapshot(
            network,
            state,
            TrainingImages(pixels, self.prepared.training_labels),
            torch.stack(
                [
                    impulse_image(*size, value=value),
                    *(impulse_set(*size, impulses, seed=seed, value=value) if impulses else ()),
                ]
            ),
            self.run.learning_rate,
            initial=state,
            twin=accelerate(network) if self.run.fast else None,
            multipliers={names[one]: rate for rate, group in rates.items() for one in group},
            momentum=self.run.momentum,
        )


def _outcome_rows(
    studied: _Studied,
    run: tuple[States, pd.DataFrame],
    twin: tuple[States, pd.DataFrame],
    held_out: float,
) -> Iterator[dict[str, object]]:
    """Rows of outcomes.csv; half a of the test images stands in the histories."""
    network = studied.initial().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    fast = accelerate(network) if studied.run.fast else network
    prepared, half = studied.prepared, slice(1, None, HALVES)
    half_b = Images(prepared.validation_images[half].contiguous(), prepared.validation_labels[half])
    noisy, clean = _held_out(prepared, held_out)
    for place in range(studied.run.epochs):
        row: dict[str, object] = {"run": studied.run.name, "epoch": place + 1}
        for prefix, (states, history) in (("", run), ("twin_", twin)):
            network.load_state_dict({name: values[place] for name, values in states.items()})
            found = _score(fast, network, half_b)
            row |= {
                f"{prefix}test_loss_a": history["validation_loss"][place],
                f"{prefix}test_error_a": history["validation_error"][place],
                f"{prefix}test_loss_b": found.loss,
                f"{prefix}test_error_b": found.error,
            }
        row["twin_training_loss"] = twin[1]["training_loss"][place]
        row["held_out_loss"] = _score(fast, network, noisy).loss
        row["clean_held_out_loss"] = _score(fast, network, clean).loss
        yield row


def _score(fast: nn.Module, network: nn.Module, images: Images) -> Score:
    """Loss and error of images; NaN for a network with a weight that is not finite."""
    if not all(bool(value.isfinite().all()) for value in network.parameters()):
        return Score(math.nan, math.nan, math.nan)
    return evaluate(fast, images, "fp32")


def _held_out(prepared: PreparedData, share: float) -> tuple[Images, Images]:
    """The images that the twin was not trained on, with their labels and with the true ones."""
    labels = prepared.training_labels
    noise = prepared.label_noise
    true = labels if noise is None else true_labels(labels, prepared.number_of_classes, noise)
    _, held_out = kept_and_held_out(labels, share)
    pixels = prepared.training_images[held_out]
    return Images(pixels, labels[held_out]), Images(pixels, true[held_out])


def gather_study(folders: Sequence[Path], output: Path) -> None:
    """Gather the tables of a study's runs into runs.csv, signals.csv, outcomes.csv and data.csv.

    Parameters
    ----------
    folders
        Of runs, each measured by :func:`measure_study_run`, or of other parts of the study, with
        the four tables of theirs. Of parts alone the provenance is gathered too, and its protocol
        is that of the first.
    output
        Folder of the four tables; it may be one of the folders.

    Raises
    ------
    InputError
        A table is missing or damaged, a run stands in two folders, it has other epochs than 1 to
        its length, or parts are of different data.
    """
    parts = [_study_in(folder) for folder in folders]
    tables = StudyTables(
        pd.concat([part.runs for part, _ in parts], ignore_index=True),
        pd.concat([part.signals for part, _ in parts], ignore_index=True),
        pd.concat([part.outcomes for part, _ in parts], ignore_index=True),
    )
    data = pd.concat([table for _, table in parts]).drop_duplicates("dataset")
    checked = checked_study(tables)
    if all(map(_is_part, folders)):
        made = [folder / "provenance.json" for folder in folders]
        merge_provenances(made, output / "provenance.json")
    write_study(checked, output)
    write_frame(data, output / "data.csv")


def _is_part(folder: Path) -> bool:
    """Whether a folder is of a part of the study, and not of one run."""
    return (folder / "runs.csv").exists()


def _study_in(folder: Path) -> tuple[StudyTables, pd.DataFrame]:
    """The tables of a folder, of one run or of many, and what its data sets are."""
    if _is_part(folder):
        return read_study(folder), read_frame(folder / "data.csv", DATA_COLUMNS)
    runs = read_runs(folder / "run.csv")
    signals = signals_of(read_quantities(folder / "quantities.csv"))
    losses = OUTCOME_COLUMNS[2:]
    outcomes = read_frame(folder / "outcomes.csv", OUTCOME_COLUMNS, losses, ("epoch",))
    settings = read_run_provenance(folder / "provenance.json")["settings"]
    # Sizes and noise, which differ from run to run, follow the name.
    label = str(settings["data"]).split(", ")[0]
    told = {"dataset": runs["dataset"].iloc[0], "label": label, "stand_in": settings["stand_in"]}
    return StudyTables(runs, signals, outcomes), pd.DataFrame([told], columns=list(DATA_COLUMNS))
