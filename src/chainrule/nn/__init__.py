"""Layers, models and losses, with PyTorch's names, arguments, defaults, state_dict keys and initial distributions."""

# ruff: noqa: F403
from chainrule.nn import (
    activation,
    container,
    convolution,
    dropout,
    functional,
    init,
    linear,
    loss,
    pooling,
    utils,
)
from chainrule.nn.activation import *
from chainrule.nn.container import *
from chainrule.nn.convolution import *
from chainrule.nn.dropout import *
from chainrule.nn.linear import *
from chainrule.nn.loss import *
from chainrule.nn.module import Module
from chainrule.nn.parameter import Parameter
from chainrule.nn.pooling import *

__all__ = ["Module", "Parameter", "functional", "init", "utils"]
__all__ += activation.__all__
__all__ += container.__all__
__all__ += convolution.__all__
__all__ += dropout.__all__
__all__ += linear.__all__
__all__ += loss.__all__
__all__ += pooling.__all__
