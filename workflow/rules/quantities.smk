"""Snapshots are measured, and experiments gather their runs into tables."""


rule quantities:
    input:
        rules.train.output.snapshots,
    output:
        f"{TRAINED}/gains.csv",
    params:
        job=quantities_job,
    log:
        f"{LOGS}/quantities/{{run}}.log",
    benchmark:
        f"{BENCHMARKS}/quantities/{{run}}.tsv"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    conda:
        ENVIRONMENT
    shell:
        "maxgain pipeline quantities {params.job:q} --snapshots {input:q} --output {output:q} "
        "2>&1 | tee {log:q}"


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
        job=curves_job,
        runs=f"{RESULTS}/runs",
    log:
        f"{LOGS}/curves/{{experiment}}.log",
    resources:
        mem_mb=1000,
        runtime=10,
    conda:
        ENVIRONMENT
    shell:
        "maxgain pipeline curves {params.job:q} --runs {params.runs:q} --output {output:q} "
        "2>&1 | tee {log:q}"
