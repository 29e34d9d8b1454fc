"""One page to look at: verdicts, every run, every figure, every table."""


rule interactive_report:
    input:
        VERDICTS,
        DIAGNOSES,
        PROVENANCE,
        ACCURACY,
        CURVES.values(),
        FIGURE_FILES.get("toy.safetensors", []),
        FIGURE_FILES.get("zoo.csv", []),
        FIGURE_FILES.get("zoo_missing.csv", []),
        FIGURE_FILES.get("*.safetensors", []),
        study_beside_them,
        figures=expand(
            f"{FIGURE_FOLDER}/{{figure}}.{{format}}",
            figure=DRAWN_FIGURES,
            format=PROTOCOL.figures.formats,
        ),
    output:
        REPORT,
    params:
        results=lambda wildcards, output: Path(output[0]).parent,
        figures=lambda wildcards, input: Path(input.figures[0]).parent,
    log:
        f"{LOGS}/interactive_report.log",
    benchmark:
        f"{BENCHMARKS}/interactive_report.tsv"
    resources:
        mem_mb=2000,
        runtime=10,
    conda:
        ENVIRONMENT
    shell:
        "maxgain report {params.results:q} --output {output:q} --figures {params.figures:q} "
        "2>&1 | tee {log:q}"
