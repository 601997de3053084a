"""The operators: a file per family, reference and native override side by side."""

# ruff: noqa: F403
from chainrule.ops import (
    activation,
    comparison,
    convolution,
    elementwise,
    joining,
    linalg,
    loss,
    pooling,
    random,
    reduction,
    shape,
)
from chainrule.ops.activation import *
from chainrule.ops.comparison import *
from chainrule.ops.convolution import *
from chainrule.ops.elementwise import *
from chainrule.ops.joining import *
from chainrule.ops.linalg import *
from chainrule.ops.loss import *
from chainrule.ops.pooling import *
from chainrule.ops.random import *
from chainrule.ops.reduction import *
from chainrule.ops.shape import *

__all__: list[str] = []
__all__ += activation.__all__
__all__ += comparison.__all__
__all__ += convolution.__all__
__all__ += elementwise.__all__
__all__ += joining.__all__
__all__ += linalg.__all__
__all__ += loss.__all__
__all__ += pooling.__all__
__all__ += random.__all__
__all__ += reduction.__all__
__all__ += shape.__all__
