"""What all optimizers share: groups of parameters with their settings, and a state for each parameter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from chainrule.deferring import settle_all
from chainrule.native import Unsupported, core
from chainrule.tensor import Array, Tensor

__all__ = ["Optimizer"]

Group = dict[str, Any]
NUMBERS = ("step", "mu_product")
"""What is a number in every optimizer's state; PyTorch keeps tensors."""


class Optimizer:
    """The base of optimizers; one defines `update`, and a public `step` follows from it.

    `params` are tensors, or dictionaries {"params": tensors, "lr": ...}: groups with settings of their own, the rest
    coming from `defaults`. `param_groups` may be changed between steps; `state[parameter]` is what is kept of each.
    Errors: TypeError for what are no tensors, ValueError where there are none, one comes twice or was computed, and for
    settings that are unknown or out of their range.
    """

    _loaded_other_shapes = False  # pieces of state that have not the shape of their parameter

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError("an optimizer takes a list of parameters, such as model.parameters(), not a single tensor")
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[Group] = []
        groups = list(params)
        if not groups:
            raise ValueError("an optimizer needs parameters, and this list is empty (or an iterator already used up)")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: Group) -> None:
        """Take on more parameters, such as layers that were frozen so far, with settings of their own."""
        params = param_group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        unknown = param_group.keys() - self.defaults.keys() - {"params", "initial_lr"}
        if unknown:
            raise ValueError(f"{type(self).__name__} has no setting {', '.join(sorted(unknown))}")
        taken = {p for group in self.param_groups for p in group["params"]}
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"an optimizer changes tensors, not {type(p).__name__}")
            if not p.is_leaf:
                raise ValueError(f"an optimizer changes leaves; this tensor of shape {p.shape} was computed")
            if p in taken:
                raise ValueError(f"a parameter of shape {p.shape} is in the optimizer twice")
            taken.add(p)
        group = {**self.defaults, **param_group, "params": params}
        self.check(group)
        self.param_groups.append(group)

    def check(self, group: Group) -> None:
        """Raise ValueError where a setting makes no sense."""

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient, in place; `closure` computes the loss, which is returned."""
        loss = None if closure is None else closure()
        settle_all()
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if params:
                with np.errstate(all="ignore"):  # as in operators: infinity and NaN come without a warning
                    self.update(params, group)
        return loss

    def update(self, params: list[Tensor], group: Group) -> None:
        """Change `params`, those of the group that have a gradient, by the optimizer's rule."""
        raise NotImplementedError(f"{type(self).__name__} defines neither update() nor step()")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or set them to zero."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                elif p.grad is not None:
                    p.grad.zero_()

    def state_dict(self) -> dict[str, Any]:
        """{"state": {number of the parameter: its state}, "param_groups": [...]}, laid out as PyTorch's."""
        numbers = {p: i for i, p in enumerate(self._params())}
        groups = [{**group, "params": [numbers[p] for p in group["params"]]} for group in self.param_groups]
        state = {numbers[p]: dict(values) for p, values in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over settings and state; the parameters themselves stay, matched by their order."""
        groups, params = state_dict["param_groups"], self._params()
        sizes = [len(group["params"]) for group in groups]
        own = [len(group["params"]) for group in self.param_groups]
        if sizes != own:
            raise ValueError(f"this state_dict has groups of {sizes} parameters, this optimizer of {own}")
        by_number = dict(zip([number for group in groups for number in group["params"]], params, strict=True))
        for mine, theirs in zip(self.param_groups, groups, strict=True):
            known = (mine.keys() - {"params"}) | {"initial_lr"}
            mine.update({key: deepcopy(value) for key, value in theirs.items() if key in known})
        self.state.clear()
        for number, values in state_dict["state"].items():
            p = by_number[number]
            self.state[p] = {key: _number(v) if key in NUMBERS else _like(p, v) for key, v in values.items()}
        pieces = [(p, piece) for p, own in self.state.items() for piece in own.values()]
        self._loaded_other_shapes = any(isinstance(v, Tensor) and v.shape != p.shape for p, v in pieces)

    def _params(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for i, group in enumerate(self.param_groups):
            text += f"\nParameter Group {i}\n"
            text += "".join(f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params")
        return text + ")"


def nonnegative(optimizer: Optimizer, group: Group, *keys: str) -> None:
    """Raise where one of these settings is negative or NaN."""
    for key in keys:
        if not group[key] >= 0:
            raise ValueError(f"{type(optimizer).__name__}: {key}={group[key]} must not be negative")


def in_unit_interval(optimizer: Optimizer, key: str, *values: float) -> None:
    """Raise where a decay rate does not lie in [0, 1)."""
    if not all(0 <= value < 1 for value in values):
        shown = values[0] if len(values) == 1 else values
        raise ValueError(f"{type(optimizer).__name__}: {key}={shown} must lie in [0, 1)")


def gradient(p: Tensor, group: Group) -> Array:
    """g of an optimizer's first line: ∇L(θ), or −∇L(θ) with maximize, and the weight decay λ·θ."""
    g: Array = p.grad.array  # type: ignore[union-attr]
    g = -g if group["maximize"] else g
    return g + group["weight_decay"] * p.array if group["weight_decay"] else g


def arrays(optimizer: Optimizer, params: list[Tensor], key: str, start: float = 0) -> list[Array]:
    """The piece of state `key` of each parameter; it begins filled with `start`. ValueError for another shape."""
    found = []
    for p in params:
        state = optimizer.state[p]
        if key not in state:
            state[key] = Tensor(np.full_like(p.array, start))
        found.append(state[key].array)
    if optimizer._loaded_other_shapes:
        _check_shapes(optimizer, params, key, found)
    return found


def _check_shapes(optimizer: Optimizer, params: list[Tensor], key: str, found: list[Array]) -> None:
    for p, array in zip(params, found, strict=True):
        if array.shape != p.shape:
            name, shape = type(optimizer).__name__, array.shape
            raise ValueError(f"{name}: {key} of a parameter of shape {p.shape} was loaded with shape {shape}")


def by_step(optimizer: Optimizer, params: list[Tensor]) -> dict[int, list[Tensor]]:
    """Count a step of every parameter; they come out by their counts, which differ where a gradient was missing."""
    groups: dict[int, list[Tensor]] = {}
    for p in params:
        state = optimizer.state[p]
        state["step"] = int(state.get("step", 0)) + 1
        groups.setdefault(state["step"], []).append(p)
    return groups


def _number(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _like(p: Tensor, value: Any) -> Any:
    """A copy of a piece of state: of a tensor or an array a tensor, in the parameter's dtype where it has its shape."""
    if isinstance(value, np.generic) or not hasattr(value, "shape"):
        return deepcopy(value)
    array = value.array if isinstance(value, Tensor) else np.asarray(value)
    return Tensor(array.astype(p.dtype) if array.shape == p.shape else array.copy())


def call(rule: Callable[..., None], *args: Any) -> None:
    """Run the native kernel of the rule's name, or the rule itself where there is none for these arrays."""
    kernel = getattr(core, rule.__name__, None)
    if kernel is not None:
        try:
            kernel(*args)
            return
        except Unsupported:
            pass
    rule(*args)
