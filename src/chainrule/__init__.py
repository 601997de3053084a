"""chainrule: a deep-learning library to read, to check and to run fast on a CPU. Its API is PyTorch's.

    import chainrule as cr

    x = cr.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = (x * x).sum()
    y.backward()
    x.grad                      # tensor([2., 4., 6.])

Operators, tensors and the tape are here; `nn`, `optim`, `data`, `train`, `check` and `io` are loaded when first used.
"""

import importlib
from typing import Any

from chainrule import autograd, linalg, ops
from chainrule.autograd import enable_grad, grad, is_grad_enabled, no_grad, vjp
from chainrule.native import get_num_threads, set_num_threads
from chainrule.ops import *  # noqa: F403
from chainrule.tensor import (
    Tensor,
    arange,
    as_tensor,
    empty,
    eye,
    float16,
    float32,
    float64,
    from_dlpack,
    from_numpy,
    full,
    full_like,
    get_default_dtype,
    int8,
    int16,
    int32,
    int64,
    linspace,
    ones,
    ones_like,
    set_default_dtype,
    tensor,
    uint8,
    zeros,
    zeros_like,
)
from chainrule.tensor import bool_ as bool

__all__ = [
    "Tensor",
    "arange",
    "as_tensor",
    "autograd",
    "bool",
    "empty",
    "enable_grad",
    "eye",
    "float16",
    "float32",
    "float64",
    "from_dlpack",
    "from_numpy",
    "full",
    "full_like",
    "get_default_dtype",
    "get_num_threads",
    "grad",
    "int8",
    "int16",
    "int32",
    "int64",
    "is_grad_enabled",
    "linalg",
    "linspace",
    "no_grad",
    "ones",
    "ones_like",
    "ops",
    "set_default_dtype",
    "set_num_threads",
    "tensor",
    "uint8",
    "vjp",
    "zeros",
    "zeros_like",
]  # fmt: skip
__all__ += ops.__all__


def __getattr__(name: str) -> Any:
    if name in ("check", "data", "io", "nn", "optim", "train"):
        return importlib.import_module(f"chainrule.{name}")
    if name == "__version__":
        return _version()
    raise AttributeError(f"module 'chainrule' has no attribute '{name}'")


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("chainrule")
    except PackageNotFoundError:
        return "0+unknown"  # running from a source tree that was not installed
