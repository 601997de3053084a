"""Optimizers, with PyTorch's names, arguments and defaults.

How their docstrings read: θ is a parameter, ∇L the gradient in its .grad, t the step, from 1; ← is done in place, once
for each element. The same everywhere: `params` are tensors or groups of them, see `Optimizer`; `lr` is the learning
rate, and with `maximize` the steps go up.
"""

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
