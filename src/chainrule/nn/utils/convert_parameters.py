"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from chainrule.autograd import no_grad
from chainrule.ops import cat
from chainrule.tensor import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The elements of all parameters, one after the other. Errors: ValueError where there are none."""
    y: Tensor = cat([parameter.reshape(-1) for parameter in parameters])
    return y


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Copy the elements of `vec`, a vector, into the parameters, in their order.

    Errors: ValueError where they are not as many.
    """
    parameters = list(parameters)
    if vec.shape != (total := sum(parameter.numel() for parameter in parameters),):
        raise ValueError(f"vector_to_parameters(): a vector of {total} elements is needed, its shape is {vec.shape}")
    with no_grad():
        for parameter, part in zip(parameters, vec.split([p.numel() for p in parameters]), strict=True):
            parameter.copy_(part.reshape(parameter.shape))
