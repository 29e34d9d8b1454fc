"""The toy network of section III is measured."""


rule toy:
    output:
        table=report(
            f"{RESULTS}/toy.csv",
            caption="../report/toy.rst",
            category="Tables",
            labels={"table": "toy network"},
        ),
        arrays=f"{RESULTS}/toy.safetensors",
    log:
        f"{LOGS}/toy.log",
    benchmark:
        f"{BENCHMARKS}/toy.tsv"
    # Before the trainings: what is left for the end has a core idle beside it.
    priority: BEFORE_TRAININGS
    resources:
        mem_mb=2000,
        runtime=10,
    conda:
        ENVIRONMENT
    shell:
        "maxgain pipeline toy --table {output.table:q} --arrays {output.arrays:q} 2>&1 | tee {log:q}"
