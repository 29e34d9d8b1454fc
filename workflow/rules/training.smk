"""Every run is trained once."""


rule train:
    input:
        lambda wildcards: f"{RESULTS}/prepared/{RUNS[wildcards.run].dataset}.safetensors",
    output:
        history=f"{TRAINED}/history.csv",
        # Those of the study are too many to be kept: its tables are what is asked for.
        snapshots=(temp if STUDY else str)(f"{TRAINED}/snapshots.safetensors"),
        seconds=f"{TRAINED}/seconds.csv",
        provenance=f"{TRAINED}/provenance.json",
    params:
        job=train_job,
        folder=lambda wildcards, output: Path(output.history).parent,
        state=f"{RESULTS}/state",
        # Written by the training itself: a benchmark of Snakemake's would slow short ones down.
        usage=f"{BENCHMARKS}/train/{{run}}.tsv",
    log:
        f"{LOGS}/train/{{run}}.log",
    threads: PROTOCOL.threads
    # Long jobs first: a short one left for the end costs less idle time than a long one.
    priority: lambda wildcards: round(ORDER[wildcards.run])
    # A retry resumes from the last complete epoch, so a time limit costs one epoch, not a run.
    retries: 3
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    conda:
        ENVIRONMENT
    shell:
        # Epochs go to the log, which the display of all trainings reads; errors are seen too.
        ": > {log:q}; "
        "maxgain pipeline train {params.job:q} --data {input:q} --output {params.folder:q} "
        "--state {params.state:q} --usage {params.usage:q} 2>&1 >> {log:q} | tee -a {log:q}"
