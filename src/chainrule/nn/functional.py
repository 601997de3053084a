"""The operators that layers apply, under PyTorch's names. They live in `chainrule.ops`, with their equations."""

# ruff: noqa: F403
from chainrule.ops import activation, convolution, loss, pooling
from chainrule.ops.activation import *
from chainrule.ops.convolution import *
from chainrule.ops.linalg import linear
from chainrule.ops.loss import *
from chainrule.ops.pooling import *
from chainrule.ops.random import dropout
from chainrule.ops.shape import pad

__all__ = ["dropout", "linear", "pad"]
__all__ += activation.__all__
__all__ += convolution.__all__
__all__ += loss.__all__
__all__ += pooling.__all__
