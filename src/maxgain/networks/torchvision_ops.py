"""Make `import torchvision` work on torch builds for which its compiled operators are missing.

torchvision's wheel is compiled against the CUDA build of torch. Beside a CPU build its extension
does not load, and its import then fails because it registers shape functions for operators that
nobody declared. Declaring those two schemas is all that importing needs; the operators belong to
object detection, and calling one still fails. With a matching build nothing is declared.
"""

import importlib.util
from pathlib import Path

import torch

_SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}


def _loads_compiled_operators() -> bool:
    specification = importlib.util.find_spec("torchvision")
    if specification is None or specification.origin is None:
        return True  # The import itself then says that torchvision is missing.
    libraries = list(Path(specification.origin).parent.glob("_C*.so"))
    try:
        for library in libraries:
            torch.ops.load_library(library)  # type: ignore[no-untyped-call]
    except OSError:
        return False
    return bool(libraries)


def _declare_missing_operators() -> torch.library.Library | None:
    if _loads_compiled_operators():
        return None
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for schema in _SCHEMAS.values():
        library.define(schema)  # type: ignore[no-untyped-call]
    return library


# Kept for the life of the process: dropping the library would drop the declarations.
_DECLARED = _declare_missing_operators()
