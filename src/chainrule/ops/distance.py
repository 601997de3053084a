"""Distances between vectors, and vectors of length one."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.dtypes import result_type
from chainrule.ops.arguments import all_dims, broadcast, require_floating, require_tensors
from chainrule.ops.elementwise import add, clamp, div, mul, sub
from chainrule.ops.reduction import sum, vector_norm
from chainrule.ops.shape import broadcast_to
from chainrule.tensor import Tensor

__all__ = ["cdist", "cosine_similarity", "normalize", "pairwise_distance"]


def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Tensor:
    """y = x / max(‖x‖, eps), the norm of order `p` along `dim`, of one dimension or several, or of all with None.

    dx = (dy − Σ(y · dy) · ∂‖x‖/∂x) / ‖x‖, the sum along `dim`; dy / eps where the norm is less. Keeps the shape of x.
    Errors: IndexError where there is no such dim, TypeError for integers.
    """
    require_tensors("normalize", input)
    require_floating("normalize", input.array)
    dims = dim if dim is None else all_dims("normalize", dim, input.shape)
    y: Tensor = div(input, clamp(vector_norm(input, p, dims, True), eps))
    return y


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """‖x1 − x2 + eps‖ of order `p` along the last dimension; the two are broadcast.

    dx1 is the gradient of the norm at x1 − x2 + eps, dx2 = −dx1; eps keeps it away from the norm's kink at 0.
    Shapes: (N, D), (N, D) -> (N,), or (N, 1) with `keepdim`.
    Errors: ValueError where the shapes do not broadcast, TypeError for what is no tensor.
    """
    require_tensors("pairwise_distance", x1, x2)
    broadcast("pairwise_distance", lambda a, b: np.broadcast_shapes(a.shape, b.shape), x1.array, x2.array)
    return vector_norm(add(sub(x1, x2), eps), p, -1, keepdim)


def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str | None = None) -> Tensor:
    """The distance ‖a − b‖_p of each row a of x1 from each row b of x2: (…, P, D), (…, R, D) -> (…, P, R).

    dx1 is the gradient of the norm, of order `p`, at a − b, summed over b, and dx2 alike; 0 where a = b. Leading axes
    are broadcast. Unlike in PyTorch every `compute_mode` takes the differences, which cancel less than matrix products.
    Errors: ValueError where D differs, there are no rows or p is negative, TypeError for integers.
    """
    require_tensors("cdist", x1, x2)
    for x in (x1, x2):
        require_floating("cdist", x.array)
    if x1.ndim < 2 or x2.ndim < 2 or x1.shape[-1] != x2.shape[-1]:
        raise ValueError(f"cdist(): rows of one length are needed, (…, P, D) and (…, R, D), not {x1.shape}, {x2.shape}")
    if not p >= 0:
        raise ValueError(f"cdist(): p = {p} must not be negative")
    if not x1.shape[-1]:
        return sum(sub(x1.unsqueeze(-2), x2.unsqueeze(-3)), -1)  # of no differences: 0
    return vector_norm(sub(x1.unsqueeze(-2), x2.unsqueeze(-3)), p, -1)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x1 · x2 / (max(‖x1‖, eps) · max(‖x2‖, eps)) along `dim`, which is reduced; the two are broadcast first.

    With the vectors x̂ of length 1 and y = x̂1 · x̂2:   dx1 = dy · (x̂2 − y · x̂1) / ‖x1‖,   dx2 alike
    Of a vector shorter than eps it is dx1 = dy · x̂2 / eps; PyTorch subtracts a part along x̂1 there too.
    Shapes: (N, D), (N, D) -> (N). Errors: IndexError where there is no such dim, ValueError where the shapes do not
    broadcast, TypeError for integers.
    """
    name = "cosine_similarity"
    require_tensors(name, x1, x2)
    shape = broadcast(name, lambda a, b: np.broadcast_shapes(a.shape, b.shape), x1.array, x2.array)
    dtype, dim = result_type(x1, x2), all_dims(name, dim, shape)[0]
    if dtype.kind != "f":
        raise TypeError(f"{name}(): a floating-point tensor is needed, not {x1.dtype} and {x2.dtype}")
    one, two = (normalize(broadcast_to(x.to(dtype), shape), 2, dim if shape else None, eps) for x in (x1, x2))
    y: Tensor = sum(mul(one, two), dim)
    return y
