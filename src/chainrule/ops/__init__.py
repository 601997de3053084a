"""The operators: a file per family, reference and native override side by side.

How their docstrings read: x is the first argument, also called input, y the result; dy is the gradient of a loss with
respect to y, dx the one with respect to x; [x > 0] is 1 where that holds, else 0. "Elementwise" and "any shape" mean
that the result has the shape of x; shapes that are broadcast are counted from the right, two sizes being equal, or one
of them 1 or missing. N is the batch, C channels, D, H and W depth, height and width, L a length; T are time steps.

The same everywhere: `dim` counts from 0, or from the end where it is negative; with `keepdim` a dimension that is
reduced stays, with size 1. `dtype` is that of the result, `device` can only be the CPU, with `requires_grad` the result
is a leaf that wants a gradient. `generator` is NumPy's, to draw from in the place of chainrule's own. With `inplace`
the input becomes the result. `non_blocking` is taken for PyTorch's sake. What is no tensor where one is needed is a
TypeError.
"""

# ruff: noqa: F403
from types import ModuleType

from chainrule.ops import (
    activation,
    adaptive,
    aliases,
    attention,
    bins,
    bitwise,
    columns,
    comparison,
    compound,
    contraction,
    conversion,
    convolution,
    convolution_transpose,
    ctc,
    dense,  # noqa: F401 (no names, only rules for those of others)
    distance,
    elementwise,
    embeddings,
    exponential,
    extremes,
    grids,
    indexing,
    inplace,
    joining,
    linalg,
    loss,
    loss_elementwise,
    loss_margin,
    multihead,
    normalization,
    norms,
    padding,
    piecewise,
    pooling,
    pooling_power,
    probabilities,
    properties,
    random,
    recurrent_embedded,  # noqa: F401 (as dense)
    recurrent_gru,
    recurrent_lstm,
    recurrent_rnn,
    reduction,
    resize,
    rounding,
    scan,
    shape,
    solving,
    stages,  # noqa: F401 (no names, only rules for those of others)
    statistics,
    transcendental,
    trigonometry,
    twins,
    writing,
)
from chainrule.ops.activation import *
from chainrule.ops.adaptive import *
from chainrule.ops.aliases import *
from chainrule.ops.attention import *
from chainrule.ops.bins import *
from chainrule.ops.bitwise import *
from chainrule.ops.columns import *
from chainrule.ops.comparison import *
from chainrule.ops.compound import *
from chainrule.ops.contraction import *
from chainrule.ops.conversion import *
from chainrule.ops.convolution import *
from chainrule.ops.convolution_transpose import *
from chainrule.ops.ctc import *
from chainrule.ops.distance import *
from chainrule.ops.elementwise import *
from chainrule.ops.embeddings import *
from chainrule.ops.exponential import *
from chainrule.ops.extremes import *
from chainrule.ops.grids import *
from chainrule.ops.indexing import *
from chainrule.ops.inplace import *
from chainrule.ops.joining import *
from chainrule.ops.linalg import *
from chainrule.ops.loss import *
from chainrule.ops.loss_elementwise import *
from chainrule.ops.loss_margin import *
from chainrule.ops.multihead import *
from chainrule.ops.normalization import *
from chainrule.ops.norms import *
from chainrule.ops.padding import *
from chainrule.ops.piecewise import *
from chainrule.ops.pooling import *
from chainrule.ops.pooling_power import *
from chainrule.ops.probabilities import *
from chainrule.ops.properties import *
from chainrule.ops.random import *
from chainrule.ops.recurrent_gru import *
from chainrule.ops.recurrent_lstm import *
from chainrule.ops.recurrent_rnn import *
from chainrule.ops.reduction import *
from chainrule.ops.resize import *
from chainrule.ops.rounding import *
from chainrule.ops.scan import *
from chainrule.ops.shape import *
from chainrule.ops.solving import *
from chainrule.ops.statistics import *
from chainrule.ops.transcendental import *
from chainrule.ops.trigonometry import *
from chainrule.ops.twins import *
from chainrule.ops.writing import *
from chainrule.refusal import refusing
from chainrule.tensor import Tensor

__all__: list[str] = []
__all__ += activation.__all__
__all__ += adaptive.__all__
__all__ += aliases.__all__
__all__ += attention.__all__
__all__ += bins.__all__
__all__ += bitwise.__all__
__all__ += columns.__all__
__all__ += comparison.__all__
__all__ += compound.__all__
__all__ += contraction.__all__
__all__ += conversion.__all__
__all__ += convolution.__all__
__all__ += convolution_transpose.__all__
__all__ += ctc.__all__
__all__ += distance.__all__
__all__ += elementwise.__all__
__all__ += embeddings.__all__
__all__ += exponential.__all__
__all__ += extremes.__all__
__all__ += grids.__all__
__all__ += indexing.__all__
__all__ += inplace.__all__
__all__ += joining.__all__
__all__ += linalg.__all__
__all__ += loss.__all__
__all__ += loss_elementwise.__all__
__all__ += loss_margin.__all__
__all__ += multihead.__all__
__all__ += normalization.__all__
__all__ += norms.__all__
__all__ += padding.__all__
__all__ += piecewise.__all__
__all__ += pooling.__all__
__all__ += pooling_power.__all__
__all__ += probabilities.__all__
__all__ += properties.__all__
__all__ += random.__all__
__all__ += recurrent_gru.__all__
__all__ += recurrent_lstm.__all__
__all__ += recurrent_rnn.__all__
__all__ += reduction.__all__
__all__ += resize.__all__
__all__ += rounding.__all__
__all__ += scan.__all__
__all__ += shape.__all__
__all__ += solving.__all__
__all__ += statistics.__all__
__all__ += transcendental.__all__
__all__ += trigonometry.__all__
__all__ += twins.__all__
__all__ += writing.__all__

# What fails inside of an operator is told in the user's terms, whether it is called as a function or as a method.
for _family in [module for module in vars().values() if isinstance(module, ModuleType)]:
    for _name in _family.__all__:
        vars()[_name] = vars(_family)[_name] = refusing(vars(_family)[_name])
for _name, _method in list(vars(Tensor).items()):
    if getattr(_method, "__module__", "").startswith("chainrule.ops."):
        setattr(Tensor, _name, refusing(_method))
