"""What one operator promises: a record. From it come its tests, and the comparison with PyTorch (`compare`)."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.tensor import Array

Values = Callable[..., Array]


@dataclass(frozen=True)
class Sample:
    """One call: arrays of floats are in float64 here and become tensors of the dtype that a test asks for."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    kink: bool = False  # a derivative by convention, or too small to measure: compared with PyTorch's only

    def __repr__(self) -> str:
        shown = [f"array{a.shape}" if isinstance(a, np.ndarray) else repr(a) for a in self.args]
        return f"({', '.join(shown + [f'{k}={v!r}' for k, v in self.kwargs.items()])})"


@dataclass(frozen=True)
class Error:
    """A call that is a mistake, and what the message must say."""

    sample: Sample
    kind: type[Exception]
    text: str


@dataclass(frozen=True)
class Difference:
    """Where this library is not PyTorch's on purpose; `example` is a call that shows it, where one can."""

    what: str
    reason: str
    example: Any = None


@dataclass(frozen=True, repr=False)
class Record:
    """An operator of `chainrule.ops`, or a method of Tensor, by its name."""

    name: str
    samples: tuple[Sample, ...]
    gradients: tuple[int, ...] = (0,)  # the positions of the arguments that have one
    errors: tuple[Error, ...] = ()
    oracle: str | Callable[..., Any] | None = ""  # PyTorch's: of the same name, of this one, f(torch, *args), or none
    draws: st.SearchStrategy[Sample] | None = None  # more samples, drawn by Hypothesis
    large: tuple[Sample, ...] = ()  # enough work to be shared among threads
    call: Callable[..., Any] | None = None  # how to call it, if not by its name
    differs: tuple[Difference, ...] = ()  # known, on purpose

    def __repr__(self) -> str:
        return self.name

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.name)

    @property
    def function(self) -> Callable[..., Any]:
        return self.call or getattr(cr.ops, self.name, None) or getattr(cr.Tensor, self.name)

    @cached_property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """Those of the function, in their order; none where Python cannot tell."""
        try:
            return dict(inspect.signature(getattr(self.function, "reference", self.function)).parameters)
        except (TypeError, ValueError):
            return {}

    def converted(self, sample: Sample, tensor: Callable[[Array, bool], Any]) -> Sample:
        """The sample with `tensor(array, wanted)` for every array; wanted where its gradient is."""
        names = list(self.parameters)
        wanted = {names[i] for i in self.gradients if i < len(names)}
        wanted |= {"input"} if "x" in wanted else set()
        args = [mapped(a, partial(_tensor, tensor, i in self.gradients)) for i, a in enumerate(sample.args)]
        kwargs = {key: mapped(a, partial(_tensor, tensor, key in wanted)) for key, a in sample.kwargs.items()}
        return Sample(tuple(args), kwargs)


def _tensor(tensor: Callable[[Array, bool], Any], wanted: bool, array: Array) -> Any:
    return tensor(array, wanted)


def mapped(value: Any, f: Callable[[Array], Any]) -> Any:
    """The value with f of every array in it, in tuples, lists and dictionaries."""
    if isinstance(value, np.ndarray):
        return f(value)
    if isinstance(value, dict):
        return {key: mapped(v, f) for key, v in value.items()}
    return type(value)(mapped(v, f) for v in value) if isinstance(value, tuple | list) else value


def s(*args: Any, kink: bool = False, **kwargs: Any) -> Sample:
    return Sample(args, kwargs, kink)


def differs(what: str, reason: str, *args: Any, **kwargs: Any) -> Difference:
    """A known difference, shown by the call with these arguments, if there are any."""
    return Difference(what, reason, s(*args, **kwargs) if args or kwargs else None)


def wrong(kind: type[Exception], text: str, *args: Any, **kwargs: Any) -> Error:
    return Error(s(*args, **kwargs), kind, text)


def by_keyword(name: str) -> Callable[..., Any]:
    """PyTorch's functional of this name, called by keywords: it has deprecated arguments between those of ours."""
    names = ["input" if n == "x" else n for n in inspect.signature(getattr(cr.ops, name)).parameters]

    def oracle(torch: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(torch.nn.functional, name)(**dict(zip(names, args, strict=False)), **kwargs)

    return oracle


# ---------------------------------------------------------------------------------------------- values


def normal(*shape: int, seed: int = 0) -> Array:
    return np.asarray(np.random.default_rng((seed, *shape)).standard_normal(shape))


def positive(*shape: int, seed: int = 0) -> Array:
    return np.asarray(np.random.default_rng((seed, *shape)).uniform(0.5, 2, shape))


def apart(*shape: int, seed: int = 0) -> Array:
    """Different values, none of them near to another or to a whole number: no kinks, no ties."""
    n = int(np.prod(shape))
    order = np.random.default_rng((seed, *shape)).permutation(n)
    return ((order - n // 2 + 0.3 + 0.01 * seed) * (4.1 / max(n, 1))).reshape(shape)


ENDS = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, -1e-40, 1e30, -1e30])  # 1e-40 is denormal in float32


def classes(n: int, *shape: int) -> Array:
    return np.asarray(np.random.default_rng((n, *shape)).integers(0, n, shape))


def images_innermost(x: Array) -> Array:
    """The same values as they lie in memory behind a convolution: (N, C, …) as (C, …, N)."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 0, -1)), -1, 0)


# ---------------------------------------------------------------------------------------------- families

SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)
SEEDS = st.integers(0, 3)
REDUCTIONS = st.sampled_from(("mean", "sum", "none"))


@st.composite
def named(draw: st.DrawFn, /, **settings: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Some of these keyword arguments, with values drawn for them."""
    return {key: draw(values) for key, values in settings.items() if draw(st.booleans())}


def unary(
    name: str, values: Values = normal, samples: tuple[Sample, ...] = (), settings: tuple[Any, ...] = (), **more: Any
) -> Record:
    """A function of one tensor, elementwise, and of settings."""

    def sample(*shape: int, seed: int = 0) -> Sample:
        return s(values(*shape, seed=seed), *settings)

    fixed = (sample(3, 4), sample(2, 3, 2), sample(), sample(0, 3), *samples)
    drawn = st.builds(lambda shape, seed: sample(*shape, seed=seed), SHAPES, SEEDS)
    return Record(name, fixed, draws=drawn, large=(sample(67, 1031),), **more)


def binary(
    name: str, left: Values = normal, right: Values = normal, samples: tuple[Sample, ...] = (), **more: Any
) -> Record:
    """A function of two tensors that are broadcast."""

    def pair(*shapes: tuple[int, ...], seed: int = 0) -> Sample:
        return s(left(*shapes[0], seed=seed), right(*shapes[1], seed=seed + 7))

    shapes = (((3, 4), (3, 4)), ((3, 4), (4,)), ((2, 1, 3), (4, 1)), ((), (2, 3)), ((0, 3), (1, 3)))
    numbers = (s(left(2, 3), 1.5), s(2.5, right(2, 3)), s(left(2, 3), 2))
    more["errors"] = (
        wrong(ValueError, f"{name}(): the shapes (2, 3) and (2,) do not broadcast", np.ones((2, 3)), np.ones(2)),
        wrong(TypeError, "an operand must be a tensor, an array or a number, not str", np.ones(2), "1"),
        *more.get("errors", ()),
    )
    fixed = (*(pair(*both) for both in shapes), *numbers, *samples)
    drawn = st.builds(lambda both, seed: pair(*both, seed=seed), broadcastable(), SEEDS)
    large = (pair((67, 1031), (67, 1031)), pair((67, 1031), (1031,)))
    return Record(name, fixed, (0, 1), draws=drawn, large=large, **more)


@st.composite
def broadcastable(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that go together: of a common one, sizes become 1 and leading ones are dropped."""
    whole = draw(SHAPES)
    shapes = []
    for _ in range(2):
        sizes = [draw(st.sampled_from((n, n, 1))) for n in whole]
        shapes.append(tuple(sizes[draw(st.integers(0, len(sizes))) if draw(st.booleans()) else 0 :]))
    return shapes[0], shapes[1]


@st.composite
def pairs(
    draw: st.DrawFn, /, first: Values, second: Values, weight: bool = False, broadcast: bool = False,
    reductions: st.SearchStrategy[str] = REDUCTIONS, **settings: st.SearchStrategy[Any],
) -> Sample:  # fmt: skip
    """Input and target of a loss, of one shape or broadcast; a weight, a reduction and other settings."""
    shapes = draw(broadcastable()) if broadcast and draw(st.booleans()) else (draw(SHAPES),) * 2
    more = draw(named(reduction=reductions, **settings))
    if weight and shapes[0] == np.broadcast_shapes(*shapes) and draw(st.booleans()):
        more["weight"] = positive(*shapes[0])
    return s(first(*shapes[0], seed=draw(SEEDS)), second(*shapes[1], seed=4), **more)


@st.composite
def reductions(draw: st.DrawFn, values: Values, several: bool, least: int) -> Sample:
    shape = draw(st.lists(st.integers(least, 4), min_size=1, max_size=4).map(tuple))
    dims = st.integers(-len(shape), len(shape) - 1)
    lists = st.lists(st.integers(0, len(shape) - 1), min_size=1, unique=True).map(tuple)
    return s(
        values(*shape, seed=draw(SEEDS)),
        draw(st.one_of(dims, st.none(), lists) if several else dims),
        keepdim=draw(st.booleans()),
    )


def reduction(name: str, values: Values = normal, several: bool = True, least: int = 0, **more: Any) -> Record:
    """A function that takes (x, dim=None, keepdim=False)."""
    x = values(3, 4, 2)
    fixed = [s(x), s(x, 1), s(x, -1, keepdim=True), s(x, None, keepdim=True) if several else s(x, 0), s(values())]
    fixed += [s(x, (0, 2)), s(x, [-1, 0], keepdim=True)] if several else []
    big = values(67, 1031) + 3  # sums that do not cancel
    more["errors"] = (
        wrong(
            IndexError, f"{name}(): dim 3 is out of range for a tensor of shape (3, 4, 2): -3 to 2 are possible", x, 3
        ),
        wrong(TypeError, f"{name}(): dim must be a whole number, not 'a'", x, "a"),
        *more.get("errors", ()),
    )
    more["large"] = more.get("large", (s(big), s(big, 0), s(big, 1)))
    return Record(name, (*fixed, *more.pop("samples", ())), draws=reductions(values, several, least), **more)
