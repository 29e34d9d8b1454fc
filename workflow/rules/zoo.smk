"""Pretrained networks: weights are fetched, each network is measured, the tables are gathered."""

from maxgain.zoo.registry import needs_download, resolve_networks

try:
    NETWORKS = resolve_networks(PROTOCOL.pretrained.networks)
except InputError as error:
    raise WorkflowError(f"pretrained.networks: {error}") from None

WEIGHTS = PROTOCOL.pretrained.weights_folder
WEIGHTS_LOCK = "workflow/weights.lock"
ZOO = f"{RESULTS}/zoo"
ZOO_ARRAYS = [f"{ZOO}/{network}.safetensors" for network in NETWORKS]


localrules:
    fetch_weights,


def fetched_weights(wildcards):
    """Status of the download of a network's weights, where there is something to download."""
    return [f"{WEIGHTS}/{wildcards.network}.json"] if needs_download(wildcards.network) else []


def measuring_options(wildcards, input):
    """Options of `maxgain zoo-measure`."""
    options = {"image": PROTOCOL.pretrained.image, "fetched": next(iter(input), None)}
    return " ".join(f"--{key} '{value}'" for key, value in options.items() if value is not None)


# A dead link is written into the status and stops no other network; `--forcerun fetch_weights`
# tries again.
rule fetch_weights:
    output:
        f"{WEIGHTS}/{{network}}.json",
    params:
        folder=WEIGHTS,
        lock=WEIGHTS_LOCK,
    wildcard_constraints:
        network="[^/]+",
    log:
        f"{LOGS}/fetch_weights/{{network}}.log",
    benchmark:
        f"{BENCHMARKS}/fetch_weights/{{network}}.tsv"
    resources:
        mem_mb=4000,
        runtime=240,
    conda:
        "../../environment.yml"
    shell:
        "maxgain fetch-weights '{wildcards.network}' --folder {params.folder} "
        "--lock {params.lock} --status '{output}' 2>&1 | tee '{log}'"


rule measure_network:
    input:
        fetched_weights,
    output:
        table=f"{ZOO}/{{network}}.csv",
        arrays=f"{ZOO}/{{network}}.safetensors",
        status=f"{ZOO}/{{network}}.json",
    params:
        options=measuring_options,
        folder=WEIGHTS,
    wildcard_constraints:
        network="[^/]+",
    log:
        f"{LOGS}/measure_network/{{network}}.log",
    benchmark:
        f"{BENCHMARKS}/measure_network/{{network}}.tsv"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    conda:
        "../../environment.yml"
    shell:
        "maxgain zoo-measure '{wildcards.network}' --output '{output.table}' "
        "--folder {params.folder} {params.options} 2>&1 | tee '{log}'"


rule zoo_table:
    input:
        tables=[f"{ZOO}/{network}.csv" for network in NETWORKS],
        statuses=[f"{ZOO}/{network}.json" for network in NETWORKS],
    output:
        table=report(
            f"{RESULTS}/zoo.csv",
            caption="../report/zoo.rst",
            category="Tables",
            labels={"table": "pretrained networks"},
        ),
        missing=f"{RESULTS}/zoo_missing.csv",
    log:
        f"{LOGS}/zoo_table.log",
    benchmark:
        f"{BENCHMARKS}/zoo_table.tsv"
    resources:
        mem_mb=1000,
        runtime=10,
    conda:
        "../../environment.yml"
    shell:
        "maxgain zoo-table {input.tables:q} --output {output.table} --missing {output.missing} "
        "2>&1 | tee {log}"
