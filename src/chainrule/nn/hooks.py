"""Hooks of modules: functions called before and after `forward`, and with the gradients on their way back.

A module without hooks has no `ModuleHooks`, and its call does not come here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chainrule.autograd import gate
from chainrule.hooks import Hooks, RemovableHandle, register
from chainrule.tensor import Array, Tensor

__all__ = ["ModuleHooks", "RemovableHandle", "register"]


class ModuleHooks:
    """The hooks of one module, by the moment at which they are called."""

    def __init__(self) -> None:
        self.before: Hooks = {}  # (hook, with_kwargs)
        self.after: Hooks = {}  # (hook, with_kwargs, always_call)
        self.gradient_before: Hooks = {}
        self.gradient: Hooks = {}

    def call(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What calling `module` means: hooks before, forward, hooks after."""
        for hook, with_kwargs in list(self.before.values()):
            args, kwargs = _before(hook, with_kwargs, module, args, kwargs)
        gates = _Gates(module, self) if self.gradient or self.gradient_before else None
        if gates:
            args = gates.enter(args)
        try:
            output = module.forward(*args, **kwargs)
        except Exception:
            self._after(module, args, kwargs, None, only_always=True)
            raise
        output = self._after(module, args, kwargs, output)
        return gates.leave(output) if gates else output

    def _after(
        self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any, only_always: bool = False
    ) -> Any:
        for hook, with_kwargs, always in list(self.after.values()):
            if always or not only_always:
                new = hook(module, args, kwargs, output) if with_kwargs else hook(module, args, output)
                output = output if new is None else new
        return output


def _before(
    hook: Callable[..., Any], with_kwargs: bool, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments as the hook leaves them: it may return new ones, or None."""
    if not with_kwargs:
        new = hook(module, args)
        return args if new is None else new if isinstance(new, tuple) else (new,), kwargs
    new = hook(module, args, kwargs)
    if new is None:
        return args, kwargs
    if not (isinstance(new, tuple) and len(new) == 2):
        raise RuntimeError(f"a forward pre-hook with kwargs returns None or (args, kwargs), not {type(new).__name__}")
    return new


class _Gates:
    """Two nodes of the tape around a module's call: gradients come in at its outputs and leave at its inputs.

    dL/d outputs is remembered at the one, and the hooks are called with it at the other; at the first one
    where no input wants a gradient.
    """

    def __init__(self, module: Any, hooks: ModuleHooks) -> None:
        self.module, self.hooks = module, hooks
        self.grad_output: tuple[Tensor | None, ...] = ()
        self.inputs: list[bool] = []  # of each argument, whether it wants a gradient

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments behind the gate that their gradients leave by."""
        self.inputs = _wanting(args)
        return _replaced(args, self.inputs, self._leaving)

    def leave(self, output: Any) -> Any:
        """The outputs behind the gate that their gradients come in by."""
        outputs = output if isinstance(output, tuple) else (output,)
        self.outputs = _wanting(outputs)
        gated = _replaced(outputs, self.outputs, self._coming)
        return gated if isinstance(output, tuple) else gated[0]

    def _coming(self, *dys: Array) -> tuple[Array, ...]:
        grads = _spread(dys, self.outputs)
        for hook in list(self.hooks.gradient_before.values()):
            grads = _exchanged(grads, hook(self.module, grads), "full backward pre-hook")
        self.grad_output = grads
        if not any(self.inputs):
            self._told(tuple(None for _ in self.inputs))
        return tuple(g.array for g in grads if g is not None)

    def _leaving(self, *dxs: Array) -> tuple[Array, ...]:
        return tuple(g.array for g in self._told(_spread(dxs, self.inputs)) if g is not None)

    def _told(self, grads: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
        for hook in list(self.hooks.gradient.values()):
            grads = _exchanged(grads, hook(self.module, grads, self.grad_output), "full backward hook")
        return grads


def _wanting(values: tuple[Any, ...]) -> list[bool]:
    return [isinstance(x, Tensor) and x.node is not None for x in values]


def _replaced(
    values: tuple[Any, ...], wanting: list[bool], pullback: Callable[..., tuple[Array, ...]]
) -> tuple[Any, ...]:
    tensors = [x for x, wants in zip(values, wanting, strict=True) if wants]
    gated = iter(gate("backward_hook", tensors, pullback)) if tensors else iter(())
    return tuple(next(gated) if wants else x for x, wants in zip(values, wanting, strict=True))


def _spread(grads: tuple[Array, ...], wanting: list[bool]) -> tuple[Tensor | None, ...]:
    rest = iter(grads)
    return tuple(Tensor(next(rest)) if wants else None for wants in wanting)


def _exchanged(grads: tuple[Tensor | None, ...], new: Any, what: str) -> tuple[Tensor | None, ...]:
    """What a hook made of the gradients: as many as there were, in their shapes."""
    if new is None:
        return grads
    new = new if isinstance(new, tuple) else (new,)
    shapes = [None if g is None else g.shape for g in grads]
    if len(new) != len(grads) or any(
        n is not None and g is not None and n.shape != g.shape for n, g in zip(new, grads, strict=True)
    ):
        found = [None if g is None else g.shape for g in new]
        raise RuntimeError(f"a {what} returned gradients of shapes {found}, those it was given have {shapes}")
    return tuple(g if n is None or g is None else n for n, g in zip(new, grads, strict=True))
