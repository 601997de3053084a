"""Module: a function with state. Its parameters, buffers and children are its attributes, and nothing else.

PyTorch keeps them in three dictionaries beside the object and answers `self.weight` through `__getattr__`. Here they
are plain attributes, in the order of their assignment, and are collected by looking at what the attributes are. So
reading one costs what reading an attribute costs, and calling a module hardly more than calling its `forward`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import numpy as np

from chainrule.deferring import settle_all
from chainrule.nn._errors import NAMED, locate
from chainrule.nn.hooks import ModuleHooks, RemovableHandle, register
from chainrule.nn.parameter import Parameter
from chainrule.ops.conversion import wanted
from chainrule.tensor import Array, Tensor

__all__ = ["IncompatibleKeys", "Module"]

_ABSENT: Any = object()


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` could not match."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        fields = f"missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys}"
        return f"IncompatibleKeys({fields})" if any(self) else "<All keys matched successfully>"


class Module:
    """A function of tensors that has parameters: the base of every layer and of every model.

    A subclass assigns Parameters and Modules to itself in `__init__` and computes in `forward`:

        class Scale(nn.Module):
            def __init__(self, features: int) -> None:
                super().__init__()
                self.weight = nn.Parameter(ones(features))

            def forward(self, input: Tensor) -> Tensor:
                return input * self.weight

    An error raised inside names the module and its path in the model that was called: `Linear(...) at "head.2": ...`.
    """

    training: bool = True
    _buffers: Mapping[str, bool] = MappingProxyType({})  # name -> whether it belongs to the state_dict

    _hooks: ModuleHooks | None = None

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; every subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward()")

    def __call__(self, first: Any = _ABSENT, /, *args: Any, **kwargs: Any) -> Any:
        try:
            if args or kwargs or first is _ABSENT or self._hooks is not None:
                args = args if first is _ABSENT else (first, *args)
                return self._hooks.call(self, args, kwargs) if self._hooks else self.forward(*args, **kwargs)
            return self.forward(first)  # nearly every call; packing its argument would double what it costs
        except NAMED as error:
            locate(error, self)
            raise

    # ------------------------------------------------------------------------------------------ hooks

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call hook(module, args) before `forward`; it may return other arguments.

        With `with_kwargs` hook(module, args, kwargs) is called, and may return (args, kwargs).
        """
        return register(self._hooked().before, hook, (hook, with_kwargs), prepend)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Call hook(module, args, output) after `forward`; it may return another output.

        With `with_kwargs` hook(module, args, kwargs, output) is called; with `always_call` also when `forward` raised,
        with None for the output. Calling `module.forward(x)` instead of `module(x)` calls no hooks.
        """
        return register(self._hooked().after, hook, (hook, with_kwargs, always_call), prepend)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call hook(module, grad_output) before gradients go through the module; it may return others."""
        return register(self._hooked().gradient_before, hook, None, prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call hook(module, grad_input, grad_output) with tuples of the gradients of positional inputs and of outputs.

        It may return others in the place of grad_input. None stands for what is no tensor or wants no gradient.
        Different from PyTorch, an output or input that had no part in the loss has a gradient of zeros, not None.
        """
        return register(self._hooked().gradient, hook, None, prepend)

    def _hooked(self) -> ModuleHooks:
        if self._hooks is None:
            self._hooks = ModuleHooks()
        return self._hooks

    # ------------------------------------------------------------------------------------------ attributes

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Parameter | Module):
            self._forget_buffer(name)
        elif value is not None:
            self._check_kind(name, value)
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        self._forget_buffer(name)

    def _forget_buffer(self, name: str) -> None:
        if name in self._buffers:
            self._buffers = {key: persistent for key, persistent in self._buffers.items() if key != name}

    def _check_kind(self, name: str, value: object) -> None:
        """Refuse what would silently drop a parameter, a child or a buffer from the state."""
        present = self.__dict__.get(name)
        for kind, needed in (("parameter", Parameter), ("child module", Module)):
            if isinstance(present, needed):
                raise TypeError(
                    f"cannot assign {type(value).__name__} to the {kind} '{name}' of {type(self).__name__}:"
                    f" a {needed.__name__} or None is needed.\n  `del module.{name}` first makes the name free."
                )
        if name in self._buffers and not isinstance(value, Tensor):
            raise TypeError(f"cannot assign {type(value).__name__} to the buffer '{name}': a Tensor or None is needed")

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """The same as `self.name = param`, for a name that is not yet taken."""
        if not (param is None or isinstance(param, Parameter)):
            raise TypeError(f"register_parameter('{name}'): a Parameter or None is needed, not {type(param).__name__}")
        self._check_name(name, Parameter)
        setattr(self, name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """A tensor that belongs to the state but is not learned, such as a running mean.

        It follows the module's dtype, and lies in the state_dict unless `persistent=False`.
        """
        if not (tensor is None or isinstance(tensor, Tensor)):
            raise TypeError(f"register_buffer('{name}'): a Tensor or None is needed, not {type(tensor).__name__}")
        if name not in self._buffers:
            self._check_name(name, ())
        self._buffers = {**self._buffers, name: persistent}
        setattr(self, name, tensor)

    def register_module(self, name: str, module: Module | None) -> None:
        """The same as `self.name = module`, for a name that is not yet taken and may be a number."""
        if not (module is None or isinstance(module, Module)):
            raise TypeError(f"register_module('{name}'): a Module or None is needed, not {type(module).__name__}")
        self._check_name(name, Module)
        setattr(self, name, module)

    add_module = register_module

    def _check_name(self, name: str, kind: type | tuple[()]) -> None:
        if not isinstance(name, str):
            raise TypeError(f"the name of a parameter, buffer or module must be a string, not {type(name).__name__}")
        if not name or "." in name:
            raise KeyError(f"the name {name!r} of a parameter, buffer or module is empty or has a dot in it")
        present = getattr(self, name, None)
        if not (present is None or isinstance(present, kind)):
            raise KeyError(f"{type(self).__name__} already has an attribute '{name}'")

    # ------------------------------------------------------------------------------------------ what belongs to it

    def _own_parameters(self) -> Iterator[tuple[str, Parameter]]:
        return ((name, value) for name, value in vars(self).items() if isinstance(value, Parameter))

    def _own_buffers(self) -> Iterator[tuple[str, Tensor]]:
        return ((name, value) for name in self._buffers if (value := getattr(self, name, None)) is not None)

    def _own_modules(self) -> Iterator[tuple[str, Module]]:
        return ((name, value) for name, value in vars(self).items() if isinstance(value, Module))

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """Itself, under the name `prefix`, and all modules below it with their paths, each before those below it."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._own_modules():
            yield from module.named_modules(memo, _join(prefix, name), remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """Itself and all modules below it, each once."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly below it, each once, with their names."""
        return _once(self._own_modules())

    def children(self) -> Iterator[Module]:
        """The modules directly below it, each once."""
        return (module for _, module in self.named_children())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters with their paths; a shared one comes once, under its first path."""
        found = self._named(Module._own_parameters, prefix, recurse, remove_duplicate)
        return _once(found) if remove_duplicate else found

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, each once: what an optimizer is given."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """All buffers with their paths."""
        found = self._named(Module._own_buffers, prefix, recurse, remove_duplicate)
        return _once(found) if remove_duplicate else found

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers, each once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def _named(
        self, own: Callable[[Module], Iterator[tuple[str, Any]]], prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        modules = self.named_modules(None, prefix, remove_duplicate) if recurse else [(prefix, self)]
        return ((_join(path, name), value) for path, module in modules for name, value in own(module))

    def get_submodule(self, target: str) -> Module:
        """The module at a path such as "features.3"; itself at ""."""
        for path, module in self.named_modules(remove_duplicate=False):
            if path == target:
                return module
        raise AttributeError(f"{type(self).__name__} has no module at {target!r}")

    # ------------------------------------------------------------------------------------------ state

    def state_dict(self, prefix: str = "", keep_vars: bool = False) -> dict[str, Tensor]:
        """Every parameter and persistent buffer under its path, in shared memory and detached unless `keep_vars`.

        The keys are PyTorch's. A shared parameter comes under each of its paths.
        """
        state = {}
        for path, module in self.named_modules(None, prefix.removesuffix("."), remove_duplicate=False):
            for name, tensor in module._persistent():
                state[_join(path, name)] = tensor if keep_vars else tensor.detach()
        return state

    def _persistent(self) -> Iterator[tuple[str, Tensor]]:
        yield from self._own_parameters()
        yield from ((name, buffer) for name, buffer in self._own_buffers() if self._buffers[name])

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> IncompatibleKeys:
        """Overwrite parameters and buffers with those of a state_dict: tensors, arrays or PyTorch's tensors.

        With `strict`, keys that are missing or not expected are an error; a shape that differs always is. Unlike
        in PyTorch, nothing is changed then.
        """
        own = self.state_dict()
        values = {key: _as_array(key, state_dict[key]) for key in own if key in state_dict}
        missing = [key for key in own if key not in state_dict]
        unexpected = [key for key in state_dict if key not in own]
        problems = [
            f"the shape of {key} is {value.shape}, this model's is {own[key].shape}"
            for key, value in values.items()
            if value.shape != own[key].shape
        ]
        if strict:
            problems = [f"unexpected: {', '.join(unexpected)}"] * bool(unexpected) + problems
            problems = [f"missing: {', '.join(missing)}"] * bool(missing) + problems
        if problems:
            raise RuntimeError(f"this state_dict does not fit {type(self).__name__}:\n  " + "\n  ".join(problems))
        settle_all()
        for key, value in values.items():
            own[key].array[...] = value
        return IncompatibleKeys(missing, unexpected)

    # ------------------------------------------------------------------------------------------ changing all of it

    def train(self, mode: bool = True) -> Self:
        """Set training mode here and below: it matters to Dropout and to normalization over the batch."""
        if not isinstance(mode, bool):
            raise ValueError(f"train({mode!r}): the mode is True or False")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """Set evaluation mode: train(False)."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Freeze (False) or unfreeze all parameters."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or set them to zero."""
        for parameter in self.parameters():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad.zero_()

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call fn on every module, children first: `model.apply(initialize)`."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Convert all floating-point parameters, gradients and buffers: `to(dtype)`, `to("cpu", dtype)`, `to(tensor)`.

        "cpu" is the only device. Errors: TypeError for a dtype that is not of floats, ValueError for another device.
        """
        dtype, _ = wanted(None, *args, **kwargs)
        if dtype is None:
            return self
        if dtype.kind != "f":
            raise TypeError(f"Module.to({dtype}): a floating-point dtype is needed")
        for tensor in (*self.parameters(), *self.buffers()):
            if tensor.array.dtype.kind == "f":
                _convert(tensor, dtype)
        return self

    def float(self) -> Self:
        """Convert to float32."""
        return self.to(np.float32)

    def double(self) -> Self:
        """Convert to float64, in which gradients are checked."""
        return self.to(np.float64)

    def half(self) -> Self:
        """Convert to float16, in which kernels are slow."""
        return self.to(np.float16)

    def cpu(self) -> Self:
        """Itself: every tensor lies in the processor's memory."""
        return self

    # ------------------------------------------------------------------------------------------ printing

    def extra_repr(self) -> str:
        """What stands between the parentheses before the children; layers override it."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        children = [f"({name}): {module!r}" for name, module in self._own_modules()]
        return _layout(type(self).__name__, extra, children)


def _layout(name: str, extra: str, children: list[str]) -> str:
    """PyTorch's: all on one line where there are no children and a line of settings, else indented by two."""
    if not children and "\n" not in extra:
        return f"{name}({extra})"
    lines = "\n".join([extra] * bool(extra) + children).replace("\n", "\n  ")
    return f"{name}(\n  {lines}\n)"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _once(named: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Every object under its first name only."""
    seen = set()
    for name, value in named:
        if value not in seen:
            seen.add(value)
            yield name, value


def _as_array(key: str, value: Any) -> Array:
    array = value.array if isinstance(value, Tensor) else np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"load_state_dict(): {key} is a {type(value).__name__}, not a tensor or an array")
    return array


def _convert(tensor: Tensor, dtype: np.dtype[Any]) -> None:
    """Give a leaf another dtype; it stays the same object, so that optimizers keep hold of it."""
    grad = tensor.grad
    tensor.data = Tensor(tensor.array.astype(dtype))
    if grad is not None:
        tensor.grad = Tensor(grad.array.astype(dtype))
