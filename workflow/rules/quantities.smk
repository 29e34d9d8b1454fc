"""Snapshots are measured, and experiments gather their runs into tables."""

# One rule a part of an experiment's runs: a measurement takes a fraction of a second, its job's
# start-up two, and each run keeps its own table.
for NUMBER, MEASURED in enumerate(jobs.measured_parts(PROTOCOL)):

    rule:
        name:
            f"quantities_{NUMBER}"
        input:
            expand(rules.train.output.snapshots, run=MEASURED),
        output:
            expand(f"{TRAINED}/gains.csv", run=MEASURED),
        params:
            job=jobs.QuantitiesJob(gain=PROTOCOL.gain).text(),
            folders=expand(TRAINED, run=MEASURED),
        log:
            f"{LOGS}/quantities/{NUMBER}.log",
        benchmark:
            f"{BENCHMARKS}/quantities/{NUMBER}.tsv"
        group:
            "measurements"
        resources:
            mem_mb=lambda wildcards, attempt: 3000 * attempt,
            runtime=10 + len(MEASURED),
        conda:
            ENVIRONMENT
        shell:
            "maxgain pipeline quantities {params.job:q} {params.folders:q} 2>&1 | tee {log:q}"


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
