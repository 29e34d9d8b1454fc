"""Every run is trained once: by itself, or in turn with the same setting's other seeds."""


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
        job=lambda wildcards, threads: train_job(wildcards.run, threads),
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
        gpu_places=1,  # Of those that a profile for one card declares.
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    conda:
        ENVIRONMENT
    wildcard_constraints:
        run=TRAINED_ALONE,
    shell:
        # Epochs go to the log, which the display of all trainings reads; errors are seen too.
        ": > {log:q}; "
        "maxgain pipeline train {params.job:q} --data {input:q} --output {params.folder:q} "
        "--state {params.state:q} --usage {params.usage:q} 2>&1 >> {log:q} | tee -a {log:q}"


for NUMBER, TOGETHER in enumerate(TRAINED_PARTS):

    rule:
        name:
            f"train_{NUMBER}"
        input:
            f"{RESULTS}/prepared/{RUNS[TOGETHER[0]].dataset}.safetensors",
        output:
            expand(rules.train.output, run=TOGETHER),
        params:
            jobs=train_jobs(TOGETHER),
            folders=expand(f"--output={TRAINED}", run=TOGETHER),
            state=f"{RESULTS}/state",
            usage=f"{BENCHMARKS}/train/{TOGETHER[0]}.tsv",
        log:
            f"{LOGS}/train/{TOGETHER[0]}.log",
        threads: PROTOCOL.threads
        priority: round(sum(ORDER[run] for run in TOGETHER))
        retries: 3
        resources:
            gpu_places=1,
            mem_mb=lambda wildcards, attempt: 4000 * attempt,
            runtime=lambda wildcards, attempt: 240 * attempt,
        conda:
            ENVIRONMENT
        shell:
            ": > {log:q}; "
            "maxgain pipeline train {params.jobs:q} --data {input:q} {params.folders:q} "
            "--state {params.state:q} --usage {params.usage:q} 2>&1 >> {log:q} | tee -a {log:q}"
