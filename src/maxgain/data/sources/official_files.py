"""Know the official MNIST and CIFAR-10 files by the SHA-256 of their uncompressed content.

A mirror that compresses anew still passes; a changed image does not. MNIST's sums were taken from
files whose MD5 sums are the ones that torchvision publishes (``tests/exact/test_sources.py``
repeats it). CIFAR-10's sums are those of the batches inside ``cifar-10-binary.tar.gz``, whose MD5
sum on CIFAR-10's home page is c32a1d4ab5d03f1284b67883e8d87530, as several independent dataset
libraries publish them.
"""

from collections.abc import Mapping

MNIST_FILES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""Names of MNIST's files, without ``.gz``, and the SHA-256 of each."""


CIFAR10_FILES = {
    "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
    "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
    "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
    "data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
    "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
    "test_batch.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
}
"""Names of the batches in CIFAR-10's binary version and the SHA-256 of each."""


OFFICIAL_LABELS = {"MNIST": MNIST_FILES, "CIFAR-10": CIFAR10_FILES}
"""Labels that only data of these very files may carry."""


def official_label(checksums: Mapping[str, str]) -> str | None:
    """Return the label of the official data set whose files `checksums` names, or None.

    Parameters
    ----------
    checksums : name and SHA-256 of the uncompressed content of each file
    """
    for label, official in OFFICIAL_LABELS.items():
        if dict(checksums) == official:
            return label
    return None
