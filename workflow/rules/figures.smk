"""The toy network's measurements, and every figure from its tables."""

# Which experiment's curves a figure draws.
CURVE_FIGURES = {
    "fig08": "mnist_rates",
    "fig09": "mnist_rates",
    "fig10": "cifar_rates",
    "fig11": "cifar_rates",
    "fig12": "networks",
    "fig13": "capacity",
}


rule toy:
    output:
        table=f"{RESULTS}/toy.csv",
        arrays=f"{RESULTS}/toy.safetensors",
    log:
        f"{LOGS}/toy.log",
    resources:
        mem_mb=2000,
        runtime=10,
    conda:
        "../../environment.yml"
    shell:
        "maxgain toy --table {output.table} --arrays {output.arrays} 2>&1 | tee {log}"
