"""What one module promises: made with the same arguments and given the same weights, it does what PyTorch's does."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.compare import Mismatch, cast, cotangent, equal
from chainrule.conformance.record import Difference, Sample, mapped
from chainrule.tensor import Array

__all__ = ["Layer", "Use", "as_module", "compare_layer", "layer", "use"]


@dataclass(frozen=True)
class Use:
    """A module made with `args` and `kwargs`, and called with `inputs` and `options`.

    Arrays become tensors. Those of floats among the inputs have gradients, or those at the places in `gradients` alone.
    """

    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    inputs: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    training: bool = True
    gradients: tuple[int, ...] | None = None

    def __repr__(self) -> str:
        args, kwargs = mapped((self.args, self.kwargs), lambda a: f"array{a.shape}")
        made = ", ".join([*map(repr, args), *(f"{key}={value!r}" for key, value in kwargs.items())])
        given = mapped((*self.inputs, *self.options.values()), lambda a: f"array{a.shape}")
        return f"({made}){'' if self.training else '.eval()'}{given}"


@dataclass(frozen=True, repr=False)
class Layer:
    """A module of `chainrule.nn` by its name; `make(nn, *args, **kwargs)` builds it, if not the class of that name."""

    name: str
    draws: st.SearchStrategy[Use]
    make: Callable[..., Any] | None = None
    differs: tuple[Difference, ...] = ()

    def __repr__(self) -> str:
        return self.name

    def build(self, engine: Any, use: Use, dtype: str) -> Any:
        """The module, of chainrule or torch, in a dtype."""
        args, kwargs = mapped((use.args, use.kwargs), lambda a: engine.from_numpy(cast(a, dtype).copy()))
        make = self.make or (lambda nn, *args, **kwargs: getattr(nn, self.name)(*args, **kwargs))
        return make(engine.nn, *args, **kwargs).train(use.training).to(getattr(engine, dtype))


def use(
    *args: Any, inputs: Any, training: bool = True, options: Any = None, gradients: tuple[int, ...] | None = None,
    **kwargs: Any,
) -> Use:  # fmt: skip
    """One use: arguments of the class, and an input or a tuple of them."""
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    return Use(args, kwargs, inputs, dict(options or {}), training, gradients)


def layer(name: str, draws: st.SearchStrategy[Use], make: Any = None, differs: tuple[Difference, ...] = ()) -> Layer:
    """The record of a module."""
    return Layer(name, draws, make, differs)


def as_module(name: str, calls: st.SearchStrategy[Sample] | None, arguments: Sequence[str], inputs: int = 1) -> Layer:
    """A module of which the calls of its function tell: what comes after the inputs are the class's `arguments`."""
    if calls is None:
        raise ValueError(f"{name}: its function has no draws")

    def made(call: Sample) -> Use:
        settings = dict(zip(arguments, call.args[inputs:], strict=False)) | call.kwargs
        return Use((), {key: value for key, value in settings.items() if key in arguments}, call.args[:inputs])

    return Layer(name, calls.map(made))


# ---------------------------------------------------------------------------------------------- here and in PyTorch


def compare_layer(torch: Any, record: Layer, use: Use, dtype: str) -> None:
    """Raise an AssertionError unless outputs, buffers and state_dicts, both ways, are PyTorch's, and the gradients.

    Gradients are compared in float64 alone: where a layer takes small differences, rounding hides them in float32.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs, again = (record.build(engine, use, dtype) for engine in (cr, torch, cr))
        _load(torch, ours, theirs)
        again.load_state_dict({key: cr.from_numpy(value.numpy().copy()) for key, value in theirs.state_dict().items()})
        found, expected = _run(cr, ours, use, dtype), _run(torch, theirs, use, dtype)
        back = _run(cr, again, use, dtype)
    compared = {k: v for k, v in expected.items() if dtype == "float64" or not k.startswith("gradient")}
    for what, result in compared.items():
        equal(found[what], result, dtype, f"{what} of {record.name}{use}")
        equal(back[what], result, dtype, f"{what} of {record.name}{use}, with weights from PyTorch")
    if found.keys() != expected.keys():
        raise Mismatch(f"{record.name}{use}: {sorted(found)}, expected {sorted(expected)}")
    printed = repr(theirs).replace("NonDynamicallyQuantizableLinear", "Linear")  # its kind of Linear in an attention
    if repr(ours) != printed:
        raise Mismatch(f"{record.name}{use} prints as {ours!r}, expected {printed}")


def _load(torch: Any, ours: Any, theirs: Any) -> None:
    """The weights from here to there, each drawn anew, so that zeros and ones do not hide a mistake."""
    state, buffers = ours.state_dict(), dict(ours.named_buffers())
    for i, (name, value) in enumerate(state.items()):
        if value.dtype.kind == "f":
            drawn = 0.5 * cotangent(value.shape, value.dtype, i)
            value.array[...] = drawn**2 + 0.1 if name in buffers else drawn  # variances and class weights are positive
    theirs.load_state_dict({key: torch.from_numpy(value.numpy().copy()) for key, value in state.items()})


def _run(engine: Any, module: Any, use: Use, dtype: str) -> dict[str, Array]:
    """Outputs, gradients and buffers, each under a name."""
    leaves: list[Any] = []

    def tensor(array: Array, wanted: bool = True) -> Any:
        x = engine.from_numpy(cast(array, dtype).copy())
        if wanted and array.dtype.kind == "f":
            leaves.append(x.requires_grad_())
            return x * 1  # an in-place layer may not change a leaf
        return x

    wanted = range(len(use.inputs)) if use.gradients is None else use.gradients
    inputs = [mapped(value, partial(tensor, wanted=i in wanted)) for i, value in enumerate(use.inputs)]
    outputs = list(_flat(module(*inputs, **mapped(use.options, lambda a: tensor(a, False)))))
    found = {f"output {i}": y.detach().numpy() for i, y in enumerate(outputs)}
    tracked = [y for y in outputs if y.requires_grad]
    if tracked:
        total = sum((y * engine.from_numpy(cotangent(tuple(y.shape), dtype))).sum() for y in tracked)
        total.backward()
        named = [(f"gradient of input {i}", x) for i, x in enumerate(leaves)]
        named += [(f"gradient of {name}", p) for name, p in module.named_parameters()]
        found |= {what: np.zeros(tuple(x.shape), dtype) if x.grad is None else x.grad.numpy() for what, x in named}
    return found | {f"buffer {name}": np.asarray(b.numpy()) for name, b in module.named_buffers()}


def _flat(outputs: Any) -> Iterator[Any]:
    """The tensors among the outputs, nested or not."""
    if isinstance(outputs, tuple | list):
        for output in outputs:
            yield from _flat(output)
    elif outputs is not None:
        yield outputs
