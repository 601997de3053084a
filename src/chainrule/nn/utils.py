"""Helpers for training."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from chainrule.tensor import Tensor

__all__ = ["clip_grad_norm_"]


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """Scale all gradients by min(1, max_norm / (‖g‖ + 10⁻⁶)) in place, and return ‖g‖, their norm as one vector.

    Pascanu, Mikolov, Bengio: On the difficulty of training recurrent neural networks, 2013.
    """
    parameters = [parameters] if isinstance(parameters, Tensor) else parameters
    grads = [p.grad.array for p in parameters if p.grad is not None]
    norms = [np.linalg.norm(grad.ravel(), norm_type) for grad in grads]
    total = np.linalg.norm(np.array(norms), norm_type) if norms else np.float32(0)
    if error_if_nonfinite and not np.isfinite(total):
        raise RuntimeError(f"the norm of the gradients is {total}: no factor could bring it to {max_norm}")
    factor = min(1.0, max_norm / (float(total) + 1e-6))
    for grad in grads:
        grad *= factor
    return Tensor(np.asarray(total))
