"""Official data sets are downloaded here, and every data set is preprocessed once for all runs."""


localrules:
    fetch_dataset,


rule fetch_dataset:
    output:
        touch(f"{PROTOCOL.data_folder}/{{role}}/complete"),
    params:
        folder=lambda wildcards, output: Path(output[0]).parent,
    log:
        f"{LOGS}/fetch_dataset/{{role}}.log",
    retries: 2
    conda:
        "../../environment.yml"
    shell:
        "maxgain fetch-dataset {wildcards.role} {params.folder:q} 2>&1 | tee {log}"


rule prepare:
    input:
        images,
    output:
        f"{RESULTS}/prepared/{{role}}.safetensors",
    params:
        options=data_options,
    log:
        f"{LOGS}/prepare/{{role}}.log",
    benchmark:
        f"{BENCHMARKS}/prepare/{{role}}.tsv"
    priority: 1000000
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    conda:
        "../../environment.yml"
    shell:
        "maxgain prepare {wildcards.role} {params.options} --output {output} 2>&1 | tee {log}"
