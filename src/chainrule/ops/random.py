"""Random numbers, all from one generator: the same seed gives the same numbers, on every machine.

The generator serves every thread, and locks itself for each draw; where several threads draw, which of them gets which
numbers is not fixed. A function that takes `generator` (a `numpy.random.Generator`) draws from that one instead. The
numbers are NumPy's (PCG64), so they are not those that PyTorch draws from the same seed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from chainrule.autograd import Pullback, primitive
from chainrule.creation import size_of
from chainrule.devices import check_device
from chainrule.dtypes import as_dtype, get_default_dtype, int64
from chainrule.native import Unsupported, core
from chainrule.ops.arguments import require_floating, require_tensors
from chainrule.tensor import Array, Tensor, method

__all__ = [
    "alpha_dropout", "bernoulli", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout",
    "generator", "get_rng_state", "manual_seed", "multinomial", "rand", "rand_like", "randint", "randn", "randn_like",
    "randperm", "set_rng_state",
]  # fmt: skip

T = TypeVar("T")

_generator = np.random.default_rng()


def generator() -> np.random.Generator:
    """The generator, NumPy's, that everything draws from unless told otherwise."""
    return _generator


def manual_seed(seed: int) -> np.random.Generator:
    """Start the generator anew from `seed`, a whole number; it is returned.

    Errors: ValueError for a negative seed, TypeError for one that is no whole number.
    """
    global _generator
    _generator = np.random.default_rng(seed)
    return _generator


def get_rng_state() -> dict[str, Any]:
    """Where the generator stands, for `set_rng_state`: a dictionary of numbers and strings."""
    return dict(_generator.bit_generator.state)


def set_rng_state(state: dict[str, Any]) -> None:
    """Let the generator go on from where it stood at `get_rng_state`, which gave `state`.

    Errors: TypeError for what is no dictionary, ValueError for what is no such state.
    """
    _generator.bit_generator.state = state


def drawn_from(generator: np.random.Generator, items: Iterable[T]) -> Iterator[T]:
    """The items, which come with `generator` in the place of the one that everything draws from."""
    global _generator
    coming = itertools.chain(items)  # iter(items) is called with the first of them
    while True:
        _generator, before = generator, _generator
        try:
            item = next(coming)
        except StopIteration:
            return
        finally:
            generator, _generator = _generator, before  # manual_seed among the items is for those that follow
        yield item


def rand(
    *shape: Any, size: Any = None, generator: np.random.Generator | None = None, dtype: npt.DTypeLike | None = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Uniform in [0, 1): `rand(2, 3)`, `rand((2, 3))` or `rand(size=(2, 3))` -> `shape` (2, 3).

    Errors: ValueError for a negative size, TypeError for one that is no whole number, and for a dtype of integers.
    """
    draw: Any = (generator or _generator).random
    return _drawn("rand", draw, shape, size, dtype, device, requires_grad)


def randn(
    *shape: Any, size: Any = None, generator: np.random.Generator | None = None, dtype: npt.DTypeLike | None = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Normal, with mean 0 and variance 1: `randn(2, 3)`, `randn((2, 3))` or `randn(size=(2, 3))` -> `shape` (2, 3).

    Errors: ValueError for a negative size, TypeError for one that is no whole number, and for a dtype of integers.
    """
    draw: Any = (generator or _generator).standard_normal
    return _drawn("randn", draw, shape, size, dtype, device, requires_grad)


def _drawn(name: str, draw: Any, shape: Any, size: Any, dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    check_device(name, device)
    kind = get_default_dtype() if dtype is None else as_dtype(name, dtype)
    if kind.kind != "f":
        raise TypeError(f"{name}(): random numbers are real, they cannot be of {kind}")
    single = kind if kind in (np.float32, np.float64) else np.dtype(np.float32)  # what NumPy draws
    numbers = draw(size_of(name, shape if size is None else size), single)
    return Tensor(numbers.astype(kind, copy=False), requires_grad)


def rand_like(
    input: Tensor, *, dtype: npt.DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Uniform in [0, 1), in the shape of `input`, and its dtype unless one is given. Errors: TypeError for integers."""
    return _drawn("rand_like", _generator.random, input.shape, None, dtype or input.dtype, device, requires_grad)


def randn_like(
    input: Tensor, *, dtype: npt.DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Normal, with mean 0 and variance 1, in the shape of `input`, and its dtype unless one is given.

    Errors: TypeError for integers.
    """
    draw: Any = _generator.standard_normal
    return _drawn("randn_like", draw, input.shape, None, dtype or input.dtype, device, requires_grad)


def randint(
    low: int = 0, high: Any = None, size: Any = None, *, generator: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Whole numbers from low to high − 1: `randint(low, high, size)`, or `randint(high, size)` from 0.

    Shapes: size (2, 3) -> (2, 3). Errors: ValueError where low ≥ high, TypeError where no size is given.
    """
    if size is None:
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    check_device("randint", device)
    if not isinstance(size, tuple | list):
        raise TypeError(f"randint(): the size must be a tuple such as (2, 3), not {size!r}")
    if low >= high:
        raise ValueError(f"randint(): there is no whole number from {low} to below {high}")
    numbers = (generator or _generator).integers(low, high, size_of("randint", size))
    return Tensor(np.asarray(numbers, int64 if dtype is None else as_dtype("randint", dtype)), requires_grad)


def randperm(
    n: int, *, generator: np.random.Generator | None = None, dtype: npt.DTypeLike | None = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The numbers 0 to n − 1 in random order: -> (n). Errors: ValueError for a negative n."""
    check_device("randperm", device)
    (n,) = size_of("randperm", n)
    numbers = (generator or _generator).permutation(n)
    return Tensor(numbers.astype(int64 if dtype is None else as_dtype("randperm", dtype), copy=False), requires_grad)


@method
def bernoulli(input: Tensor, *, generator: np.random.Generator | None = None) -> Tensor:
    """1 with the probability that stands at each place of `input`, else 0, in its shape and dtype: the shape of input.

    Errors: ValueError for what is no probability, TypeError for integers.
    """
    p = require_floating("bernoulli", input.array)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"bernoulli(): probabilities lie between 0 and 1, here from {p.min()} to {p.max()}")
    return Tensor(np.asarray((generator or _generator).random(p.shape) < p).astype(p.dtype))


@method
def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: np.random.Generator | None = None
) -> Tensor:
    """Indices drawn with the probabilities that each row's weights stand for: (N, K) or (K) -> (N, S) or (S), int64.

    S = num_samples. The weights need not sum to 1. Without `replacement` no index comes twice: the greatest keys
    ln(u) / w are taken, u uniform. Errors: ValueError for another shape, negative weights, a row of zeros, or more
    samples than it has weights above 0, TypeError for integers.
    Paper: Efraimidis, Spirakis: Weighted random sampling with a reservoir (2006).
    """
    w = require_floating("multinomial", input.array)
    if w.ndim not in (1, 2) or not num_samples >= 1:
        raise ValueError(f"multinomial(): weights (N, K) or (K) and at least one sample, not {w.shape}, {num_samples}")
    if not (np.isfinite(w) & (w >= 0)).all() or not (w.sum(-1) > 0).all():
        raise ValueError("multinomial(): weights are finite numbers ≥ 0, and in every row one of them is not 0")
    if not replacement and num_samples > (found := int(np.count_nonzero(w, axis=-1).min(initial=num_samples))):
        raise ValueError(f"multinomial(): {num_samples} samples without replacement, but a row has {found} weights > 0")
    uniform = (generator or _generator).random
    if not replacement:
        keys = np.log(uniform(w.shape)) / np.where(w > 0, w, np.finfo(w.dtype).tiny)
        return Tensor(np.argsort(-keys, axis=-1, kind="stable")[..., :num_samples])
    shares = np.cumsum(w, axis=-1, dtype=np.float64)  # (…, K)
    u = uniform((*w.shape[:-1], num_samples)) * shares[..., -1:]
    return Tensor((u[..., None] >= shares[..., None, :]).sum(-1))  # (…, S, K) -> (…, S)


@method
def uniform_(self: Tensor, a: float = 0.0, b: float = 1.0, *, generator: np.random.Generator | None = None) -> Tensor:
    """Overwrite the values by uniform ones in [a, b)."""
    array = self._write("uniform_()")
    array[...] = a + (b - a) * (generator or _generator).random(array.shape, array.dtype)
    return self


@method
def normal_(
    self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: np.random.Generator | None = None
) -> Tensor:
    """Overwrite the values by normal ones."""
    array = self._write("normal_()")
    array[...] = mean + std * (generator or _generator).standard_normal(array.shape, array.dtype)
    return self


# ---------------------------------------------------------------------------------------------- dropout


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """input · m, where m is 0 with probability p, else 1 / (1 − p), so that the mean stays; input if not `training`.

    dinput = dy · m. `inplace` is taken for PyTorch's sake; a new tensor is made all the same.
    Any shape. Errors: ValueError unless p is from 0 to 1, TypeError for integers.
    Paper: Hinton et al.: Improving neural networks by preventing co-adaptation of feature detectors (2012).
    """
    return _dropped("dropout", input, p, training, lambda: input.shape)


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels are dropped: input (N, C, L) or (C, L) -> the same, m (N, C, 1) or (C, 1); else as `dropout`.

    Errors: ValueError for another shape.
    """
    _check_dimensions("dropout1d", input, "(N, C, L) or (C, L)", 2, 3)
    return _dropped("dropout1d", input, p, training, lambda: (*input.shape[:-1], 1))


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels are dropped: input (N, C, H, W) -> the same, m (N, C, 1, 1); else as `dropout`.

    As in PyTorch, three dimensions are taken for (N, C, L). Errors: ValueError for another shape.
    Paper: Tompson et al.: Efficient object localization using convolutional networks (2015).
    """
    _check_dimensions("dropout2d", input, "(N, C, H, W) or (N, C, L)", 3, 4)
    return _dropped("dropout2d", input, p, training, lambda: _by_channel(input))


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels are dropped: input (N, C, D, H, W) or (C, D, H, W) -> the same; else as `dropout`.

    m (N, C, 1, 1, 1) or (C, 1, 1, 1). Errors: ValueError for another shape.
    """
    _check_dimensions("dropout3d", input, "(N, C, D, H, W) or (C, D, H, W)", 4, 5)
    return _dropped("dropout3d", input, p, training, lambda: (*input.shape[:-3], 1, 1, 1))


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """a · (input where it is kept, α′ where it is dropped, with probability p) + b: mean 0 and variance 1 stay so.

    α′ = −λα ≈ −1.758 is where selu ends, a = 1 / √((1 − p) · (1 + p · α′²)) and b = −a · p · α′.
    dinput = dy · a where it is kept. With p = 1 all is 0; without `training` it is the input.
    Any shape. Errors: ValueError unless p is from 0 to 1, TypeError for integers.
    Paper: Klambauer, Unterthiner, Mayr, Hochreiter: Self-normalizing neural networks (2017).
    """
    return _dropped("alpha_dropout", input, p, training, lambda: input.shape, alpha=True)


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Whole channels are dropped: input (N, C, …) -> the same; else as `alpha_dropout`.

    Errors: ValueError for another shape.
    """
    _check_dimensions("feature_alpha_dropout", input, "(N, C, …)", 2, 99)
    return _dropped("feature_alpha_dropout", input, p, training, lambda: _by_channel(input), alpha=True)


def _by_channel(input: Tensor) -> tuple[int, ...]:
    return (*input.shape[:2], *(1,) * (input.ndim - 2))


def _check_dimensions(name: str, input: Tensor, layout: str, least: int, most: int) -> None:
    require_tensors(name, input)
    if not least <= input.ndim <= most:
        raise ValueError(f"{name}(): the input needs dimensions {layout}, not {input.shape}")


def _dropped(
    name: str, input: Tensor, p: float, training: bool, mask: Callable[[], tuple[int, ...]], alpha: bool = False
) -> Tensor:
    """With one random number for each element of a mask of this shape."""
    require_tensors(name, input)
    if not isinstance(p, int | float | np.number):
        raise TypeError(f"{name}(): the probability p must be a number, not {p!r}")
    if not 0 <= p <= 1:
        raise ValueError(f"{name}(): the probability p must lie between 0 and 1, not {p}")
    if not training or not p:
        return input
    if p < 1:
        require_floating(name, input.array)
    if alpha:
        return _alpha_dropout(input, float(p), mask())
    return _dropout(input, float(p), mask(), int(_generator.integers(2**64, dtype=np.uint64)))


@primitive
def _dropout(x: Array, p: float, mask: tuple[int, ...], key: int) -> tuple[Array, Pullback]:
    """y = x · m with m = [u ≥ p] / (1 − p), of shape `mask`, and u by `_uniform`.   dx = dy · m"""
    least, scale = _limits(p)
    m = (_uniform(mask, key) >= least) * x.dtype.type(scale)
    return x * m, lambda dy: dy * m


@_dropout.native
def _(x: Array, p: float, mask: tuple[int, ...], key: int) -> tuple[Array, Pullback]:
    if mask != x.shape:
        raise Unsupported
    rest = (key, *_limits(p))
    return core.dropout(x, *rest), lambda dy: core.dropout(dy, *rest)


def _limits(p: float) -> tuple[int, float]:
    """The least of the numbers below 2³² with which an element is kept, and what it is multiplied by."""
    return min(round(p * 2**32), 2**32 - 1), 1 / (1 - p) if p < 1 else 0.0


def _uniform(shape: tuple[int, ...], key: int) -> Array:
    """Whole numbers below 2³² that follow from their place and the key alone, so that a kernel can work them out again.

    Twice a hash of 32 bits, lowbias32 of Wellons's hash-prospector (2018), for either half of the key.
    """
    h = np.arange(math.prod(shape), dtype=np.uint32)
    for mix, half in ((np.bitwise_xor, key & 0xFFFFFFFF), (np.add, key >> 32)):
        h = mix(h, np.uint32(half))
        for shift, factor in ((16, 0x21F0AAAD), (15, 0x735A2D97)):
            h = (h ^ h >> np.uint32(shift)) * np.uint32(factor)
        h = h ^ h >> np.uint32(15)
    return h.reshape(shape)


@primitive
def _alpha_dropout(x: Array, p: float, mask: tuple[int, ...]) -> tuple[Array, Pullback]:
    """y = a · (x · k + α′ · (1 − k)) + b with k = [random ≥ p], of shape `mask`.   dx = dy · a · k"""
    kept = (_generator.random(mask, np.float32) >= p).astype(x.dtype)
    end = -1.7580993408473766  # −λα of selu
    a = ((1 - p) * (1 + p * end**2)) ** -0.5 if p < 1 else 0.0
    m = kept * x.dtype.type(a)
    return x * m + (1 - kept - x.dtype.type(p)) * x.dtype.type(a * end), lambda dy: dy * m
