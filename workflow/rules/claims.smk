"""Runs are diagnosed, claims are judged, and what the results were made from is recorded."""


rule diagnoses:
    input:
        CURVES.values(),
    output:
        report(
            DIAGNOSES,
            caption="../report/diagnoses.rst",
            category="Tables",
            labels={"table": "diagnoses"},
        ),
    log:
        f"{LOGS}/diagnoses.log",
    resources:
        mem_mb=1000,
        runtime=10,
    conda:
        ENVIRONMENT
    shell:
        "maxgain pipeline diagnoses {input:q} --output {output:q} 2>&1 | tee {log:q}"


rule judge:
    input:
        curves=CURVES.values(),
        toy=f"{RESULTS}/toy.csv",
        zoo=f"{RESULTS}/zoo.csv",
    output:
        table=report(
            f"{RESULTS}/verdicts.csv",
            caption="../report/verdicts.rst",
            category="Verdicts",
            labels={"table": "verdicts"},
        ),
        page=f"{RESULTS}/verdicts.md",
    params:
        results=lambda wildcards, input: Path(input.toy).parent,
        # A function, as Snakemake takes braces in a user's text for wildcards.
        note=lambda wildcards: [f"--note={PROTOCOL.note}"] if PROTOCOL.note else [],
    log:
        f"{LOGS}/judge.log",
    resources:
        mem_mb=2000,
        runtime=20,
    conda:
        ENVIRONMENT
    shell:
        "maxgain pipeline judge --results {params.results:q} --output {output.table:q} "
        "--page {output.page:q} {params.note:q} 2>&1 | tee {log:q}"


rule provenance:
    input:
        # Of every training, those of choices and accuracy checks too.
        STUDY_TABLES if STUDY else [*VERDICTS, *CHOICES, *ACCURACY],
    output:
        PROVENANCE,
    params:
        job=provenance_job,
        runs=f"{RESULTS}/runs",
    log:
        f"{LOGS}/provenance.log",
    resources:
        mem_mb=1000,
        runtime=10,
    conda:
        ENVIRONMENT
    shell:
        "maxgain pipeline provenance {params.job:q} --runs {params.runs:q} --output {output:q} "
        "2>&1 | tee {log:q}"
