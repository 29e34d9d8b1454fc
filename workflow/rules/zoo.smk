"""Pretrained networks: weights are fetched, each network is measured, the tables are gathered."""


localrules:
    fetch_weights,


# A dead link is written into the status and stops no other network; `--forcerun fetch_weights`
# tries again.
rule fetch_weights:
    output:
        f"{WEIGHTS_MARKS}/{{network}}.json",
    params:
        name=lambda wildcards: NETWORKS[wildcards.network],
        folder=WEIGHTS,
        lock=WEIGHTS_LOCK,
    log:
        f"{LOGS}/fetch_weights/{{network}}.log",
    benchmark:
        f"{BENCHMARKS}/fetch_weights/{{network}}.tsv"
    resources:
        mem_mb=4000,
        runtime=240,
    conda:
        ENVIRONMENT
    shell:
        "maxgain pipeline fetch-weights --folder {params.folder:q} --lock {params.lock:q} "
        "--status {output:q} -- {params.name:q} 2>&1 | tee {log:q}"


rule measure_network:
    input:
        fetched_weights,
    output:
        table=f"{ZOO}/{{network}}.csv",
        arrays=f"{ZOO}/{{network}}.safetensors",
        status=f"{ZOO}/{{network}}.json",
    params:
        job=measure_job,
        fetched=lambda wildcards, input: [f"--fetched={path}" for path in input],
        folder=WEIGHTS,
    log:
        f"{LOGS}/measure_network/{{network}}.log",
    benchmark:
        f"{BENCHMARKS}/measure_network/{{network}}.tsv"
    priority: BEFORE_TRAININGS  # As the toy network's, and so that a missing network is told at once.
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    conda:
        ENVIRONMENT
    shell:
        "maxgain pipeline measure-network {params.job:q} --output {output.table:q} "
        "--folder {params.folder:q} {params.fetched:q} 2>&1 | tee {log:q}"


rule zoo_table:
    input:
        tables=[f"{ZOO}/{network}.csv" for network in NETWORKS],
        statuses=[f"{ZOO}/{network}.json" for network in NETWORKS],
    output:
        table=report(
            f"{RESULTS}/zoo.csv",
            caption="../report/zoo.rst",
            category="Tables",
            labels={"table": "pretrained networks"},
        ),
        missing=f"{RESULTS}/zoo_missing.csv",
    log:
        f"{LOGS}/zoo_table.log",
    benchmark:
        f"{BENCHMARKS}/zoo_table.tsv"
    resources:
        mem_mb=1000,
        runtime=10,
    conda:
        ENVIRONMENT
    shell:
        "maxgain pipeline zoo-table {input.tables:q} --output {output.table:q} "
        "--missing {output.missing:q} 2>&1 | tee {log:q}"


rule zoo_trends:
    input:
        rules.zoo_table.output.table,
    output:
        report(
            f"{RESULTS}/zoo_trends.csv",
            caption="../report/zoo_trends.rst",
            category="Tables",
            labels={"table": "trends over pretrained networks"},
        ),
    log:
        f"{LOGS}/zoo_trends.log",
    benchmark:
        f"{BENCHMARKS}/zoo_trends.tsv"
    resources:
        mem_mb=1000,
        runtime=10,
    conda:
        ENVIRONMENT
    shell:
        "maxgain pipeline zoo-trends {input:q} --output {output:q} 2>&1 | tee {log:q}"
