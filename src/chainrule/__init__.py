"""chainrule: a deep-learning library to read, to check and to run fast on a CPU. Its API is PyTorch's.

    import chainrule as cr

    x = cr.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = (x * x).sum()
    y.backward()
    x.grad                      # tensor([2., 4., 6.])

Operators, tensors and the tape are here; `nn`, `optim`, `data`, `train`, `check`, `io`, `compile` and `profile`
are loaded when first used.
"""

import importlib
from typing import Any

from numpy import e, finfo, iinfo, inf, nan, newaxis, pi

from chainrule import autograd, creation, cuda, dtypes, linalg, ops
from chainrule.autograd import (
    enable_grad,
    grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
    vjp,
)  # fmt: skip
from chainrule.creation import *  # noqa: F403
from chainrule.devices import device
from chainrule.dtypes import *  # noqa: F403
from chainrule.dtypes import bool_ as bool
from chainrule.dtypes import float16 as half
from chainrule.dtypes import float32 as float
from chainrule.dtypes import float64 as double
from chainrule.dtypes import int16 as short
from chainrule.dtypes import int32 as int
from chainrule.dtypes import int64 as long
from chainrule.native import get_num_threads, set_num_threads
from chainrule.ops import *  # noqa: F403
from chainrule.tensor import Tensor

__all__ = [
    "Tensor", "autograd", "bool", "cuda", "device", "double", "e", "enable_grad", "finfo", "float", "get_num_threads",
    "grad", "half", "iinfo", "inf", "inference_mode", "int", "is_grad_enabled", "linalg", "long", "nan", "newaxis",
    "no_grad", "ops", "pi", "set_grad_enabled", "set_num_threads", "short", "vjp",
]  # fmt: skip
__all__ += creation.__all__
__all__ += dtypes.__all__
__all__ += ops.__all__


def __getattr__(name: str) -> Any:
    if name in ("check", "data", "io", "nn", "optim", "train"):
        return importlib.import_module(f"chainrule.{name}")
    if name == "profile":
        return importlib.import_module("chainrule.profiling").profile
    if name == "compile":
        return importlib.import_module("chainrule.compiling").compile
    if name == "__version__":
        return _version()
    raise AttributeError(f"module 'chainrule' has no attribute '{name}'")


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("chainrule")
    except PackageNotFoundError:
        return "0+unknown"  # running from a source tree that was not installed
