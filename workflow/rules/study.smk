"""The stopping study: trainings are measured with their twins, then rules are judged."""


rule study_run:
    input:
        unpack(study_inputs),
    output:
        expand(f"{TRAINED}/{{file}}.csv", file=["run", "quantities", "outcomes"], allow_missing=True),
    params:
        job=study_run_job,
        run=TRAINED,
        twin=lambda wildcards, input: Path(input.twin).parent,
        partner=lambda wildcards, input: Path(input.partner).parent,
    log:
        f"{LOGS}/study_run/{{run}}.log",
    benchmark:
        f"{BENCHMARKS}/study_run/{{run}}.tsv"
    # Before further trainings: the snapshots that it reads are then removed.
    priority: 2 * BEFORE_TRAININGS
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    conda:
        ENVIRONMENT
    shell:
        "maxgain pipeline study-run {params.job:q} --data {input.data:q} --run {params.run:q} "
        "--twin {params.twin:q} --partner {params.partner:q} 2>&1 | tee {log:q}"


rule study_tables:
    input:
        expand(rules.study_run.output, run=STUDY),
    output:
        STUDY_TABLES,
    params:
        runs=expand(TRAINED, run=STUDY),
        folder=lambda wildcards, output: Path(output[0]).parent,
    log:
        f"{LOGS}/study_tables.log",
    resources:
        mem_mb=2000,
        runtime=20,
    conda:
        ENVIRONMENT
    shell:
        "maxgain pipeline study-tables {params.runs:q} --output {params.folder:q} "
        "2>&1 | tee {log:q}"


rule study_regrets:
    input:
        STUDY_TABLES,
        # The page says how many of the declared cells there are.
        PROVENANCE,
    output:
        STUDY_OUTCOMES,
    params:
        folder=lambda wildcards, output: Path(output[0]).parent,
    log:
        f"{LOGS}/study_regrets.log",
    resources:
        mem_mb=2000,
        runtime=20,
    conda:
        ENVIRONMENT
    shell:
        "maxgain pipeline regrets {params.folder:q} 2>&1 | tee {log:q}"
