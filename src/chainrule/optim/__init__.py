"""Optimizers, with PyTorch's names, arguments and defaults."""

from chainrule.optim import lr_scheduler, swa_utils
from chainrule.optim.adagrad import Adadelta, Adagrad
from chainrule.optim.adam import Adam, AdamW
from chainrule.optim.nadam import NAdam
from chainrule.optim.optimizer import Optimizer
from chainrule.optim.rmsprop import RMSprop
from chainrule.optim.sgd import SGD

__all__ = [
    "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "NAdam", "Optimizer", "RMSprop", "lr_scheduler", "swa_utils",
]  # fmt: skip
