"""What rules read, and the options they pass on: functions of wildcards over the protocol."""


def data_options(wildcards):
    """Options of `maxgain prepare` for a role's configured source."""
    source = PROTOCOL.data[wildcards.role]
    location = source.location
    if source.source == "official":
        location = PROTOCOL.data_folder / wildcards.role
    options = {
        "source": source.source,
        "location": location,
        "training-images": source.training_images,
        "validation-images": source.validation_images,
        "statistics-images": source.statistics_images,
        "label": source.label,
    }
    words = [f"--{key}={value}" for key, value in options.items() if value is not None]
    return shlex.join(words + ["--stand-in"] * source.stand_in)


def images(wildcards):
    """What a role's images are read from: the official download, or the user's folder or archive."""
    source = PROTOCOL.data[wildcards.role]
    if source.source == "official":
        return f"{PROTOCOL.data_folder}/{wildcards.role}/complete"
    return source.location or []


def training_options(wildcards):
    """Options of `maxgain train` for a run."""
    run = RUNS[wildcards.run]
    schedule = ",".join(f"{epochs}x{factor!r}" for epochs, factor in run.schedule)
    return (
        f"--network {run.network} --capacity {run.capacity!r} "
        f"--learning-rate {run.learning_rate!r} --epochs {run.epochs} "
        f"--batch-size {run.batch_size} --momentum {run.momentum!r} --schedule '{schedule}' "
        f"--seed {run.seed} --precision {run.precision}"
    )


def experiment_inputs(wildcards):
    """Tables of all runs of an experiment."""
    runs = PROTOCOL.experiments[wildcards.experiment].runs()
    files = ("history.csv", "gains.csv", "provenance.json")
    return [f"{RESULTS}/runs/{run.name}/{file}" for run in runs for file in files]


def fetched_weights(wildcards):
    """Status of the download of a network's weights, where there is something to download."""
    return [f"{WEIGHTS}/{wildcards.network}.json"] if needs_download(wildcards.network) else []


def measuring_options(wildcards, input):
    """Options of `maxgain zoo-measure`."""
    options = {"image": PROTOCOL.pretrained.image, "fetched": next(iter(input), None)}
    return shlex.join(f"--{key}={value}" for key, value in options.items() if value is not None)


def figure_inputs(wildcards):
    """Result files that a figure is drawn from."""
    return [path for file in FIGURES[wildcards.figure].files for path in FIGURE_FILES[file]]
