"""Stages of convolutional networks as one operator: convolution, 2 × 2 pooling and activation, again and again.

Inside of a compiled function `conv2d` waits for what follows it, and pooling, activation and the next convolution join
it (`deferring`). All of them together are `stages`, for which there is one kernel.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

from chainrule.autograd import Forward, Pullback, primitive
from chainrule.deferring import Deferred, Step, defer, settle
from chainrule.dtypes import DType
from chainrule.native import core
from chainrule.ops.chains import ACTIVATIONS, carry_out, waits
from chainrule.ops.convolution import _conv2d
from chainrule.ops.pooling import _max_pool2d
from chainrule.ops.windows import Pair, Sizes
from chainrule.tensor import Array, Tensor

__all__: list[str] = []  # no names: it is what others become


class Stage(NamedTuple):
    """conv2d with stride 1, then the greatest of each `pool` × `pool` values, then an activation, 0 for none."""

    padding: Pair
    dilation: Pair
    pool: int = 1
    activation: int = 0
    alone: bool = False
    """Whether only pooling may follow: that is so for convolutions that are better carried out in tiles."""


@primitive
def _stages(x: Array, wants: bool, settings: tuple[Stage, ...], *weights: Array | None) -> tuple[Array, Pullback]:
    """One stage after the other, with the weight and the bias of each. `wants`: whether x's cotangent is needed."""
    pullbacks: list[Any] = []

    def apply(forward: Forward, *arguments: Any) -> Array:
        value: Array
        value, pullback = forward(*arguments)
        pullbacks.append(pullback)
        return value

    y = x
    for stage, w, b in zip(settings, weights[::2], weights[1::2], strict=True):
        y = apply(_conv2d.reference, y, w, b, (1, 1), stage.padding, stage.dilation, 1)
        if stage.pool > 1:
            y = apply(_max_pool2d.reference, y, *_windows(y.shape, stage.pool))
        if stage.activation:
            y = apply(ACTIVATIONS[stage.activation].reference, y)

    def pullback(dy: Array) -> tuple[Any, ...]:
        cotangents: list[Any] = []
        for pull in reversed(pullbacks):
            if isinstance(pull, tuple):  # of a convolution: its input, weight and bias
                dx, dw, db = pull
                cotangents[:0] = dw(dy), db(dy)
                dy = dx(dy)
            else:
                dy = pull(dy)
        return dy, None, None, *cotangents

    return y, pullback


@_stages.native
def _(x: Array, wants: bool, settings: tuple[Stage, ...], *weights: Array | None) -> tuple[Array, Pullback]:
    y, frames, places = core.stages(x, settings, weights)

    def pullback(dy: Array) -> tuple[Any, ...]:
        dx, flat = core.stages_grad(x, settings, weights, y, dy, frames, places, wants)
        return dx, None, None, *_cut(flat, weights)

    return y, pullback


def _cut(flat: Array, weights: tuple[Any, ...]) -> list[Array | None]:
    """Cotangents that lie one after the other, each in its shape; that of a bias is there even if the bias is not."""
    cut: list[Array | None] = []
    for w, b in zip(weights[::2], weights[1::2], strict=True):
        dw, db, flat = flat[: w.size], flat[w.size : w.size + len(w)], flat[w.size + len(w) :]
        cut += dw.reshape(w.shape), None if b is None else db
    return cut


def _windows(shape: tuple[int, ...], pool: int) -> tuple[Pair, Pair, Pair, Pair, Pair]:
    """What max_pool2d is given for windows side by side: their size, stride, padding, dilation and number."""
    return (pool, pool), (pool, pool), (0, 0), (1, 1), (shape[2] // pool, shape[3] // pool)


# ---------------------------------------------------------------------------------------------- how they come together


class Maps(Step):
    """The last stage so far of a chain that waits: maps (N, C, H, W) will come out. Its setting is a Stage."""

    __slots__ = ()

    def activated(self, x: Deferred, number: int, operator: Any) -> Deferred | None:
        """The last stage with an activation; before the pooling or behind it comes to the same."""
        s: Stage = self.setting
        if s.alone or s.activation:
            return None
        setting = Stage(s.padding, s.dilation, s.pool, number)
        return defer(Maps(operator, x, (), setting, self.shape, self.dtype))

    def run(self, start: Tensor, steps: Sequence[Step]) -> Tensor:
        """The stages together."""
        return carry_out(_conv2d, _stages, start, steps)


@_conv2d.deferred
def _(x: Any, w: Any, b: Any, stride: Pair, padding: Pair, dilation: Pair, groups: int) -> Tensor | None:
    found = _maps(x.shape, w.shape, x.dtype, stride, padding, dilation, groups)
    if found is None:
        return None
    setting, shape = found
    if type(x) is Deferred and (setting.alone or not waits(x, Maps) or x.step.setting.alone):
        settle(x)
    return defer(Maps(_conv2d, x, (w, b, stride, padding, dilation, groups), setting, shape, w.dtype))


@functools.lru_cache(maxsize=4096)  # a model asks for the same few at every step
def _maps(
    x: Sizes, w: Sizes, dtype: DType, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> tuple[Stage, Sizes] | None:
    """The stage that a convolution can begin, and the shape of what comes out."""
    reach = [d * (k - 1) for d, k in zip(dilation, w[2:], strict=True)]
    fits = stride == (1, 1) and groups == 1 and all(p <= r for p, r in zip(padding, reach, strict=True))
    if core is None or not fits or dtype.char not in "fd" or 0 in x:
        return None
    size = (n + 2 * p - r for n, p, r in zip(x[2:], padding, reach, strict=True))
    alone = core.conv2d_in_tiles(dtype.char == "f", x, w, padding, dilation)
    return Stage(padding, dilation, alone=alone), (x[0], w[0], *size)


@_max_pool2d.deferred
def _(x: Any, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, out: Pair) -> Tensor | None:
    windows = kernel, stride, padding, dilation, out
    if not waits(x, Maps) or x.step.setting.pool > 1 or windows != _windows(x.step.shape, 2) or 0 in out:
        return None
    s: Stage = x.step.setting
    setting = Stage(s.padding, s.dilation, 2, s.activation, s.alone)
    return defer(Maps(_max_pool2d, x, windows, setting, (*x.step.shape[:2], *out), x.step.dtype))
