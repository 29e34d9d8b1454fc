"""Official data sets are downloaded here, and every data set is preprocessed once for all runs."""


localrules:
    fetch_dataset,


rule fetch_dataset:
    output:
        touch(f"{DATA_MARKS}/{{set}}/complete"),
    params:
        folder=lambda wildcards: PROTOCOL.data_folder / wildcards.set,
    log:
        f"{LOGS}/fetch_dataset/{{set}}.log",
    retries: 2
    conda:
        ENVIRONMENT
    shell:
        "maxgain pipeline fetch-dataset {wildcards.set:q} {params.folder:q} 2>&1 | tee {log:q}"


rule prepare:
    input:
        images,
    output:
        f"{RESULTS}/prepared/{{dataset}}.safetensors",
    params:
        job=prepare_job,
        time=time_of_images,
    log:
        f"{LOGS}/prepare/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/prepare/{{dataset}}.tsv"
    # All trainings of the data wait for it, and it shares its work between two.
    threads: 2
    priority: BEFORE_TRAININGS
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    conda:
        ENVIRONMENT
    shell:
        "maxgain pipeline prepare {params.job:q} --output {output:q} 2>&1 | tee {log:q}"
