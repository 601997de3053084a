"""Clipping gradients."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from chainrule.ops.arguments import require_tensors
from chainrule.tensor import Array, Tensor

__all__ = ["clip_grad_norm_", "clip_grad_value_", "get_total_norm"]


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """Scale all gradients by min(1, max_norm / (‖g‖ + 10⁻⁶)) in place, and return ‖g‖, their norm as one vector.

    g are those of `parameters`, tensors or one; `norm_type`, `error_if_nonfinite` and errors as in
    `utils.get_total_norm`.
    Paper: Pascanu, Mikolov, Bengio: On the difficulty of training recurrent neural networks (2013).
    """
    grads = _gradients("clip_grad_norm_", parameters)
    total = get_total_norm([Tensor(grad) for grad in grads], norm_type, error_if_nonfinite)
    factor = np.minimum(1.0, max_norm / (float(total) + 1e-6)).item()  # NaN stays NaN
    for grad in grads:
        grad *= factor
    return total


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Limit every entry of the gradients of `parameters`, tensors or one, to [−clip_value, clip_value], in place.

    Errors: TypeError where one of them is no tensor.
    """
    for grad in _gradients("clip_grad_value_", parameters):
        np.clip(grad, -clip_value, clip_value, out=grad)


def get_total_norm(
    tensors: Tensor | Iterable[Tensor], norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """The norm of all tensors as one vector: (Σ |g|^norm_type)^(1 / norm_type), or the greatest |g| for infinity.

    Errors: TypeError where one of them is no tensor, RuntimeError where the norm is not finite, with
    `error_if_nonfinite`.
    """
    arrays = [t.array for t in _tensors("get_total_norm", tensors)]
    norms = [np.linalg.norm(array.ravel(), float(norm_type)) for array in arrays]
    total = np.linalg.norm(np.array(norms), float(norm_type)) if norms else np.float32(0)
    if error_if_nonfinite and not np.isfinite(total):
        raise RuntimeError(f"the norm of the gradients is {total}: no factor could bring it to a finite one")
    return Tensor(np.asarray(total))


def _gradients(name: str, parameters: Tensor | Iterable[Tensor]) -> list[Array]:
    return [p.grad.array for p in _tensors(name, parameters) if p.grad is not None]


def _tensors(name: str, tensors: Tensor | Iterable[Tensor]) -> list[Tensor]:
    found = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    require_tensors(name, *found)
    return found
