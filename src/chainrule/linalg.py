"""Linear algebra under the names of `torch.linalg`."""

from chainrule.ops.reduction import vector_norm

__all__ = ["vector_norm"]
