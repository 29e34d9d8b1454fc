"""Every figure is drawn from result tables."""


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
        job=figure_job,
        caption=lambda wildcards: DRAWN_FIGURES[wildcards.figure].caption,
        stem=f"{FIGURE_FOLDER}/{{figure}}",
    log:
        f"{LOGS}/figure/{{figure}}.log",
    benchmark:
        f"{BENCHMARKS}/figure/{{figure}}.tsv"
    resources:
        mem_mb=2000,
        runtime=10,
    conda:
        ENVIRONMENT
    shell:
        "maxgain pipeline figure {params.job:q} {input:q} --output {params.stem:q} "
        "2>&1 | tee {log:q}"
