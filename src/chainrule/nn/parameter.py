"""Parameter: a tensor that a module learns."""

from __future__ import annotations

import numpy as np

from chainrule.tensor import Array, Tensor

__all__ = ["Parameter"]


class Parameter(Tensor):
    """A leaf that belongs to the state of the module it is assigned to: `self.weight = Parameter(randn(3, 4))`.

    It shares the memory of `data`, and wants a gradient unless `requires_grad=False`.
    Errors: TypeError where data is no tensor or array, RuntimeError for integers that want a gradient.
    """

    __slots__ = ()

    def __init__(self, data: Tensor | Array | None = None, requires_grad: bool = True) -> None:
        if data is None:
            data = np.empty(0, np.float32)
        if not isinstance(data, Tensor | np.ndarray):
            raise TypeError(f"Parameter(): a tensor or an array is needed, not {type(data).__name__}")
        super().__init__(data.array if isinstance(data, Tensor) else data, requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"
