"""What rules read, and the typed jobs that they hand over as JSON: functions of wildcards."""


def images(wildcards):
    """What a data set is read from: the official download, or the user's folder or archive."""
    dataset = PROTOCOL.datasets[wildcards.dataset]
    if dataset.source == "official":
        return f"{DATA_MARKS}/{dataset.set or wildcards.dataset}/complete"
    if dataset.location is None or contains_wildcard(dataset.location):
        return []
    return str(dataset.location)


def time_of_images(wildcards):
    """When a folder or archive changed that is no input, as Snakemake cannot take its braces."""
    location = PROTOCOL.datasets[wildcards.dataset].location
    watched = location is None or not contains_wildcard(location) or not location.exists()
    return None if watched else location.stat().st_mtime


def prepare_job(wildcards):
    return jobs.prepare_job(PROTOCOL, wildcards.dataset).text()


def train_job(run, threads):
    return jobs.TrainJob(run=RUNS[run], device=PROTOCOL.device, threads=threads).text()


def train_jobs(runs):
    """Function for a rule's parameter: the jobs of runs that it trains in turn."""
    return lambda wildcards, threads: [train_job(run, threads) for run in runs]


def curves_job(wildcards):
    return jobs.curves_job(PROTOCOL, wildcards.experiment).text()


def varied_curves_job(wildcards):
    varied = VARIED[wildcards.choice, wildcards.experiment]
    return choice_jobs.varied_curves_job(PROTOCOL, varied).text()


def choices_job(wildcards):
    return choice_jobs.choices_job(PROTOCOL).text()


def check_curves_job(wildcards):
    return accuracy_jobs.check_curves_job(PROTOCOL, wildcards.check).text()


def accuracy_job(wildcards):
    return accuracy_jobs.accuracy_job(PROTOCOL).text()


def figures_job(names):
    return jobs.FiguresJob(
        figures={name: REQUESTS.get(name) for name in names},
        formats=PROTOCOL.figures.formats,
    ).text()


def measure_job(wildcards):
    name = NETWORKS[wildcards.network]
    gain = PROTOCOL.gain
    return jobs.MeasureJob(
        network=name,
        image=PROTOCOL.pretrained.image,
        impulses=gain.impulses,
        seed=gain.seed,
    ).text()


def provenance_job(wildcards):
    return jobs.ProvenanceJob(protocol=PROTOCOL).text()


def tables_of(runs, dataset, measured):
    """Tables of runs, and the file that their measurement is read from."""
    if not runs:  # Their empty table must take the place of one that is there from other settings.
        return f"{RESULTS}/prepared/{dataset}.safetensors"
    files = ("history.csv", measured, "provenance.json")
    return [f"{RESULTS}/runs/{run.name}/{file}" for run in runs for file in files]


def experiment_inputs(wildcards):
    """Tables of all runs of an experiment."""
    name = wildcards.experiment
    return tables_of(PROTOCOL.runs_of(name), PROTOCOL.experiments[name].dataset, "gains.csv")


def varied_inputs(wildcards):
    """Tables of all runs of a varied experiment, and their snapshots where they are measured anew."""
    varied = VARIED[wildcards.choice, wildcards.experiment]
    measured = "snapshots.safetensors" if varied.alternative.measured_anew else "gains.csv"
    return tables_of(PROTOCOL.runs_of_varied(varied), varied.experiment.dataset, measured)


def check_inputs(wildcards):
    """Tables of all runs of an accuracy check."""
    name = wildcards.check
    return tables_of(PROTOCOL.runs_of_check(name), PROTOCOL.accuracy[name].dataset, "gains.csv")


def fetched_weights(wildcards):
    """Status of the download of a network's weights, where there is something to download."""
    if not needs_download(NETWORKS[wildcards.network]):
        return []
    return f"{WEIGHTS_MARKS}/{wildcards.network}.json"


def study_beside_them(wildcards):
    """The stopping study's regrets, which the report shows where they are."""
    return [path for path in ["results/stopping/regret.csv"] if Path(path).exists()]


def figure_files(name):
    """Result files that a figure is drawn from."""
    return [path for file in DRAWN_FIGURES[name].files for path in FIGURE_FILES[file]]


def study_inputs(wildcards):
    """The images, and what a training, its twin and its partner left."""
    studied = STUDY[wildcards.run]
    twin, partner = (f"{RESULTS}/runs/{run.name}" for run in (studied.twin, studied.partner))
    return {
        "data": f"{RESULTS}/prepared/{studied.run.dataset}.safetensors",
        "snapshots": f"{RESULTS}/runs/{wildcards.run}/snapshots.safetensors",
        "twin": f"{twin}/snapshots.safetensors",
        "twin_history": f"{twin}/history.csv",
        "partner": f"{partner}/snapshots.safetensors",
    }


def study_run_job(wildcards):
    return jobs.study_run_job(PROTOCOL, STUDY[wildcards.run]).text()
