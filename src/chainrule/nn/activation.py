"""Activation layers: elementwise functions, and the softmax along one axis; all but GLU keep the shape."""

from __future__ import annotations

from chainrule.nn import functional as F
from chainrule.nn.module import Module
from chainrule.tensor import Tensor

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "RReLU",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softsign",
    "Tanh",
    "Tanhshrink",
]  # fmt: skip


class _Activation(Module):
    """With `inplace=True` the input becomes the output; see `chainrule.ops.twins`."""

    inplace: bool

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class ReLU(_Activation):
    """y = max(x, 0). Any shape; errors as in `functional.relu`."""

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.relu(input, self.inplace)
        return y


class SiLU(_Activation):
    """y = x · σ(x). Any shape; errors and paper as in `functional.silu`."""

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.silu(input, self.inplace)
        return y


class LeakyReLU(_Activation):
    """y = x where x > 0, else negative_slope · x. Any shape; errors and paper as in `functional.leaky_relu`."""

    negative_slope: float

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.leaky_relu(input, self.negative_slope, self.inplace)
        return y

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}" + ", inplace=True" * self.inplace


class RReLU(_Activation):
    """y = x where x > 0, else s · x: in training with s drawn from [lower, upper] for each element, else their mean.

    Any shape; errors and paper as in `functional.rrelu`.
    """

    lower: float
    upper: float

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.lower = lower
        self.upper = upper

    def forward(self, input: Tensor) -> Tensor:
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"lower={self.lower}, upper={self.upper}" + ", inplace=True" * self.inplace


class ELU(_Activation):
    """y = x where x > 0, else alpha · (eˣ − 1). Any shape; errors and paper as in `functional.elu`."""

    alpha: float

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.elu(input, self.alpha, self.inplace)
        return y

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}" + ", inplace=True" * self.inplace


class CELU(_Activation):
    """y = x where x > 0, else alpha · (e^(x/alpha) − 1). Any shape; errors and paper as in `functional.celu`."""

    alpha: float

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.celu(input, self.alpha, self.inplace)
        return y

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}" + ", inplace=True" * self.inplace


class SELU(_Activation):
    """y = λ · elu(x, α), with λ and α that keep mean 0 and variance 1 from layer to layer.

    Any shape; errors and paper as in `functional.selu`.
    """

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.selu(input, self.inplace)
        return y


class Mish(_Activation):
    """y = x · tanh(ln(1 + eˣ)). Any shape; errors and paper as in `functional.mish`."""

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.mish(input, self.inplace)
        return y


class GELU(Module):
    """y = x · Φ(x), Φ the normal distribution; `approximate="tanh"` or "sigmoid" takes a formula close to it.

    Any shape; formulas, errors and paper as in `functional.gelu`.
    """

    approximate: str

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.gelu(input, self.approximate)
        return y

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class Sigmoid(Module):
    """y = σ(x) = 1 / (1 + e⁻ˣ), elementwise."""

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.sigmoid(input)
        return y


class Tanh(Module):
    """y = tanh(x), elementwise."""

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.tanh(input)
        return y


class LogSigmoid(Module):
    """y = ln σ(x). Any shape; errors as in `functional.logsigmoid`."""

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.logsigmoid(input)
        return y


class Softsign(Module):
    """y = x / (1 + |x|), elementwise."""

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.softsign(input)
        return y


class Tanhshrink(Module):
    """y = x − tanh x, elementwise."""

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.tanhshrink(input)
        return y


class Softplus(Module):
    """y = ln(1 + e^(beta·x)) / beta, and x itself where beta·x > threshold.

    Any shape; errors as in `functional.softplus`.
    """

    beta: float
    threshold: float

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.softplus(input, self.beta, self.threshold)
        return y

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class Softmax(Module):
    """yᵢ = e^xᵢ / Σⱼ e^xⱼ along the axis `dim`. Any shape; errors as in `functional.softmax`."""

    dim: int | None

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.softmax(input, self.dim)
        return y

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmax2d(Module):
    """yᵢ = e^xᵢ / Σⱼ e^xⱼ over the channels i of (N, C, H, W) or (C, H, W) -> the same, at each place.

    Errors: ValueError for another shape, TypeError for integers.
    """

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: (N, C, H, W) or (C, H, W) is needed, not shape {input.shape}")
        y: Tensor = F.softmax(input, -3)
        return y


class Softmin(Module):
    """yᵢ = e^−xᵢ / Σⱼ e^−xⱼ along the axis `dim`. Any shape; errors as in `functional.softmin`."""

    dim: int | None

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.softmin(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """yᵢ = xᵢ − ln Σⱼ e^xⱼ along the axis `dim`. Any shape; errors as in `functional.log_softmax`."""

    dim: int | None

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.log_softmax(input, self.dim)
        return y

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class GLU(Module):
    """y = a · σ(b) for the two halves (a, b) of x along `dim`, whose size is halved.

    Shapes, errors and paper as in `functional.glu`.
    """

    dim: int

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.glu(input, self.dim)
        return y

    def extra_repr(self) -> str:
        return f"dim={self.dim}"
