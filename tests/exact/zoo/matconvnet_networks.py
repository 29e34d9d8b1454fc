"""Small networks as MatConvNet's files, with NumPy functions that compute them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.exact.zoo import matconvnet_files as mat

Array = np.ndarray


Network = Callable[[Array], Array]


def random_filters(*shape: int, seed: int = 0) -> Array:
    values = np.random.default_rng([seed, *shape]).normal(size=shape)
    return (values / np.sqrt(np.prod(shape[:3]))).astype(np.float32)


def random_biases(count: int) -> Array:
    return np.random.default_rng(count).normal(size=(1, count)).astype(np.float32)


def vgg_f_like(path: Path) -> Network:
    """A SimpleNN shaped like VGG-F: stride, LRN, asymmetric pads, groups, fully connected end."""
    f1, b1 = random_filters(5, 4, 3, 6), random_biases(6)
    f2, b2 = random_filters(3, 3, 3, 8), random_biases(8)  # 2 groups of 3 of 6 channels
    f3, b3 = random_filters(2, 3, 8, 5), random_biases(5)
    f4 = random_filters(1, 1, 5, 4)
    layers = [
        {"type": "conv", "name": "conv1", "weights": mat.cells(f1, b1), "stride": 2.0,
         "pad": mat.row(0, 2, 1, 0)},
        {"type": "relu", "name": "relu1"},
        {"type": "lrn", "name": "norm1", "param": mat.row(4, 2, 0.3, 0.75)},
        {"type": "pool", "name": "pool1", "method": "max", "pool": mat.row(3, 3), "stride": 2.0,
         "pad": mat.row(0, 1, 0, 1)},
        {"type": "conv", "name": "conv2", "weights": mat.cells(f2, b2), "stride": mat.row(1, 1),
         "pad": 1.0},
        {"type": "relu", "name": "relu2"},
        {"type": "normalize", "name": "norm2", "param": mat.row(5, 1, 0.2, 0.5)},
        {"type": "pool", "name": "pool2", "method": "avg", "pool": mat.row(3, 2),
         "stride": mat.row(2, 1), "pad": mat.row(1, 1, 0, 1)},
        {"type": "dropout", "name": "dropout6", "rate": 0.5},
        {"type": "conv", "name": "fc6", "weights": mat.cells(f3, b3), "stride": 1.0, "pad": 0.0},
        {"type": "conv", "name": "fc7", "weights": mat.cells(f4, np.zeros((0, 0))),
         "stride": 1.0, "pad": 0.0},
        {"type": "softmax", "name": "prob"},
    ]  # fmt: skip
    mat.save_simple(path, layers, side=15, classes=4)

    def network(x: Array) -> Array:
        x = mat.rectify(mat.convolve(x, f1, b1, (2, 2), (0, 2, 1, 0)))
        x = mat.pool(mat.normalize(x, 4, 2, 0.3, 0.75), "max", (3, 3), (2, 2), (0, 1, 0, 1))
        x = mat.rectify(mat.convolve(x, f2, b2, (1, 1), (1, 1, 1, 1)))
        x = mat.pool(mat.normalize(x, 5, 1, 0.2, 0.5), "avg", (3, 2), (2, 1), (1, 1, 0, 1))
        return mat.convolve(mat.convolve(x, f3, b3), f4)

    return network


def residual_dag(path: Path) -> Network:
    """A DagNN with BatchNorm and residual sums, its layers out of order."""
    f1, f2, f3 = (random_filters(3, 3, c, 4, seed=c) for c in (3, 4, 4))
    f3 = random_filters(3, 3, 4, 4, seed=9)
    f4, b4 = random_filters(3, 3, 4, 5), random_biases(5)
    random = np.random.default_rng(3)
    scale, shift = (random.normal(size=(4, 1)).astype(np.float32) for _ in range(2))
    moments = random.uniform(0.5, 2, size=(4, 2)).astype(np.float32)
    conv = {"hasBias": 0.0, "pad": mat.row(1, 1, 1, 1), "stride": mat.row(1, 1)}
    layers = [
        mat.dag_layer("prob", "SoftMax", ["fc"], "prob"),
        mat.dag_layer("fc", "Conv", ["pooled"], "fc", ["f4", "b4"], {"stride": 1.0, "pad": 0.0}),
        mat.dag_layer("conv1", "Conv", ["data"], "c1", ["f1"], conv),
        mat.dag_layer("bn1", "BatchNorm", ["c1"], "n1", ["scale", "shift", "moments"],
                      {"epsilon": 1e-5}),
        mat.dag_layer("relu1", "ReLU", ["n1"], "r1", block={"leak": 0.1}),
        mat.dag_layer("conv2", "Conv", ["r1"], "c2", ["f2"], conv),
        mat.dag_layer("conv3", "Conv", ["r1"], "c3", ["f3"], conv),
        mat.dag_layer("sum", "Sum", ["c2", "r1", "c3"], "s"),
        mat.dag_layer("relu2", "ReLU", ["s"], "r2"),
        mat.dag_layer("pool", "Pooling", ["r2"], "pooled",
                      block={"method": "avg", "poolSize": mat.row(4, 4), "stride": 4.0,
                             "pad": 0.0}),
    ]  # fmt: skip
    params = {"f1": f1, "f2": f2, "f3": f3, "f4": f4, "b4": b4, "scale": scale, "shift": shift}
    mat.save_dag(path, layers, params | {"moments": moments}, side=12, classes=5)

    def network(x: Array) -> Array:
        pad = (1, 1, 1, 1)
        x = mat.batch_normalize(mat.convolve(x, f1, pad=pad), scale, shift, moments)
        x = np.where(x > 0, x, np.float64(0.1) * x)
        x = mat.rectify(mat.convolve(x, f2, pad=pad) + x + mat.convolve(x, f3, pad=pad))
        return mat.convolve(mat.pool(x, "avg", (4, 4), (4, 4)), f4, b4)

    return network


def inception_dag(path: Path) -> Network:
    """A DagNN with inception-style concatenation, LRN, dropout and a further classifier."""
    f1, b1 = random_filters(1, 1, 3, 2), random_biases(2)
    f3, b3 = random_filters(3, 3, 3, 3), random_biases(3)
    f5, b5 = random_filters(5, 5, 3, 4), random_biases(4)
    head, bias = random_filters(5, 5, 12, 3), random_biases(3)
    side_head = random_filters(9, 9, 2, 3)

    def conv(name: str, source: str, output: str, pad: int) -> dict[str, object]:
        parameters = [f"{name}_f", f"{name}_b"]
        block = {"hasBias": 1.0, "pad": float(pad), "stride": mat.row(1, 1)}
        return mat.dag_layer(name, "Conv", [source], output, parameters, block)

    layers = [
        mat.dag_layer("norm", "LRN", ["data"], "n", block={"param": mat.row(3, 1, 1e-3, 0.75)}),
        conv("one", "n", "c1", 0),
        conv("three", "n", "c3", 1),
        conv("five", "n", "c5", 2),
        mat.dag_layer("pool", "Pooling", ["n"], "p", block={
            "method": "max", "poolSize": mat.row(3, 3), "stride": 1.0, "pad": 1.0}),
        mat.dag_layer("join", "Concat", ["c1", "c3", "c5", "p"], "j", block={"dim": 3.0}),
        mat.dag_layer("relu", "ReLU", ["j"], "r"),
        mat.dag_layer("drop", "DropOut", ["r"], "d", block={"rate": 0.4}),
        mat.dag_layer("shrink", "Pooling", ["d"], "q", block={
            "method": "avg", "poolSize": mat.row(2, 2), "stride": 2.0, "pad": mat.row(0, 1, 0, 1)}),
        conv("head", "q", "logits", 0),
        mat.dag_layer("prob", "SoftMax", ["logits"], "prob"),
        mat.dag_layer("side", "Conv", ["c1"], "side_logits", ["side_f"], {"stride": 1.0}),
        mat.dag_layer("side_prob", "SoftMax", ["side_logits"], "side_prob"),
    ]  # fmt: skip
    params = {
        "one_f": f1, "one_b": b1, "three_f": f3, "three_b": b3, "five_f": f5, "five_b": b5,
        "head_f": head, "head_b": bias, "side_f": side_head,
    }  # fmt: skip
    mat.save_dag(path, layers, params, side=9, classes=3)

    def network(x: Array) -> Array:
        x = mat.normalize(x, 3, 1, 1e-3, 0.75)
        branches = [
            mat.convolve(x, f1, b1),
            mat.convolve(x, f3, b3, pad=(1, 1, 1, 1)),
            mat.convolve(x, f5, b5, pad=(2, 2, 2, 2)),
            mat.pool(x, "max", (3, 3), (1, 1), (1, 1, 1, 1)),
        ]
        x = mat.rectify(np.concatenate(branches, axis=-1))
        return mat.convolve(mat.pool(x, "avg", (2, 2), (2, 2), (0, 1, 0, 1)), head, bias)

    return network
