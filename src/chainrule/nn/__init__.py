"""Layers, models and losses, with PyTorch's names, arguments, defaults, state_dict keys and initial distributions.

How their docstrings read: x is the input, y the output, t the target, ℓ the loss of one sample; shapes stand as
(input) -> (output). Gradients, and what a docstring sends on to, are found at the function in `functional`.

The same everywhere: `device` can only be the CPU; `dtype` is that of the parameters, float32 unless given; without
`bias` there is none; with `inplace` the input becomes the output; `generator` is NumPy's, to draw from in the place of
chainrule's own. `reduction` is "mean", "sum" or "none", of all ℓ. What is no tensor or no number where one is needed is
a TypeError. Errors raised in `forward` name the module.
"""

# ruff: noqa: F403
from chainrule.nn import (
    activation,
    attention,
    bilinear,
    container,
    convolution,
    distance,
    dropout,
    embedding,
    functional,
    init,
    linear,
    loss,
    loss_margin,
    normalization,
    padding,
    piecewise,
    pooling,
    recurrent,
    resize,
    transformer,
    utils,
)
from chainrule.nn.activation import *
from chainrule.nn.attention import *
from chainrule.nn.bilinear import *
from chainrule.nn.container import *
from chainrule.nn.convolution import *
from chainrule.nn.distance import *
from chainrule.nn.dropout import *
from chainrule.nn.embedding import *
from chainrule.nn.linear import *
from chainrule.nn.loss import *
from chainrule.nn.loss_margin import *
from chainrule.nn.module import Module
from chainrule.nn.normalization import *
from chainrule.nn.padding import *
from chainrule.nn.parameter import Parameter
from chainrule.nn.piecewise import *
from chainrule.nn.pooling import *
from chainrule.nn.recurrent import *
from chainrule.nn.resize import *
from chainrule.nn.summary import summary
from chainrule.nn.transformer import *

__all__ = ["Module", "Parameter", "functional", "init", "summary", "utils"]
__all__ += activation.__all__
__all__ += attention.__all__
__all__ += bilinear.__all__
__all__ += container.__all__
__all__ += convolution.__all__
__all__ += distance.__all__
__all__ += dropout.__all__
__all__ += embedding.__all__
__all__ += linear.__all__
__all__ += loss.__all__
__all__ += loss_margin.__all__
__all__ += normalization.__all__
__all__ += padding.__all__
__all__ += piecewise.__all__
__all__ += pooling.__all__
__all__ += recurrent.__all__
__all__ += resize.__all__
__all__ += transformer.__all__
