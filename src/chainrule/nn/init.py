"""Initial values: each function overwrites a tensor in place, whatever the tape says, and returns it.

A good start keeps the variance of what flows through a layer. With fan_in the number of inputs of one output and
fan_out the number of outputs of one input, that asks for Var w = 1/fan_in forward and 1/fan_out backward.
"""

from __future__ import annotations

import math

import numpy as np

from chainrule.autograd import no_grad
from chainrule.ops import random
from chainrule.tensor import Array, Tensor

__all__ = [
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

Generator = np.random.Generator


def constant_(tensor: Tensor, val: float) -> Tensor:
    """w ← val, in place, for a tensor w of any shape."""
    with no_grad():
        return tensor.fill_(val)


def zeros_(tensor: Tensor) -> Tensor:
    """w ← 0, in place, for a tensor w of any shape."""
    return constant_(tensor, 0)


def ones_(tensor: Tensor) -> Tensor:
    """w ← 1, in place, for a tensor w of any shape."""
    return constant_(tensor, 1)


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """w ~ U[a, b), in place, for a tensor w of any shape."""
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """w ~ N(mean, σ²), σ = std, in place, for a tensor w of any shape."""
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """w ~ U[−a, a),  a = gain·√(6 / (fan_in + fan_out)), for a tensor w (out, in, …).

    Errors: ValueError for fewer than two dimensions.
    Paper: Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks (2010).
    """
    a = gain * math.sqrt(6 / sum(_fans(tensor)))
    return uniform_(tensor, -a, a, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """w ~ N(0, σ²),  σ = gain·√(2 / (fan_in + fan_out)). Errors and paper as in `init.xavier_uniform_`."""
    return normal_(tensor, 0.0, gain * math.sqrt(2 / sum(_fans(tensor))), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """w ~ U[−b, b),  b = gain·√(3 / fan), for a tensor w (out, in, …).

    fan is that of the inputs, or with mode="fan_out" of the outputs; gain is that of `nonlinearity`, see
    `init.calculate_gain`, where `a` is the negative slope of a leaky ReLU.
    Errors: ValueError for fewer than two dimensions, another mode or nonlinearity.
    Paper: He, Zhang, Ren, Sun: Delving deep into rectifiers (2015).
    """
    b = math.sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -b, b, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """w ~ N(0, σ²),  σ = gain / √fan. Arguments, errors and paper as in `init.kaiming_uniform_`."""
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """w ~ N(mean, std²), restricted to [a, b], for a tensor w of any shape; std is that before the restriction.

    Errors: ValueError unless a < b and std > 0.
    """
    low, high = ((bound - mean) / std for bound in (a, b))
    if not low < high:
        raise ValueError(f"trunc_normal_(): a={a} must be below b={b}, and std={std} positive")
    z = _truncated(tensor.numel(), low, high, generator or random.generator())
    with no_grad():
        return tensor.copy_((mean + std * z).clip(a, b).reshape(tensor.shape))


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """w ← gain·Q, with orthonormal rows or columns, whichever are fewer, of the tensor w as a matrix (out, in·…).

    Q is drawn evenly from all of them: that of the QR decomposition of a normal matrix, with R's diagonal positive.
    Errors: ValueError for fewer than two dimensions.
    Paper: Saxe, McClelland, Ganguli: Exact solutions to the nonlinear dynamics of learning in deep linear networks
    (2014).
    """
    rows, columns = _matrix("orthogonal_", tensor)
    normal = (generator or random.generator()).standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(normal)
    q *= np.where(np.diag(r) < 0, -1, 1)
    with no_grad():
        return tensor.copy_(gain * (q if rows >= columns else q.T).reshape(tensor.shape))


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """w ~ N(0, σ²), σ = std, and in every column of the tensor w the share `sparsity` of the entries, rounded up, is 0.

    Errors: ValueError for what is no matrix.
    Paper: Martens: Deep learning via Hessian-free optimization (2010).
    """
    if tensor.ndim != 2:
        raise ValueError(f"sparse_(): a matrix is needed, this tensor has shape {tensor.shape}")
    normal_(tensor, 0.0, std, generator)
    order = (generator or random.generator()).random(tensor.shape).argsort(axis=0)
    tensor.array[order < math.ceil(sparsity * tensor.shape[0])] = 0
    return tensor


def eye_(tensor: Tensor) -> Tensor:
    """w ← the identity matrix: a Linear with this tensor hands on as many of its inputs as it can.

    Errors: ValueError for what is no matrix.
    """
    if tensor.ndim != 2:
        raise ValueError(f"eye_(): a matrix is needed, this tensor has shape {tensor.shape}")
    with no_grad():
        return tensor.copy_(np.eye(tensor.shape[0], tensor.shape[1]))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """w ← 1 in the middle of the window from channel i to channel i, else 0: a convolution hands on its input.

    For a tensor w (out, in / groups, …) with one to three window axes; in every one of the groups of its own.
    Errors: ValueError for another shape, or where groups do not divide out.
    """
    if not 3 <= tensor.ndim <= 5 or tensor.shape[0] % groups:
        raise ValueError(
            f"dirac_(): a convolution's weight with {groups} groups is needed, this tensor has shape {tensor.shape}"
        )
    out_features, in_features, *window = tensor.shape
    size = out_features // groups
    zeros_(tensor)
    for i in range(out_features):
        if i % size < in_features:
            tensor.array[(i, i % size, *(k // 2 for k in window))] = 1
    return tensor


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor on σ that makes up for a nonlinearity; `param` is the slope of a leaky ReLU, 0.01 unless given.

    Errors: ValueError for another `nonlinearity` than linear, conv…, sigmoid, tanh, relu, leaky_relu and selu.
    """
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in _GAINS:
        raise ValueError(f"calculate_gain({nonlinearity!r}): choose one of leaky_relu, {', '.join(_GAINS)}")
    return _GAINS[nonlinearity]


_GAINS = {
    "linear": 1.0,
    "conv1d": 1.0,
    "conv2d": 1.0,
    "conv3d": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}


def default_(weight: Tensor, bias: Tensor | None) -> None:
    """PyTorch's start of Linear and Conv2d: everything in U[−1/√fan_in, 1/√fan_in), which is He's with a = √5."""
    kaiming_uniform_(weight, a=math.sqrt(5))
    if bias is not None and weight.numel():
        bound = 1 / math.sqrt(_fans(weight)[0])
        uniform_(bias, -bound, bound)


def _fans(tensor: Tensor) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight (out, in, ...)."""
    if tensor.ndim < 2:
        raise ValueError(f"fan_in and fan_out need a weight (out, in, ...), this one has shape {tensor.shape}")
    out_features, in_features, *window = tensor.shape
    return in_features * math.prod(window), out_features * math.prod(window)


def _matrix(name: str, tensor: Tensor) -> tuple[int, int]:
    """The shape of a weight (out, in, …) as a matrix (out, in·…)."""
    if tensor.ndim < 2:
        raise ValueError(f"{name}(): a weight (out, in, ...) is needed, this tensor has shape {tensor.shape}")
    return tensor.shape[0], math.prod(tensor.shape[1:])


def _truncated(n: int, low: float, high: float, draw: Generator) -> Array:
    """n standard normal numbers in [low, high], by rejection.

    Proposals are normal, or, where few of those would fall into the interval, uniform.
    """
    nearest = min(max(0.0, low), high)
    low, high = max(low, nearest - 10), min(high, nearest + 10)  # what lies beyond has less than e⁻⁵⁰ of it
    mass = (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2))) / 2
    uniform = mass < 0.25
    found = np.empty(0)
    while found.size < n:
        if uniform:
            z = draw.uniform(low, high, n)
            z = z[draw.random(n) < np.exp((nearest**2 - z * z) / 2)]
        else:
            z = draw.standard_normal(n)
            z = z[(low <= z) & (z <= high)]
        found = np.concatenate([found, z])
    return found[:n]


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode={mode!r} is neither 'fan_in' nor 'fan_out'")
    fan = _fans(tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan) if fan else 0.0
