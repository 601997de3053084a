"""Helpers for training: clipping gradients here, sequences of different lengths in `rnn`."""

# ruff: noqa: F403
from chainrule.nn.utils import clip_grad, rnn
from chainrule.nn.utils.clip_grad import *

__all__ = ["rnn"]
__all__ += clip_grad.__all__
