"""The toy network's measurements, and every figure from its tables."""
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
    resources:
        mem_mb=2000,
        runtime=10,
    conda:
        "../../environment.yml"
    shell:
        "maxgain toy --table {output.table} --arrays {output.arrays} 2>&1 | tee {log}"


rule figure:
    input:
        figure_inputs,
    output:
        report(
            expand(
                f"{FIGURE_FOLDER}/{{{{figure}}}}.{{format}}",
                format=PROTOCOL.figures.formats,
            ),
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
    params:
        tables=lambda wildcards, input: " ".join(f"--tables {path}" for path in input),
        caption=lambda wildcards: CAPTIONS[wildcards.figure],
        stem=f"{FIGURE_FOLDER}/{{figure}}",
        formats=",".join(PROTOCOL.figures.formats),
    log:
        f"{LOGS}/figure/{{figure}}.log",
    benchmark:
        f"{BENCHMARKS}/figure/{{figure}}.tsv"
    resources:
        mem_mb=2000,
        runtime=10,
    conda:
        "../../environment.yml"
    shell:
        "maxgain figure {wildcards.figure} {params.tables} --output {params.stem} "
        "--formats {params.formats} 2>&1 | tee {log}"
