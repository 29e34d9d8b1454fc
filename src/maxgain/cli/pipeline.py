"""The commands that the workflow's rules call: `maxgain pipeline JOB`, one a rule.

A command takes its settings as the JSON text of a typed job (`maxgain.pipeline.jobs`) and its files
as options. People use the other commands.
"""

import time
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="What the workflow's rules call.")

Job = Annotated[str, typer.Argument(metavar="JOB", help="Settings of the job, as JSON.")]
Output = Annotated[Path, typer.Option(help="File to write.")]
WeightsFolder = Annotated[Path, typer.Option("--folder", help="Folder of downloaded weights.")]


@app.command("fetch-dataset")
def fetch_dataset(
    name: Annotated[str, typer.Argument(help="Official data set.")],
    folder: Annotated[Path, typer.Argument(help="Folder for the downloaded files.")],
) -> None:
    """Download an official data set and check its content."""
    from maxgain.data.sources.official import fetch_official

    fetch_official(name, folder)


@app.command()
def prepare(job: Job, output: Output) -> None:
    """Read a data set, preprocess it, and write one file for training."""
    from maxgain.pipeline.data import prepare_dataset
    from maxgain.pipeline.jobs import PrepareJob

    prepare_dataset(PrepareJob.of_text(job), output)


@app.command()
def train(
    jobs: Annotated[list[str], typer.Argument(metavar="JOB...", help="Settings, as JSON.")],
    data: Annotated[Path, typer.Option(help="File that `prepare` wrote.")],
    output: Annotated[list[Path], typer.Option(help="Folder for the history; one a job.")],
    state: Annotated[Path | None, typer.Option(help="Folder of resumable state.")] = None,
    usage: Annotated[Path | None, typer.Option(help="Benchmark file of the call.")] = None,
) -> None:
    """Train networks in turn and keep a snapshot of every epoch.

    An interrupted call resumes from its last complete epoch when it is made again, by what it left
    in the folder of resumable state: the first OUTPUT/state if none is given.
    """
    started = time.monotonic()
    from maxgain.pipeline.jobs import TrainJob
    from maxgain.pipeline.training import train_runs
    from maxgain.pipeline.usage import write_usage

    train_runs([TrainJob.of_text(job) for job in jobs], data, output, state or output[0] / "state")
    if usage:
        write_usage(usage, started)


@app.command()
def quantities(
    job: Job,
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs that `train` wrote.")],
) -> None:
    """Measure every snapshot of runs on impulse images; each run's folder gets its gains.csv."""
    from maxgain.pipeline.jobs import QuantitiesJob
    from maxgain.pipeline.quantities import measure_snapshots

    measured = QuantitiesJob.of_text(job)
    for run in runs:
        measure_snapshots(measured, run / "snapshots.safetensors", run / "gains.csv")
        typer.echo(f"measured {run}")


@app.command("study-run")
def study_run(
    job: Job,
    data: Annotated[Path, typer.Option(help="File that `prepare` wrote.")],
    run: Annotated[Path, typer.Option(help="Folder of the training; the tables go there.")],
    twin: Annotated[Path, typer.Option(help="Folder of its twin, which held images out.")],
    partner: Annotated[Path, typer.Option(help="Folder of the training of another seed.")],
) -> None:
    """Measure what stop rules see of a training, and what they are judged by."""
    from maxgain.pipeline.jobs import StudyRunJob
    from maxgain.pipeline.stopping import measure_study_run

    measure_study_run(StudyRunJob.of_text(job), data, run, twin, partner)
    typer.echo(f"measured {run}")


@app.command("study-tables")
def study_tables(
    output: Annotated[Path, typer.Option(help="Folder of the tables to write.")],
    runs: Annotated[
        list[Path], typer.Argument(help="Folders that `study-run` measured, or of other parts.")
    ],
) -> None:
    """Gather the stopping study into runs.csv, signals.csv, outcomes.csv and data.csv.

    Of parts of it, each with these tables, provenance.json is gathered too.
    """
    from maxgain.pipeline.stopping import gather_study

    gather_study(runs, output)
    typer.echo(f"wrote the tables of {len(runs)} folders into {output}", err=True)


@app.command()
def regrets(
    study: Annotated[Path, typer.Argument(help="Folder that `study-tables` wrote.")],
) -> None:
    """Score every stop rule on the stopping study's tables; regrets, tests, ranks, the claim."""
    from maxgain.pipeline.regrets import write_regrets

    typer.echo(write_regrets(study).sentence)


@app.command()
def curves(
    job: Job, runs: Annotated[Path, typer.Option(help="Folder of the runs.")], output: Output
) -> None:
    """Gather the histories and gains of an experiment's runs into one tidy table."""
    from maxgain.pipeline.curves import write_curves
    from maxgain.pipeline.jobs import CurvesJob

    write_curves(CurvesJob.of_text(job), runs, output)


@app.command("varied-curves")
def varied_curves(
    job: Job, runs: Annotated[Path, typer.Option(help="Folder of the runs.")], output: Output
) -> None:
    """Gather an experiment whose runs were trained or are measured otherwise in one setting."""
    from maxgain.pipeline.choice_jobs import VariedCurvesJob
    from maxgain.pipeline.choices import write_varied_curves

    write_varied_curves(VariedCurvesJob.of_text(job), runs, output)
    typer.echo(f"wrote {output}", err=True)


@app.command()
def choices(
    job: Job,
    results: Annotated[Path, typer.Option(help="Folder of curves/*.csv and choices/*/*.csv.")],
    output: Output,
    page: Annotated[Path, typer.Option(help="Markdown page to write.")],
) -> None:
    """Compare varied experiments with the protocol's own: what the results owe to each choice."""
    from maxgain.pipeline.choice_jobs import ChoicesJob
    from maxgain.pipeline.choices import write_choices

    write_choices(ChoicesJob.of_text(job), results, output, page)
    typer.echo(f"wrote {output}", err=True)


@app.command()
def accuracy(
    job: Job,
    results: Annotated[Path, typer.Option(help="Folder of accuracy/*.csv.")],
    output: Output,
) -> None:
    """Set the errors of networks trained as public examples say beside the published ones."""
    from maxgain.pipeline.accuracy import write_accuracy
    from maxgain.pipeline.accuracy_jobs import AccuracyJob

    write_accuracy(AccuracyJob.of_text(job), results, output)
    typer.echo(f"wrote {output}", err=True)


@app.command()
def toy(
    table: Annotated[Path, typer.Option(help="Table of measurements to write (.csv).")],
    arrays: Annotated[Path, typer.Option(help="Arrays of figures 1 to 4 to write (.safetensors).")],
    row: Annotated[int, typer.Option(min=0, help="Row of the place of figures 2a and 3a.")] = 150,
    column: Annotated[int, typer.Option(min=0, help="Column of that place.")] = 100,
) -> None:
    """Measure the toy network of one Gaussian filter on a photograph and on an impulse."""
    from maxgain.pipeline.toy import write_toy_measurements

    write_toy_measurements(table, arrays, (row, column))


@app.command()
def figures(
    job: Job,
    files: Annotated[list[Path], typer.Argument(help="Result files that they are drawn from.")],
    output: Annotated[Path, typer.Option(help="Folder to write to.")],
) -> None:
    """Draw figures from result tables and arrays."""
    from maxgain.pipeline.figures import write_figures
    from maxgain.pipeline.jobs import FiguresJob

    for path in write_figures(FiguresJob.of_text(job), files, output):
        typer.echo(f"wrote {path}")


@app.command("fetch-weights")
def fetch_weights(
    network: Annotated[str, typer.Argument(help="Name of a pretrained network.")],
    folder: WeightsFolder = Path("weights"),
    lock: Annotated[
        Path, typer.Option(help="Checksums learnt at the first download, enforced later.")
    ] = Path("workflow/weights.lock"),
    status: Annotated[
        Path | None,
        typer.Option(help="Write success or failure to this JSON file and succeed either way."),
    ] = None,
) -> None:
    """Download the weights of one pretrained network and check them."""
    from maxgain.pipeline.zoo import fetch_network

    fetch_network(network, folder, lock, status)


@app.command("measure-network")
def measure_network(
    job: Job,
    output: Annotated[Path, typer.Option(help="Table (.csv) to write; arrays go beside it.")],
    folder: WeightsFolder = Path("weights"),
    fetched: Annotated[Path | None, typer.Option(help="Status that `fetch-weights` wrote.")] = None,
) -> None:
    """Measure one pretrained network for figures 5 to 7.

    A network that cannot be had is written down in the status beside the table and stops no other.
    """
    from maxgain.pipeline.jobs import MeasureJob
    from maxgain.pipeline.zoo import measure_pretrained

    measure_pretrained(MeasureJob.of_text(job), output, folder, fetched)


@app.command("zoo-table")
def zoo_table(
    output: Annotated[Path, typer.Option(help="Table of all networks to write.")],
    missing: Annotated[
        Path, typer.Option(help="Table of networks that could not be measured, to write.")
    ],
    tables: Annotated[
        list[Path] | None, typer.Argument(help="Tables that `measure-network` wrote; none is fine.")
    ] = None,
) -> None:
    """Gather the tables of single networks, and name the networks that are missing."""
    from maxgain.pipeline.zoo import gather_tables

    for status in gather_tables(tables or [], output, missing):
        typer.echo(f"missing: {status.name}: {status.reason}", err=True)
    typer.echo(f"wrote {output}", err=True)


@app.command("zoo-trends")
def zoo_trends(
    zoo: Annotated[Path, typer.Argument(help="Table that `zoo-table` wrote.")],
    output: Output,
) -> None:
    """Correlate gain and error between architectures, within them, and in grids of one design."""
    from maxgain.pipeline.zoo import write_trends

    write_trends(zoo, output)
    typer.echo(f"wrote {output}", err=True)


@app.command()
def diagnoses(
    output: Output,
    tables: Annotated[
        list[Path] | None, typer.Argument(help="Tables of curves, one an experiment.")
    ] = None,
) -> None:
    """Say of every run what its gain, its sensitivity and its losses mean."""
    from maxgain.pipeline.diagnoses import write_diagnoses

    write_diagnoses(tables or [], output)


@app.command()
def judge(
    results: Annotated[Path, typer.Option(help="Folder of curves/*.csv, toy.csv and zoo.csv.")],
    output: Output,
    page: Annotated[Path, typer.Option(help="Markdown page to write.")],
    note: Annotated[str, typer.Option(help="What a reader of the page must know.")] = "",
) -> None:
    """Judge every declared claim by its statistic and threshold."""
    from maxgain.pipeline.claims import judge_results

    judge_results(results, output, page, note)


@app.command()
def provenance(
    job: Job, runs: Annotated[Path, typer.Option(help="Folder of the runs.")], output: Output
) -> None:
    """Record configuration, data, package versions and devices of a results folder."""
    from maxgain.pipeline.jobs import ProvenanceJob
    from maxgain.pipeline.provenance import write_protocol_provenance

    write_protocol_provenance(ProvenanceJob.of_text(job).protocol, runs, output)
