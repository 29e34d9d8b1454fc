"""Official data sets are downloaded here, and every data set is preprocessed once for all runs."""


localrules:
    fetch_dataset,


def data_options(wildcards):
    """Options of `maxgain prepare` for a role's configured source."""
    source = PROTOCOL.data[wildcards.role]
    location = source.location
    if source.source == "official":
        location = PROTOCOL.data_folder / wildcards.role
    options = {
        "source": source.source,
        "location": location,
        "training-images": source.training_images,
        "validation-images": source.validation_images,
        "label": source.label,
    }
    words = [f"--{key}={value}" for key, value in options.items() if value is not None]
    return shlex.join(words + ["--stand-in"] * source.stand_in)


def images(wildcards):
    """What a role's images are read from: the official download, or the user's folder or archive."""
    source = PROTOCOL.data[wildcards.role]
    if source.source == "official":
        return f"{PROTOCOL.data_folder}/{wildcards.role}/complete"
    return source.location or []


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
