"""Helpers for training: clipping gradients, all parameters as a vector, sequences of different lengths in `rnn`."""

# ruff: noqa: F403
from chainrule.nn.utils import clip_grad, convert_parameters, rnn
from chainrule.nn.utils.clip_grad import *
from chainrule.nn.utils.convert_parameters import *

__all__ = ["rnn"]
__all__ += clip_grad.__all__
__all__ += convert_parameters.__all__
