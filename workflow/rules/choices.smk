"""What the paper leaves open is taken otherwise, and the results are compared."""


rule varied_curves:
    input:
        varied_inputs,
    output:
        f"{RESULTS}/choices/{{choice}}/{{experiment}}.csv",
    params:
        job=varied_curves_job,
        runs=f"{RESULTS}/runs",
    log:
        f"{LOGS}/varied_curves/{{choice}}/{{experiment}}.log",
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=60,
    conda:
        ENVIRONMENT
    shell:
        "maxgain pipeline varied-curves {params.job:q} --runs {params.runs:q} --output {output:q} "
        "2>&1 | tee {log:q}"


rule choices:
    input:
        VARIED_CURVES,
        CURVES.values(),
    output:
        table=f"{RESULTS}/choices.csv",
        page=f"{RESULTS}/choices.md",
    params:
        job=choices_job,
        results=lambda wildcards, output: Path(output.table).parent,
    log:
        f"{LOGS}/choices.log",
    resources:
        mem_mb=2000,
        runtime=30,
    conda:
        ENVIRONMENT
    shell:
        "maxgain pipeline choices {params.job:q} --results {params.results:q} "
        "--output {output.table:q} --page {output.page:q} 2>&1 | tee {log:q}"
