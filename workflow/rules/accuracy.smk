"""Networks are trained as public examples say, and their errors stand beside the published ones."""


rule check_curves:
    input:
        check_inputs,
    output:
        f"{RESULTS}/accuracy/{{check}}.csv",
    params:
        job=check_curves_job,
        runs=f"{RESULTS}/runs",
    log:
        f"{LOGS}/check_curves/{{check}}.log",
    resources:
        mem_mb=1000,
        runtime=10,
    conda:
        ENVIRONMENT
    shell:
        "maxgain pipeline curves {params.job:q} --runs {params.runs:q} --output {output:q} "
        "2>&1 | tee {log:q}"


rule accuracy:
    input:
        CHECK_CURVES,
    output:
        report(
            f"{RESULTS}/accuracy.csv",
            caption="../report/accuracy.rst",
            category="Tables",
            labels={"table": "accuracy checks"},
        ),
    params:
        job=accuracy_job,
        results=lambda wildcards, output: Path(output[0]).parent,
    log:
        f"{LOGS}/accuracy.log",
    resources:
        mem_mb=1000,
        runtime=10,
    conda:
        ENVIRONMENT
    shell:
        "maxgain pipeline accuracy {params.job:q} --results {params.results:q} --output {output:q} "
        "2>&1 | tee {log:q}"
