"""Linear algebra under the names of `torch.linalg`."""

from chainrule.ops.contraction import multi_dot, vecdot
from chainrule.ops.indexing import linalg_diagonal as diagonal
from chainrule.ops.linalg import linalg_cross as cross
from chainrule.ops.linalg import matmul, matrix_power
from chainrule.ops.norms import linalg_norm as norm
from chainrule.ops.norms import matrix_norm, svdvals
from chainrule.ops.reduction import vector_norm
from chainrule.ops.solving import det, slogdet
from chainrule.ops.solving import inverse as inv
from chainrule.ops.solving import linalg_solve as solve
from chainrule.refusal import refusing

__all__ = [
    "cross",
    "det",
    "diagonal",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "multi_dot",
    "norm",
    "slogdet",
    "solve",
    "svdvals",
    "vecdot",
    "vector_norm",
]

for _name in __all__:
    globals()[_name] = refusing(globals()[_name])
