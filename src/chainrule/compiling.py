"""compile: the same function, with operators joined where one kernel can do what several would.

    step = cr.compile(model)       # or @cr.compile above a function of tensors
    loss = criterion(step(x), target)

Nothing is recorded and nothing is replayed: the Python code runs at every call, with its branches, its printing and its
debugger, and shapes may change from call to call. What changes is that some operators wait for the next one
(`deferring`), and that what nobody looks at in between is never written to memory.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from chainrule.deferring import joining
from chainrule.nn.module import Module

__all__ = ["OptimizedModule", "compile"]


class OptimizedModule(Module):
    """A module whose `forward` is compiled. Its parameters are the module's own, below the name `_orig_mod`."""

    def __init__(self, module: Module) -> None:
        super().__init__()
        self._orig_mod = module

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes."""
        with joining():
            return self._orig_mod(*args, **kwargs)


def compile(model: Callable[..., Any]) -> Any:
    """`model`, a function or a module, so that inside of it operators are joined: the same results, sooner.

    Joined are conv2d (stride 1, one group), max_pool2d (2 × 2, side by side), relu, sigmoid and tanh that follow one
    another, convolution after convolution, and so are linear and these activations; forward and backward. A recurrent
    layer right above an embedding (not with batch_first) multiplies the rows that occur in the place of all that were
    looked up. A value in between that a name or a hook holds is computed on its own, as ever. Values and gradients are
    those of the operators one by one, but for the order in which sums are added up. On the reference tier nothing is
    joined.

    A module comes back as a module: parameters, buffers and training mode are shared, and names in its state_dict begin
    with "_orig_mod.", as PyTorch's do. An array that NumPy changes behind the operators' back, between two that are
    joined, may be read before or after.

    Errors: TypeError where `model` cannot be called.
    """
    if isinstance(model, Module):
        return OptimizedModule(model)
    if not callable(model):
        raise TypeError(f"compile(): a module or a function is needed, not {type(model).__name__}")

    @functools.wraps(model)
    def compiled(*args: Any, **kwargs: Any) -> Any:
        with joining():
            return model(*args, **kwargs)

    return compiled
