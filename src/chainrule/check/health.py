"""How a model is: its activations and gradients, layer by layer, for one batch.

print(check.health(model, (x, y), nn.CrossEntropyLoss()))
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from chainrule.nn.module import Module
from chainrule.ops.random import get_rng_state, set_rng_state
from chainrule.tensor import Array, Tensor

__all__ = ["Health", "LayerHealth", "Limits", "health"]

ZERO_WHEN_OFF = ("ReLU", "ReLU6", "Hardswish", "Threshold", "Hardshrink", "Softshrink")
BOUNDED = {"Sigmoid": (0, 1), "Tanh": (-1, 1), "Hardtanh": (-1, 1), "Hardsigmoid": (0, 1), "Softsign": (-1, 1)}
NO_LAYERS = ("Flatten", "Unflatten", "Identity")


@dataclass(frozen=True)
class Limits:
    """From where on something is called a problem; shares and ratios."""

    dead: float = 0.25
    """Share of the units that give 0 for the whole batch."""
    saturated: float = 0.5
    """Share of the values within 1 % of the end of a bounded activation's range."""
    vanishing: float = 1e-3
    """‖∂L/∂y‖ of a layer over that of the last one."""
    exploding: float = 1e3
    """The same; and an activation's root mean square over the greater of 1 and the input's."""


@dataclass(frozen=True)
class LayerHealth:
    """One call of one layer; `problems` are words such as "dead units"."""

    path: str
    kind: str
    shape: tuple[int, ...]
    mean: float
    spread: float
    """Standard deviation of the output."""
    dead: float | None
    """Share of units (channels, features) that are 0 everywhere; None for layers that do not switch off."""
    saturated: float | None
    """Share of values at the ends of the range; None where there are none."""
    gradient: float | None
    """‖∂L/∂y‖₂ over that of the last layer; None where no gradient came."""
    weight_gradient: float | None
    """‖∂L/∂θ‖₂ / ‖θ‖₂ of its own parameters; None without any."""
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Health:
    """What `health` found, in the order of the calls; it prints as a table, and is true when there are no problems."""

    title: str
    layers: list[LayerHealth]
    unused: list[str] = field(default_factory=list)
    """Parameters that want a gradient and got none."""

    def __bool__(self) -> bool:
        return not (self.unused or any(layer.problems for layer in self.layers))

    def __rich__(self) -> Table:
        table = Table(title=self.title, title_justify="left", caption=self._verdict(), caption_justify="left")
        for name in ("layer", "kind", "output shape"):
            table.add_column(name, overflow="fold")
        for name in ("mean", "std", "dead", "saturated", "gradient", "dθ / θ"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("problems", style="red", overflow="fold")
        for o in self.layers:
            shares = ["" if share is None else f"{share:.0%}" for share in (o.dead, o.saturated)]
            ratios = ["" if ratio is None else f"{ratio:.2g}" for ratio in (o.gradient, o.weight_gradient)]
            numbers = [f"{o.mean:.2g}", f"{o.spread:.2g}", *shares, *ratios]
            table.add_row(o.path or "(model)", o.kind, str(o.shape), *numbers, ", ".join(o.problems))
        return table

    def _verdict(self) -> str:
        lines = ["gradient: ‖∂L/∂y‖ of the layer's output over that of the last layer; dθ / θ: ‖∂L/∂θ‖ / ‖θ‖"]
        lines += [f"without a gradient: {', '.join(self.unused)}"] * bool(self.unused)
        return "\n".join([*lines, "no problems found" if self else "problems found"])

    def __str__(self) -> str:
        console = Console(file=io.StringIO(), width=140)
        console.print(self)
        return str(console.file.getvalue()).rstrip()  # type: ignore[attr-defined]


def health(
    model: Module, batch: Any, loss: Callable[[Any, Any], Any] | None = None, limits: Limits | None = None
) -> Health:
    """Run one batch forward and back, and look at every layer's activations and gradients.

    `batch` is the input, or a pair (input, target) with `loss(output, target)`; without a loss the gradient that is
    sent back is random, with variance 1. The model keeps its mode, and afterwards has its gradients, buffers and random
    numbers as before. Reported as problems, beyond `limits`: values that are not finite; dead units, 0 for the
    whole batch (of ReLU and its kin); saturation (of Sigmoid, Tanh and their kin); activations that explode; gradients
    that vanish, explode or do not arrive. Errors: ValueError where a loss has no target, or a target no loss.
    """
    x, target = batch if isinstance(batch, tuple | list) else (batch, None)
    if (loss is None) != (target is None):
        raise ValueError("health(): a loss needs a batch (input, target), and a target needs a loss")
    calls: list[_Call] = []
    grads = [(p, p.grad) for p in model.parameters()]
    buffers = [(b, b.array.copy()) for b in model.buffers()]
    random = get_rng_state()
    handles = [m.register_forward_hook(_note(path, calls)) for path, m in model.named_modules() if _is_layer(m)]
    try:
        model.zero_grad()
        output = model(x)
        _start(output, target, loss)
        own = {name: (p, p.grad) for name, p in model.named_parameters()}
    finally:
        for handle in handles:
            handle.remove()
        for p, grad in grads:
            p.grad = grad if p.requires_grad else None
        for b, array in buffers:
            b.array[...] = array
        set_rng_state(random)
    unused = [name for name, (p, grad) in own.items() if p.requires_grad and grad is None]
    return Health(type(model).__name__, _judged(calls, own, _rms(x.array), limits or Limits()), unused)


def _start(output: Any, target: Any, loss: Callable[[Any, Any], Any] | None) -> None:
    if loss is not None:
        loss(output, target).backward()
        return
    y = output[0] if isinstance(output, tuple) else output
    y.backward(Tensor(np.random.default_rng(0).standard_normal(y.shape).astype(y.dtype)))


@dataclass
class _Call:
    """What was seen of one call: the output, and the gradient that came back to it."""

    path: str
    module: Any
    output: Array
    gradient: Array | None = None

    def hear(self, dy: Tensor) -> None:
        self.gradient = dy.array


def _is_layer(module: Module) -> bool:
    return not any(True for _ in module.children()) and type(module).__name__ not in NO_LAYERS


def _note(path: str, calls: list[_Call]) -> Callable[..., None]:
    def hook(module: Module, args: tuple[Any, ...], output: Any) -> None:
        y = output[0] if isinstance(output, tuple) else output
        if isinstance(y, Tensor) and y.array.dtype.kind == "f":
            calls.append(_Call(path, module, y.array))
            if y.node is not None:
                y.register_hook(calls[-1].hear)

    return hook


def _judged(calls: list[_Call], own: dict[str, Any], scale: float, limits: Limits) -> list[LayerHealth]:
    norms = [None if c.gradient is None else float(np.linalg.norm(c.gradient)) for c in calls]
    last = next((n for n in reversed(norms) if n is not None), 0.0)
    ratios = [None if n is None else _ratio(n, last) for n in norms]
    with np.errstate(all="ignore"):  # of NaN and infinity the statistics are NaN
        return [_layer(c, ratio, own, scale, limits) for c, ratio in zip(calls, ratios, strict=True)]


def _layer(call: _Call, gradient: float | None, own: dict[str, Any], scale: float, limits: Limits) -> LayerHealth:
    kind, y = type(call.module).__name__, call.output
    prefix = f"{call.path}." if call.path else ""
    parameters = [pair for name, pair in own.items() if name.startswith(prefix) and "." not in name[len(prefix) :]]
    changes = [(p.array, grad.array) for p, grad in parameters if grad is not None]
    weight_gradient = _ratio(_norm([g for _, g in changes]), _norm([w for w, _ in changes])) if changes else None
    dead = _dead(y) if kind in ZERO_WHEN_OFF else None
    saturated = _saturated(y, *_range(call.module, kind)) if kind in BOUNDED else None
    problems = {
        "activation not finite": not np.isfinite(y).all(),
        "gradient not finite": any(g is not None and not np.isfinite(g).all() for g in _gradients(call, changes)),
        "dead units": dead is not None and dead > limits.dead,
        "saturated": saturated is not None and saturated > limits.saturated,
        "activation explodes": _rms(y) > limits.exploding * max(scale, 1),
        "no gradient": call.gradient is None,
        "gradient vanishes": gradient is not None and gradient < limits.vanishing,
        "gradient explodes": gradient is not None and gradient > limits.exploding,
    }
    found = tuple(name for name, holds in problems.items() if holds)
    mean, spread = (float(y.mean()), float(y.std())) if y.size else (0.0, 0.0)
    return LayerHealth(call.path, kind, y.shape, mean, spread, dead, saturated, gradient, weight_gradient, found)


def _gradients(call: _Call, changes: list[tuple[Array, Array]]) -> list[Array | None]:
    return [call.gradient, *(g for _, g in changes)]


def _dead(y: Array) -> float:
    """Units lie on axis 1 of images (N, C, …), on the last axis of anything else."""
    axis = 1 if y.ndim >= 4 else y.ndim - 1
    return float((y == 0).all(axis=tuple(i for i in range(y.ndim) if i != axis)).mean())


def _range(module: Any, kind: str) -> tuple[float, float]:
    low, high = BOUNDED[kind]
    return getattr(module, "min_val", low), getattr(module, "max_val", high)


def _saturated(y: Array, low: float, high: float) -> float:
    margin = 0.01 * (high - low)
    return float(((y < low + margin) | (y > high - margin)).mean())


def _norm(arrays: list[Array]) -> float:
    return math.sqrt(sum(float(np.vdot(a, a)) for a in arrays))


def _rms(y: Array) -> float:
    return float(np.linalg.norm(y)) / math.sqrt(max(y.size, 1))


def _ratio(a: float, b: float) -> float:
    return a / b if b else math.inf if a else 0.0
