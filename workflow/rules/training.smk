"""Every run is trained once, its snapshots are measured, and experiments gather their runs."""


rule train:
    input:
        lambda wildcards: f"{RESULTS}/prepared/{RUNS[wildcards.run].dataset}.safetensors",
    output:
        history=f"{TRAINED}/history.csv",
        snapshots=f"{TRAINED}/snapshots.safetensors",
        seconds=f"{TRAINED}/seconds.csv",
        provenance=f"{TRAINED}/provenance.json",
    params:
        options=training_options,
        device=PROTOCOL.device,
        folder=lambda wildcards, output: Path(output.history).parent,
        state=f"{RESULTS}/state",
    log:
        f"{LOGS}/train/{{run}}.log",
    benchmark:
        f"{BENCHMARKS}/train/{{run}}.tsv"
    threads: PROTOCOL.threads
    # Long jobs first: a short one left for the end costs less idle time than a long one.
    priority: lambda wildcards: round(RUNS[wildcards.run].cost)
    # A retry resumes from the last complete epoch, so a time limit costs one epoch, not a run.
    retries: 3
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    conda:
        "../../environment.yml"
    shell:
        "maxgain train --data {input} --output {params.folder} {params.options} "
        "--device {params.device} --threads {threads} --state {params.state} 2>&1 | tee {log}"


rule gain:
    input:
        rules.train.output.snapshots,
    output:
        f"{TRAINED}/gains.csv",
    params:
        impulse=PROTOCOL.gain.impulse,
        value=PROTOCOL.gain.impulse_value,
        projection=PROTOCOL.gain.projection,
    log:
        f"{LOGS}/gain/{{run}}.log",
    benchmark:
        f"{BENCHMARKS}/gain/{{run}}.tsv"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    conda:
        "../../environment.yml"
    shell:
        "maxgain gain --snapshots {input} --output {output} --impulse {params.impulse} "
        "--impulse-value {params.value} --projection {params.projection} 2>&1 | tee {log}"


rule curves:
    input:
        experiment_inputs,
    output:
        report(
            f"{RESULTS}/curves/{{experiment}}.csv",
            caption="../report/curves.rst",
            category="Tables",
            labels={"table": "curves of {experiment}"},
        ),
    params:
        experiment=lambda wildcards: PROTOCOL.experiments[wildcards.experiment].model_dump_json(),
        runs=f"{RESULTS}/runs",
    log:
        f"{LOGS}/curves/{{experiment}}.log",
    resources:
        mem_mb=1000,
        runtime=10,
    conda:
        "../../environment.yml"
    shell:
        "maxgain curves {wildcards.experiment} --experiment {params.experiment:q} "
        "--runs {params.runs} --output {output} 2>&1 | tee {log}"
