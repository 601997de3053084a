"""Normalization layers: mean 0 and variance 1 over some of the dimensions, then a learned scale and shift."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.creation import empty, ones, zeros
from chainrule.devices import check_device
from chainrule.dtypes import int64
from chainrule.nn import functional as F
from chainrule.nn import init
from chainrule.nn.module import Module
from chainrule.nn.parameter import Parameter
from chainrule.tensor import Tensor

__all__ = [
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d",
    "LayerNorm", "LocalResponseNorm", "RMSNorm",
]  # fmt: skip


class _Normalization(Module):
    """A learned scale, which begins as 1, and a shift, which begins as 0; None where there is none."""

    weight: Parameter | None
    bias: Parameter | None

    def _make_affine(self, size: tuple[int, ...], scale: bool, shift: bool, dtype: npt.DTypeLike | None) -> None:
        self.weight = Parameter(empty(*size, dtype=dtype)) if scale else None
        self.bias = Parameter(empty(*size, dtype=dtype)) if scale and shift else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Scale by 1, shift by 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


# ---------------------------------------------------------------------------------------------- running statistics


class _RunningNorm(_Normalization):
    """A mean and a variance for each channel that follow those of the batches, for evaluation."""

    num_features: int
    eps: float
    momentum: float | None
    affine: bool
    track_running_stats: bool
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None
    _dimensions: tuple[int, ...]  # that an input may have

    def __init__(
        self, num_features: int, eps: float, momentum: float | None, affine: bool, track_running_stats: bool,
        bias: bool, dtype: npt.DTypeLike | None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        tracked = track_running_stats
        self._make_affine((num_features,), affine, bias, dtype)
        self.register_buffer("running_mean", zeros(num_features, dtype=dtype) if tracked else None)
        self.register_buffer("running_var", ones(num_features, dtype=dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", zeros((), dtype=int64) if tracked else None)

    def reset_running_stats(self) -> None:
        """Forget the batches that were seen: mean 0, variance 1."""
        if self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def _check(self, input: Tensor) -> None:
        if input.ndim not in self._dimensions:
            possible = " or ".join(map(str, self._dimensions))
            raise ValueError(f"the input needs {possible} dimensions, not {input.ndim}: {input.shape}")

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine},"
            f" bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_RunningNorm):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: npt.DTypeLike | None = None,
        *,
        bias: bool = True,
    ) -> None:
        check_device(type(self).__name__, device)
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias, dtype)

    def forward(self, input: Tensor) -> Tensor:
        self._check(input)
        mean, var = self.running_mean, self.running_var
        if self.training:
            mean, var = (mean, var) if self.track_running_stats else (None, None)
        own = self.training or (mean is None and var is None)
        return F.batch_norm(input, mean, var, self.weight, self.bias, own, self._factor(), self.eps)

    def _factor(self) -> float:
        """How far the running statistics go to the new ones; counts the batch."""
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.array[...] += 1
            if self.momentum is None:
                return 1 / int(self.num_batches_tracked.array)
        return self.momentum or 0.0


class BatchNorm1d(_BatchNorm):
    """y = w · (x − μ) / √(σ² + ε) + b for each channel, (N, C) or (N, C, L) -> the same; C = num_features, ε = eps.

    In training μ and σ² are those of the batch, and the buffers follow: running ← (1 − momentum) · running + momentum ·
    new, the variance with n − 1; with `momentum=None` they are the mean over all batches. In evaluation μ and
    σ² are the running ones. Without `affine` there is no w and b (C,); without `track_running_stats` no
    buffers, and the batch's own are taken in evaluation too.
    Errors: ValueError for another number of dimensions, else, and the paper, as in `functional.batch_norm`.
    """

    _dimensions = (2, 3)


class BatchNorm2d(_BatchNorm):
    """y = w · (x − μ) / √(σ² + ε) + b for each channel of images, (N, C, H, W) -> the same; see `BatchNorm1d`."""

    _dimensions = (4,)


class BatchNorm3d(_BatchNorm):
    """y = w · (x − μ) / √(σ² + ε) + b for each channel of volumes, (N, C, D, H, W) -> the same; see `BatchNorm1d`."""

    _dimensions = (5,)


class _InstanceNorm(_RunningNorm):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: npt.DTypeLike | None = None,
        *,
        bias: bool = True,
    ) -> None:
        check_device(type(self).__name__, device)
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias, dtype)

    def forward(self, input: Tensor) -> Tensor:
        self._check(input)
        if input.ndim == self._dimensions[0]:
            return self.forward(input.unsqueeze(0)).squeeze(0)
        return F.instance_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self.momentum or 0.0,
            self.eps,
        )


class InstanceNorm1d(_InstanceNorm):
    """y = w · (x − μ) / √(σ² + ε) + b for each channel of each sequence, (N, C, L) or (C, L) -> the same.

    See `InstanceNorm2d`.
    """

    _dimensions = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """y = w · (x − μ) / √(σ² + ε) + b for each channel of each image, (N, C, H, W) or (C, H, W) -> the same.

    C = num_features, ε = eps. μ and σ² are always those of the image unless `track_running_stats`: then they are the
    running ones in evaluation, which follow by `momentum` as in BatchNorm1d; w and b (C,) come with `affine`.
    Errors: ValueError for another number of dimensions, else, and the paper, as in `functional.instance_norm`.
    """

    _dimensions = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """y = w · (x − μ) / √(σ² + ε) + b for each channel of each volume, (N, C, D, H, W) or (C, D, H, W) -> the same.

    See `InstanceNorm2d`.
    """

    _dimensions = (4, 5)


# ---------------------------------------------------------------------------------------------- without a state


class GroupNorm(_Normalization):
    """y = w · (x − μ) / √(σ² + ε) + b, with μ and σ² of each of `num_groups` groups of channels in each sample.

    x (N, C, …) -> the same, with C = num_channels; w and b (C,) come with `affine`; ε = eps.
    Errors: ValueError where num_groups does not divide C, else, and the paper, as in `functional.group_norm`.
    """

    num_groups: int
    num_channels: int
    eps: float
    affine: bool

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: npt.DTypeLike | None = None,
        *,
        bias: bool = True,
    ) -> None:
        check_device(type(self).__name__, device)
        super().__init__()
        if num_groups < 1 or num_channels % num_groups:
            raise ValueError(f"GroupNorm: num_groups={num_groups} must divide num_channels={num_channels}")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self._make_affine((num_channels,), affine, bias, dtype)

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        bias = self.bias is not None
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, bias={bias}"


class LayerNorm(_Normalization):
    """y = w · (x − μ) / √(σ² + ε) + b, with μ and σ² over the last dimensions, which have sizes `normalized_shape`.

    w and b, of those sizes, come with `elementwise_affine`, b only with `bias`; ε = eps. Shapes, errors and paper as in
    `functional.layer_norm`.
    """

    normalized_shape: tuple[int, ...]
    eps: float
    elementwise_affine: bool

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        check_device(type(self).__name__, device)
        super().__init__()
        self.normalized_shape = _sizes(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._make_affine(self.normalized_shape, elementwise_affine, bias, dtype)

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        affine, bias = self.elementwise_affine, self.bias is not None
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={affine}, bias={bias}"


class RMSNorm(_Normalization):
    """y = w · x / √(mean(x²) + ε) over the last dimensions, which have sizes `normalized_shape`.

    w, of those sizes, comes with `elementwise_affine`. ε = eps is the dtype's rounding unit unless given. Shapes,
    errors and paper as in `functional.rms_norm`.
    """

    normalized_shape: tuple[int, ...]
    eps: float | None
    elementwise_affine: bool

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        check_device(type(self).__name__, device)
        super().__init__()
        self.normalized_shape = _sizes(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._make_affine(self.normalized_shape, elementwise_affine, False, dtype)

    def forward(self, input: Tensor) -> Tensor:
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class LocalResponseNorm(Module):
    """y = x / (k + alpha / size · Σ x²)^beta, the sum over the `size` channels around each: (N, C, L, …) -> the same.

    Errors and paper as in `functional.local_response_norm`.
    """

    size: int
    alpha: float
    beta: float
    k: float

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


def _sizes(normalized_shape: int | Sequence[int]) -> tuple[int, ...]:
    if isinstance(normalized_shape, int | np.integer):
        return (int(normalized_shape),)
    return tuple(normalized_shape)
