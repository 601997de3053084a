"""Containers: modules that are made of modules in a row."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Self, overload

from chainrule.nn.module import Module, _layout

__all__ = ["ModuleList", "Sequential"]


class _Row(Module):
    """Modules under the names "0", "1", … (or names of the user's), in a row that can be indexed, cut and extended."""

    def __len__(self) -> int:
        return sum(1 for _ in self._own_modules())

    def __iter__(self) -> Iterator[Module]:
        return (module for _, module in self._own_modules())

    def _name(self, index: int) -> str:
        names = [name for name, _ in self._own_modules()]
        if not -len(names) <= index < len(names):
            raise IndexError(f"index {index} in a {type(self).__name__} of {len(names)} modules")
        return names[index]

    def _renumber(self, modules: list[Module]) -> None:
        for name in [name for name, _ in self._own_modules()]:
            delattr(self, name)
        for i, module in enumerate(modules):
            setattr(self, str(i), module)

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._name(index), module)

    def __delitem__(self, index: int | slice) -> None:
        modules = list(self)
        del modules[index]
        self._renumber(modules)

    def insert(self, index: int, module: Module) -> Self:
        """Put a module before the one at `index`; those behind it move on by one."""
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def append(self, module: Module) -> Self:
        """Add a module at the end."""
        self.register_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add modules at the end, in their order."""
        for module in list(modules):
            self.append(module)
        return self


class Sequential(_Row):
    """One module after the other: y = fₙ(… f₂(f₁(x))).

        Sequential(Conv2d(1, 6, 5), MaxPool2d(2), ReLU())
        Sequential(OrderedDict(conv=Conv2d(1, 6, 5), relu=ReLU()))

    `model[0]` is the first module, `model[:2]` a Sequential of the first two, with the same parameters.
    """

    @overload
    def __init__(self, *args: Module) -> None: ...
    @overload
    def __init__(self, arg: OrderedDict[str, Module], /) -> None: ...

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            named = list(args[0].items())
        else:
            named = [(str(i), module) for i, module in enumerate(args)]
        for name, module in named:
            self.register_module(name, module)

    def forward(self, input: Any) -> Any:
        for module in self.__dict__.values():
            if isinstance(module, Module):
                input = module(input)
        return input

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Sequential: ...

    def __getitem__(self, index: int | slice) -> Module:
        if isinstance(index, slice):
            return type(self)(OrderedDict(list(self._own_modules())[index]))
        module: Module = getattr(self, self._name(index))
        return module


class ModuleList(_Row):
    """A list whose modules belong to the state of the module that holds it; it computes nothing itself."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(modules or [])

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> ModuleList: ...

    def __getitem__(self, index: int | slice) -> Module:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        module: Module = getattr(self, self._name(index))
        return module

    def __repr__(self) -> str:
        """Equal neighbours on one line: `(0-2): 3 x Linear(...)`."""
        lines, first = [], 0
        for text, run in groupby(map(repr, self)):
            n = len(list(run))
            lines.append(f"({first}): {text}" if n == 1 else f"({first}-{first + n - 1}): {n} x {text}")
            first += n
        return _layout(type(self).__name__, "", lines)
