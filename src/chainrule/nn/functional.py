"""The operators that layers apply, under PyTorch's names. They live in `chainrule.ops`, with their equations."""

# ruff: noqa: F403
from chainrule.ops import (
    activation,
    adaptive,
    columns,
    convolution,
    convolution_transpose,
    ctc,
    loss,
    loss_elementwise,
    loss_margin,
    normalization,
    padding,
    piecewise,
    pooling,
    pooling_power,
    probabilities,
    resize,
)
from chainrule.ops.activation import *
from chainrule.ops.adaptive import *
from chainrule.ops.attention import scaled_dot_product_attention
from chainrule.ops.columns import *
from chainrule.ops.convolution import *
from chainrule.ops.convolution_transpose import *
from chainrule.ops.ctc import *
from chainrule.ops.distance import cosine_similarity, normalize, pairwise_distance
from chainrule.ops.embeddings import embedding
from chainrule.ops.joining import one_hot
from chainrule.ops.linalg import bilinear, linear
from chainrule.ops.loss import *
from chainrule.ops.loss_elementwise import *
from chainrule.ops.loss_margin import *
from chainrule.ops.multihead import multi_head_attention_forward
from chainrule.ops.normalization import *
from chainrule.ops.padding import *
from chainrule.ops.piecewise import *
from chainrule.ops.pooling import *
from chainrule.ops.pooling_power import *
from chainrule.ops.probabilities import *
from chainrule.ops.random import (
    alpha_dropout,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    feature_alpha_dropout,
)
from chainrule.ops.resize import *
from chainrule.ops.twins import celu_, elu_, hardtanh_, leaky_relu_, relu_, rrelu_, selu_, threshold_

__all__ = [
    "alpha_dropout",
    "bilinear",
    "celu_",
    "cosine_similarity",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "elu_",
    "embedding",
    "feature_alpha_dropout",
    "hardtanh_",
    "leaky_relu_",
    "linear",
    "multi_head_attention_forward",
    "normalize",
    "one_hot",
    "pairwise_distance",
    "relu_",
    "rrelu_",
    "scaled_dot_product_attention",
    "selu_",
    "threshold_",
]
__all__ += activation.__all__
__all__ += adaptive.__all__
__all__ += columns.__all__
__all__ += convolution.__all__
__all__ += convolution_transpose.__all__
__all__ += ctc.__all__
__all__ += loss.__all__
__all__ += loss_elementwise.__all__
__all__ += loss_margin.__all__
__all__ += normalization.__all__
__all__ += padding.__all__
__all__ += piecewise.__all__
__all__ += pooling.__all__
__all__ += pooling_power.__all__
__all__ += probabilities.__all__
__all__ += resize.__all__
