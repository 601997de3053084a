"""Gradient checks by central differences: of functions of Tensors, of modules, and of other people's layers.

    from chainrule.check import check_layer, gradcheck

    print(gradcheck(lambda x, w: (x @ w).relu(), [x, w]))
    print(check_layer(ConvolutionalLayer, args=(20, 2, 3, 3)))

A report says which rule failed first, on which gradient, by how much and where, and what such a mistake usually is.
"""

from chainrule.check.gradcheck import gradcheck, gradcheck_module
from chainrule.check.hand_written import CannotCheck
from chainrule.check.health import Health, health
from chainrule.check.layer import check_layer
from chainrule.check.pullback import check_pullback
from chainrule.check.report import RULES, Diagnosis, GradientError, Report, Row

__all__ = [
    "RULES",
    "CannotCheck",
    "Diagnosis",
    "GradientError",
    "Health",
    "Report",
    "Row",
    "check_layer",
    "check_pullback",
    "gradcheck",
    "gradcheck_module",
    "health",
]
