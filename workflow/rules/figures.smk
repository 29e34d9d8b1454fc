"""Every figure is drawn from result tables."""

# One rule a part of the figures of the same files: drawing takes less than a job's start-up, and
# what changes for one of them changes for all.
for NUMBER, DRAWN in enumerate(DRAWN_PARTS):

    rule:
        name:
            f"figures_{NUMBER}"
        input:
            figure_files(DRAWN[0]),
        output:
            [
                report(
                    f"{FIGURE_FOLDER}/{name}.{format}",
                    caption="../report/figure.rst",
                    category="Figures",
                    labels={"figure": name},
                )
                for name in DRAWN
                for format in PROTOCOL.figures.formats
            ],
        params:
            # Functions, as Snakemake takes braces in a user's title for wildcards.
            job=lambda wildcards, names=DRAWN: figures_job(names),
            captions=lambda wildcards, names=DRAWN: {
                name: DRAWN_FIGURES[name].caption for name in names
            },
            folder=lambda wildcards, output: Path(output[0]).parent,
        log:
            f"{LOGS}/figures/{NUMBER}.log",
        benchmark:
            f"{BENCHMARKS}/figures/{NUMBER}.tsv"
        group:
            "figures"
        resources:
            mem_mb=2000,
            runtime=10 + len(DRAWN),
        conda:
            ENVIRONMENT
        shell:
            "maxgain pipeline figures {params.job:q} {input:q} --output {params.folder:q} "
            "2>&1 | tee {log:q}"
