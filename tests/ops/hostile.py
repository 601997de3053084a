"""Hostile arguments: what a call of an operator or of a kernel may be given by mistake or by malice."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.conformance.record import Sample
from chainrule.tensor import Array

Path = tuple[Any, ...]
DTYPES = (
    "float16", "float32", "float64", "longdouble", "int8", "int16", "int32", "int64", "uint8", "uint64", "bool",
    "complex64", "datetime64[s]", "S3", "O",
)  # fmt: skip
NUMBERS = (0, -1, 1, 2, 3, -3, 100, 500, 2**31, -(2**31), 2**63, -(2**63), 2**64, 10**30)
STRANGE = (
    None, True, False, "", "a", "mean", "same", 0.5, -0.5, 1e300, float("nan"), float("inf"), 1j, (), (0,), (1,),
    (2, 2), (1, 2, 3), (-1, 0), (1, 1, 1, 1, 1), [], [[1, 2], [3]], {}, slice(None), Ellipsis, object(), np.int64(2),
    np.float32(0.5), int, "ij,jk->ik", b"x",
)  # fmt: skip
SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-310, 1e-40, 1e-8, -1.0, 1e5)


# ---------------------------------------------------------------------------------------------- arrays


def more_dimensions(rng: random.Random, a: Array) -> Array:
    return np.expand_dims(a, rng.randrange(a.ndim + 1))


def fewer_dimensions(rng: random.Random, a: Array) -> Array:
    return a.take(0, rng.randrange(a.ndim)) if a.ndim and a.size else a.reshape(-1)


def no_dimensions(rng: random.Random, a: Array) -> Array:
    return np.asarray(a.reshape(-1)[0] if a.size else 0, a.dtype)


def other_size(rng: random.Random, a: Array) -> Array:
    """One size becomes 0, 1, one less or more, or 17, which no vector divides."""
    shape = list(a.shape) or [1]
    d = rng.randrange(len(shape))
    shape[d] = rng.choice((0, 1, max(0, shape[d] - 1), shape[d] + 1, 17))
    return np.resize(a, shape) if a.size else np.ones(shape, a.dtype)


def vast_but_empty(rng: random.Random, a: Array) -> Array:
    """Sizes whose product overflows, and not one element."""
    shape = [rng.choice((0, 1, 2**10, 2**16, 2**20)) for _ in a.shape] or [0]
    shape[rng.randrange(len(shape))] = 0
    if np.prod([max(n, 1) for n in shape], dtype=float) * a.itemsize >= 2**62:
        shape = [min(n, 2**16) for n in shape[:3]]
        shape[0] = 0
    return np.empty(shape, a.dtype)


def no_strides(rng: random.Random, a: Array) -> Array:
    """One element, spread over the shape."""
    return np.broadcast_to(a.reshape(-1)[0] if a.size else np.ones((), a.dtype), a.shape)


def long_without_strides(rng: random.Random, a: Array) -> Array:
    """A size of a thousand or more that takes no memory."""
    if not (a.ndim and a.size):
        return a
    d = rng.randrange(a.ndim)
    shape = (*a.shape[:d], rng.choice((1000, 4099)), *a.shape[d + 1 :])
    return np.broadcast_to(a.take([0], d), shape)


def overlapping(rng: random.Random, a: Array) -> Array:
    """Rows that share their elements."""
    line = np.resize(a, sum(a.shape) + 1) if a.size else np.ones(sum(a.shape) + 1, a.dtype)
    return np.lib.stride_tricks.as_strided(line, a.shape, (a.itemsize,) * a.ndim)


def reversed_(rng: random.Random, a: Array) -> Array:
    at: Any = tuple(slice(None, None, rng.choice((1, -1))) for _ in a.shape)
    return np.asarray(np.ascontiguousarray(a)[at]) if a.ndim else a


def with_gaps(rng: random.Random, a: Array) -> Array:
    wide = np.repeat(a, 3, -1) if a.ndim else a
    return wide[..., 1::3] if a.ndim else a


def columns_first(rng: random.Random, a: Array) -> Array:
    return np.asfortranarray(a)


def other_order(rng: random.Random, a: Array) -> Array:
    order = rng.sample(range(a.ndim), a.ndim)
    return np.ascontiguousarray(a.transpose(order)).transpose(np.argsort(order)) if a.ndim else a


def unaligned(rng: random.Random, a: Array) -> Array:
    if a.dtype.hasobject or not a.size:
        return a
    memory = bytearray(a.nbytes + 8)
    b = np.frombuffer(memory, a.dtype, a.size, offset=rng.choice((1, 3))).reshape(a.shape)
    b[...] = a
    return b


def byte_swapped(rng: random.Random, a: Array) -> Array:
    return a.astype(a.dtype.newbyteorder())


def read_only(rng: random.Random, a: Array) -> Array:
    b = a.copy("K")
    b.flags.writeable = False
    return b


def other_dtype(rng: random.Random, a: Array) -> Array:
    with np.errstate(all="ignore"):
        return a.astype(rng.choice(DTYPES)) if a.dtype.kind in "fiub" else a


def special_values(rng: random.Random, a: Array) -> Array:
    if a.dtype.kind != "f" or not a.size:
        return a
    b = a.copy()
    with np.errstate(all="ignore"):
        for _ in range(rng.choice((1, 3, a.size))):
            b.reshape(-1)[rng.randrange(a.size)] = rng.choice(SPECIAL)
    return b


def other_indices(rng: random.Random, a: Array) -> Array:
    """Some elements far out of range, and just out of it."""
    if a.dtype.kind not in "iu" or not a.size:
        return special_values(rng, a)
    b = np.array(a)
    with np.errstate(all="ignore"):
        for _ in range(rng.choice((1, 1, a.size))):
            wild = rng.choice((-1, int(a.max()) + 1, -100, 100, 2**31, 2**62, -(2**63)))
            b.reshape(-1)[rng.randrange(a.size)] = np.int64(min(wild, 2**63 - 1)).astype(a.dtype)
    return b


def shuffled_indices(rng: random.Random, a: Array) -> Array:
    return np.asarray(a.reshape(-1)[::-1].reshape(a.shape))


def in_lists(rng: random.Random, a: Array) -> Any:
    return a.tolist() if max(a.shape, default=0) < 1000 else a


ARRAYS: tuple[Callable[[random.Random, Array], Any], ...] = (
    more_dimensions, fewer_dimensions, no_dimensions, other_size, other_size, vast_but_empty, no_strides,
    long_without_strides, overlapping, reversed_, with_gaps, columns_first, other_order, unaligned, byte_swapped,
    read_only, other_dtype, other_dtype, special_values, other_indices, other_indices, shuffled_indices,
    lambda rng, a: rng.choice(STRANGE), in_lists,
)  # fmt: skip


# ---------------------------------------------------------------------------------------------- other values


def other_value(rng: random.Random, value: Any) -> Any:
    """Something else in the place of a number, a text, a truth value, None or a tuple."""
    if isinstance(value, tuple | list) and rng.random() < 0.6:
        return type(value)(_other_items(rng, list(value)))
    if isinstance(value, bool | int) and rng.random() < 0.6:
        return rng.choice((*NUMBERS, value + 1, value - 1, -value))
    if isinstance(value, float) and rng.random() < 0.6:
        return rng.choice(SPECIAL)
    return rng.choice((*STRANGE, *NUMBERS))


def _other_items(rng: random.Random, items: list[Any]) -> list[Any]:
    way = rng.randrange(4)
    if way == 0 and items:
        items.pop(rng.randrange(len(items)))
    elif way == 1:
        items.insert(rng.randrange(len(items) + 1), rng.choice(items or NUMBERS))
    elif items:
        i = rng.randrange(len(items))
        items[i] = rng.choice(NUMBERS) if way == 2 else rng.choice(STRANGE)
    return items


# ---------------------------------------------------------------------------------------------- calls


def leaves(value: Any, path: Path = ()) -> list[Path]:
    """Where the arguments of a call are: arrays, and every other value, also those in tuples and dictionaries."""
    if isinstance(value, tuple | list | dict):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        inner = [found for key, v in items for found in leaves(v, (*path, key))]
        return [path, *inner] if len(path) > 1 else inner
    return [path]


def at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def replaced(value: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    if isinstance(value, dict):
        return value | {path[0]: replaced(value[path[0]], path[1:], new)}
    return type(value)(replaced(v, path[1:], new) if i == path[0] else v for i, v in enumerate(value))


def mutated(rng: random.Random, sample: Sample, most: int = 3) -> Sample:
    """The call with one to three of its arguments changed, and now and then one missing."""
    call: Any = (tuple(sample.args), dict(sample.kwargs))
    for _ in range(rng.choice((1, 1, 1, 2, most))):
        paths = leaves(call)
        if not paths:
            break
        path = rng.choice(paths)
        value = at(call, path)
        if isinstance(value, np.ndarray) and max(value.shape, default=0) < 2**20:
            call = replaced(call, path, rng.choice(ARRAYS)(rng, value))
        elif not isinstance(value, np.ndarray):
            call = replaced(call, path, other_value(rng, value))
    args, kwargs = call
    if args and rng.random() < 0.02:
        args = args[:-1]
    return Sample(args, kwargs)
