"""Training: the plain loop, on chainrule's modules and PyTorch's alike, and the numbers that judge its result."""

from .loop import Epoch, NonFiniteLoss, Watch, evaluate, fit, predict
from .metrics import accuracy, confusion, standard_error
from .progress import Progress
from .schedules import one_cycle

__all__ = [
    "Epoch",
    "NonFiniteLoss",
    "Progress",
    "Watch",
    "accuracy",
    "confusion",
    "evaluate",
    "fit",
    "one_cycle",
    "predict",
    "standard_error",
]
