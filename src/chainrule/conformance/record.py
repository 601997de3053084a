"""What one operator promises: a record. From it come its tests, and the comparison with PyTorch (`compare`)."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial, wraps
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
    off: float = 0.0  # how far PyTorch's own gradient is off, where that is more than rounding

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


# ---------------------------------------------------------------------------------------------- what is drawn

SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)
SEEDS = st.integers(0, 3)
ODD = (np.nan, np.inf, -np.inf, -0.0, 0.0)
REDUCTIONS = st.sampled_from(("mean", "sum", "none"))


@st.composite
def named(draw: st.DrawFn, /, **settings: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Some of these keyword arguments, with values drawn for them."""
    return {key: draw(values) for key, values in settings.items() if draw(st.booleans())}


NUMBERS = st.sampled_from((2, -1, 0, 1.5, -0.5, 0.0, 3.0, True))


@st.composite
def arrays(draw: st.DrawFn, shape: Any = None, kinds: str = "f", odd: bool = False) -> Array:
    """Of a shape, or any: floats (f), int64 (i), int32 (s), uint8 (u) or truth values (b); some of the floats odd."""
    shape = draw(SHAPES) if shape is None else tuple(shape)
    kind, rng = draw(st.sampled_from(kinds)), np.random.default_rng((draw(st.integers(0, 99)), *shape))
    if kind != "f":
        low, dtype = {"i": (-3, np.int64), "s": (-3, np.int32), "u": (0, np.uint8), "b": (0, np.bool_)}[kind]
        return np.asarray(rng.integers(low, 2 if kind == "b" else 4, shape)).astype(dtype)
    x = np.asarray(rng.standard_normal(shape))
    if odd and x.size and draw(st.booleans()):
        x[rng.random(shape) < 0.4] = draw(st.sampled_from(ODD))
    return x


def one_dim(shape: Any) -> st.SearchStrategy[int]:
    """A dimension, from either end; a tensor without any has 0 and −1."""
    n = max(len(shape), 1)
    return st.integers(-n, n - 1)


@st.composite
def some_dims(draw: st.DrawFn, shape: Any, least: int = 0) -> tuple[int, ...]:
    """Several dimensions, in any order, from either end."""
    chosen = draw(st.lists(st.integers(0, len(shape) - 1), min_size=least, unique=True)) if shape else []
    return tuple(draw(st.sampled_from((i, i - len(shape)))) for i in chosen)


def any_dims(shape: Any) -> st.SearchStrategy[Any]:
    """None for all, one dimension, or several."""
    return st.one_of(st.none(), one_dim(shape), some_dims(shape), some_dims(shape, least=min(len(shape), 1)).map(list))


def options(draw: st.DrawFn, **strategies: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Some of the named arguments."""
    return draw(named(**strategies))


# ---------------------------------------------------------------------------------------------- families


def unary(
    name: str, values: Values = normal, samples: tuple[Sample, ...] = (), settings: tuple[Any, ...] = (),
    kinds: str = "fisub", odd: bool = True, **more: Any,
) -> Record:  # fmt: skip
    """A function of one tensor, elementwise, and of settings; of the `kinds` of `arrays`, odd or not."""

    def sample(*shape: int, seed: int = 0) -> Sample:
        return s(values(*shape, seed=seed), *settings)

    fixed = (sample(3, 4), sample(2, 3, 2), sample(), sample(0, 3), *samples)
    drawn = st.builds(lambda shape, seed: sample(*shape, seed=seed), SHAPES, SEEDS)
    others = arrays(kinds=kinds, odd=odd).map(lambda x: s(x, *settings))
    more.setdefault("draws", st.one_of(drawn, others))
    return Record(name, fixed, large=(sample(67, 1031),), **more)


def binary(
    name: str, left: Values = normal, right: Values = normal, samples: tuple[Sample, ...] = (), kinds: str = "fisub",
    numbers: Any = NUMBERS, named: dict[str, Any] | None = None, **more: Any,
) -> Record:  # fmt: skip
    """A function of two tensors that are broadcast, the second of which may be a number; of the `kinds` of `arrays`.

    `named` has strategies of more arguments.
    """

    def pair(*shapes: tuple[int, ...], seed: int = 0) -> Sample:
        return s(left(*shapes[0], seed=seed), right(*shapes[1], seed=seed + 7))

    shapes = (((3, 4), (3, 4)), ((3, 4), (4,)), ((2, 1, 3), (4, 1)), ((), (2, 3)), ((0, 3), (1, 3)))
    fixed = [pair(*both) for both in shapes]
    fixed += [s(left(2, 3), 1.5), s(2.5, right(2, 3)), s(left(2, 3), 2)] if numbers is NUMBERS else []
    more["errors"] = (
        wrong(ValueError, f"{name}(): the shapes (2, 3) and (2,) do not broadcast", np.ones((2, 3)), np.ones(2)),
        wrong(TypeError, "an operand must be a tensor, an array or a number, not str", np.ones(2), "1"),
        *more.get("errors", ()),
    )

    @st.composite
    def operands(draw: st.DrawFn) -> Sample:
        first, second = draw(broadcastable())
        x = draw(arrays(first, kinds, odd=True))
        other = draw(st.one_of(arrays(second, kinds, odd=True), *[arrays(second, kinds)] * 2, numbers))
        return s(x, other, **options(draw, **(named or {})))

    drawn = st.builds(lambda both, seed: pair(*both, seed=seed), broadcastable(), SEEDS)
    large = (pair((67, 1031), (67, 1031)), pair((67, 1031), (1031,)))
    more.setdefault("draws", st.one_of(drawn, operands()))
    return Record(name, (*fixed, *samples), more.pop("gradients", (0, 1)), large=large, **more)


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
def reductions(
    draw: st.DrawFn, /, several: bool = True, least: int = 0, kinds: str = "f", odd: bool = False, **named: Any
) -> Sample:
    shape = draw(st.lists(st.integers(least, 4), max_size=4).map(tuple))
    x = draw(arrays(shape, kinds, odd))
    return s(x, **options(draw, dim=any_dims(shape) if several else one_dim(shape), keepdim=st.booleans(), **named))


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
    more.setdefault("draws", reductions(several, least))
    return Record(name, (*fixed, *more.pop("samples", ())), **more)


def alias(record: Record, *names: str) -> tuple[Record, ...]:
    """Records of other names for one function, which is tested under its first."""
    return tuple(replace(record, name=name, samples=record.samples[:3], errors=(), large=()) for name in names)


def twin(record: Record, samples: tuple[Sample, ...], draws: st.SearchStrategy[Sample] | None) -> Record:
    """The record of x.f_(…) from that of f(x, …): called on a copy of x, as a leaf may not be changed."""
    name = f"{record.name}_"
    own: Any = getattr(cr.Tensor, name)

    @wraps(own)
    def call(*args: Any, **named: Any) -> Any:
        x, rest = (args[0], args[1:]) if args else (named.pop(next(iter(named))), ())
        return getattr(x.clone(), name)(*rest, **named)

    return replace(
        record, name=name, samples=samples, errors=(), large=(), call=call, draws=draws, differs=(),
        oracle=lambda torch, *args, **named: call(*args, **named),
    )  # fmt: skip
