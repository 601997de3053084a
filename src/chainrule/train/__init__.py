"""Training: the plain loop, on chainrule's modules and PyTorch's alike, and the numbers that judge its result."""

from .callback import Callback, Epoch, Training
from .callbacks import AverageWeights, ClipNorm, ClipValue, EarlyStopping, JsonLines, Lookahead, Scheduler
from .checkpoint import Checkpoint, load_checkpoint
from .evaluation import evaluate, predict
from .loop import NonFiniteLoss, fit
from .metrics import (
    ClassScores,
    accuracy,
    class_accuracy,
    confusion,
    perplexity,
    precision_recall_f1,
    standard_error,
    top_k_accuracy,
)
from .progress import Progress
from .schedules import one_cycle
from .tensorboard import TensorBoard

__all__ = [
    "AverageWeights",
    "Callback",
    "Checkpoint",
    "ClassScores",
    "ClipNorm",
    "ClipValue",
    "EarlyStopping",
    "Epoch",
    "JsonLines",
    "Lookahead",
    "NonFiniteLoss",
    "Progress",
    "Scheduler",
    "TensorBoard",
    "Training",
    "accuracy",
    "class_accuracy",
    "confusion",
    "evaluate",
    "fit",
    "load_checkpoint",
    "one_cycle",
    "perplexity",
    "precision_recall_f1",
    "predict",
    "standard_error",
    "top_k_accuracy",
]
