"""What a model is made of, read off the model itself: shapes, parameters, work and memory, layer by layer.

Works on PyTorch's models too: it uses only what both engines have.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule import autograd
from chainrule.costs import dot_products
from chainrule.creation import zeros
from chainrule.nn.module import Module
from chainrule.tensor import Tensor

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["Layer", "Summary", "summary", "trace"]

NO_PRODUCTS = ("Embedding", "EmbeddingBag")
"""Layers that look their weight up, and multiply nothing."""


@dataclass(frozen=True)
class Layer:
    """A module with parameters of its own or without children, as the input passed through it."""

    path: str
    module: Any
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    """Of the first tensor that comes out, with the batch."""
    parameters: int
    """Its own; 0 where they were counted before: a layer that is used twice."""
    multiply_adds: int
    activation_bytes: int
    """What its output takes; 0 where that lies in the memory of its input, as after Flatten."""


def trace(engine: Any, model: Any, *inputs: Any) -> list[Layer]:
    """Send the inputs through the model in evaluation mode, without a tape, and note every layer that is called."""
    found: list[Layer] = []
    counted: set[int] = set()
    handles = []
    for path, module in model.named_modules():
        if not list(module.children()) or list(module.parameters(recurse=False)):
            note = _note(path, found, counted)
            handles.append(module.register_forward_hook(note))
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with engine.no_grad():
            model(*inputs)
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes:
            module.training = training
    return found


def _note(path: str, found: list[Layer], counted: set[int]) -> Any:
    def hook(module: Any, args: tuple[Any, ...], output: Any) -> None:
        before, after = _tensor(args), _tensor(output)
        own = [p for p in module.parameters(recurse=False) if id(p) not in counted]
        counted.update(map(id, own))
        x, y = (() if t is None else tuple(t.shape) for t in (before, after))
        size = sum(math.prod(p.shape) for p in own)
        found.append(Layer(path, module, x, y, size, _work(module, x, y), _memory(before, after)))

    return hook


def _tensor(value: Any) -> Any:
    """The first tensor among the arguments or the outputs."""
    if hasattr(value, "shape"):
        return value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else ()
    return next((t for t in map(_tensor, parts) if t is not None), None)


def _memory(before: Any, after: Any) -> int:
    if after is None:
        return 0
    y = after.detach().numpy()
    return 0 if before is not None and np.may_share_memory(before.detach().numpy(), y) else int(y.nbytes)


def _work(module: Any, before: tuple[int, ...], after: tuple[int, ...]) -> int:
    """Each output is a dot product with one filter: as many multiply-adds as a filter has weights.

    Of a transposed convolution each input is multiplied with one filter; a recurrent layer multiplies all its matrices
    with each place of its sequence.
    """
    kind, weight = type(module).__name__, getattr(module, "weight", None)
    if kind in NO_PRODUCTS:
        return 0
    if weight is not None:
        return dot_products(math.prod(before if "Transpose" in kind else after), weight.shape)
    matrices = sum(math.prod(p.shape) for p in module.parameters(recurse=False) if len(p.shape) == 2)
    return int(math.prod(before[:-1]) * matrices)


@dataclass(frozen=True)
class Summary:
    """A model, layer by layer, and in total; it prints as a table."""

    title: str
    layers: list[Layer]
    parameters: int
    """All of the model's, those in none of the layers included."""
    trainable: int
    parameter_bytes: int

    @property
    def multiply_adds(self) -> int:
        """Of all layers, for the whole batch."""
        return sum(layer.multiply_adds for layer in self.layers)

    @property
    def activation_bytes(self) -> int:
        """The outputs of all layers, which training keeps until the way back."""
        return sum(layer.activation_bytes for layer in self.layers)

    def __rich__(self) -> Table:
        from rich.table import Table

        table = Table(title=self.title, title_justify="left", caption=self._totals(), caption_justify="left")
        for name in ("layer", "kind", "output shape"):
            table.add_column(name, overflow="fold")
        for name in ("parameters", "multiply-adds", "activation"):
            table.add_column(name, justify="right")
        for layer in self.layers:
            shape = str(layer.output_shape)
            numbers = [f"{n:,}" if n else "-" for n in (layer.parameters, layer.multiply_adds)]
            memory = _bytes(layer.activation_bytes) if layer.activation_bytes else "-"
            table.add_row(layer.path or "(model)", type(layer.module).__name__, shape, *numbers, memory)
        return table

    def _totals(self) -> str:
        frozen = self.parameters - self.trainable
        elsewhere = self.parameters - sum(layer.parameters for layer in self.layers)
        lines = [
            f"parameters      {self.parameters:,}"
            + (f", of them {frozen:,} frozen" if frozen else "")
            + (f", of them {elsewhere:,} in no layer above" if elsewhere else ""),
            f"multiply-adds   {self.multiply_adds:,} forward",
            f"memory          {_bytes(self.parameter_bytes)} of parameters,"
            f" {_bytes(self.activation_bytes)} of activations",
        ]
        return "\n".join(lines)

    def __str__(self) -> str:
        from rich.console import Console

        console = Console(file=io.StringIO(), width=120)
        console.print(self)
        return str(console.file.getvalue()).rstrip()  # type: ignore[attr-defined]


def summary(
    model: Module,
    input_shape: Sequence[int] | Sequence[Sequence[int]] | None = None,
    *,
    dtype: npt.DTypeLike | None = None,
    input_data: Tensor | Sequence[Tensor] | None = None,
) -> Summary:
    """The model's layers in the order of their calls, with shapes, parameters, multiply-adds and activation memory.

        print(nn.summary(model, (64, 1, 28, 28)))

    `input_shape` is that of the input with its batch, or a list of shapes for several inputs. They are zeros of
    `dtype`, that of the model's parameters unless given; or give the inputs themselves as `input_data`. Work and
    memory are those of the whole batch. The model is left as it was. Errors: ValueError unless one of the two is given.
    """
    if (input_shape is None) == (input_data is None):
        raise ValueError("summary(): one of input_shape and input_data must be given")
    if input_data is not None:
        inputs = [input_data] if isinstance(input_data, Tensor) else list(input_data)
    else:
        shapes: list[Any] = list(input_shape or ())
        shapes = shapes if shapes and not isinstance(shapes[0], int) else [shapes]
        first = next(model.parameters(), None)
        inputs = [zeros(*s, dtype=dtype or (first.dtype if first is not None else None)) for s in shapes]
    parameters = list(model.parameters())
    return Summary(
        type(model).__name__,
        trace(autograd, model, *inputs),
        sum(p.numel() for p in parameters),
        sum(p.numel() for p in parameters if p.requires_grad),
        sum(p.array.nbytes for p in parameters),
    )


def _bytes(n: float) -> str:
    """1,536 -> 1.5 KiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if n < 1024 or unit == "GiB":
            break
        n /= 1024
    return f"{n:,.0f} B" if unit == "B" else f"{n:,.1f} {unit}"
