"""Containers: modules that are made of modules in a row."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from itertools import groupby
from typing import Any, Self, overload

from chainrule.nn.module import Module, _layout
from chainrule.nn.parameter import Parameter
from chainrule.tensor import Tensor

__all__ = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]


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
    """A list whose modules belong to the state of the module that holds it; it computes nothing itself.

    Errors: TypeError for what is no module, IndexError for a place that there is not.
    """

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


Pairs = Mapping[str, Any] | Iterable[tuple[str, Any]]


class _Dict(Module):
    """Modules or parameters under names of the user's, in the order in which they came."""

    def __init__(self, content: Pairs | None = None) -> None:
        super().__init__()
        self.update(content or {})

    def _content(self) -> dict[str, Any]:
        raise NotImplementedError

    def __setitem__(self, key: str, value: Any) -> None:
        raise NotImplementedError

    def __getitem__(self, key: str) -> Any:
        return self._content()[key]

    def __delitem__(self, key: str) -> None:
        self[key]  # a KeyError where there is none
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._content())

    def __iter__(self) -> Iterator[str]:
        return iter(self._content())

    def __contains__(self, key: object) -> bool:
        return key in self._content()

    def clear(self) -> None:
        """Remove everything."""
        for key in list(self):
            del self[key]

    def pop(self, key: str, *default: Any) -> Any:
        """Remove what is under a name, and return it."""
        if default and key not in self:
            return default[0]
        value = self[key]
        del self[key]
        return value

    def get(self, key: str, default: Any = None) -> Any:
        """What is under a name, or the default."""
        return self._content().get(key, default)

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._content().keys()

    def values(self) -> ValuesView[Any]:
        """What is under them."""
        return self._content().values()

    def items(self) -> ItemsView[str, Any]:
        """Pairs of the two."""
        return self._content().items()

    def update(self, content: Pairs) -> None:
        """Add all of a dictionary, or of a list of pairs, in its order."""
        for key, value in content.items() if isinstance(content, Mapping | _Dict) else content:
            self[key] = value


class ModuleDict(_Dict):
    """A dictionary whose modules belong to the state of the module that holds it; it computes nothing itself.

    Errors: TypeError for what is no module, KeyError for a name that is empty, has a dot or is taken.
    """

    def __init__(self, modules: Pairs | None = None) -> None:
        super().__init__(modules)

    def _content(self) -> dict[str, Any]:
        return dict(self._own_modules())

    def __setitem__(self, key: str, module: Module) -> None:
        self.register_module(key, module)


class ParameterDict(_Dict):
    """A dictionary whose parameters belong to the state of the module that holds it. A tensor becomes a Parameter.

    Errors: TypeError for what is no tensor, KeyError for a name that there is not.
    """

    def __init__(self, parameters: Pairs | None = None) -> None:
        super().__init__(parameters)

    def _content(self) -> dict[str, Any]:
        return dict(self._own_parameters())

    def __setitem__(self, key: str, value: Tensor) -> None:
        self.register_parameter(str(key), _parameter(value))

    def __repr__(self) -> str:
        return _layout(type(self).__name__, "", [f"  ({key}): {_described(p)}" for key, p in self.items()])


class ParameterList(Module):
    """A list whose parameters, `values`, belong to the state of the module that holds it. A tensor becomes a Parameter.

    Errors: TypeError for what is no tensor, IndexError for a place that there is not.
    """

    def __init__(self, values: Iterable[Tensor] | None = None) -> None:
        super().__init__()
        self.extend(values or [])

    def _content(self) -> list[Parameter]:
        return [parameter for _, parameter in self._own_parameters()]

    def __len__(self) -> int:
        return len(self._content())

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._content())

    @overload
    def __getitem__(self, index: int) -> Parameter: ...
    @overload
    def __getitem__(self, index: slice) -> ParameterList: ...

    def __getitem__(self, index: int | slice) -> Parameter | ParameterList:
        if isinstance(index, slice):
            return type(self)(self._content()[index])
        return self._content()[self._at(index)]

    def __setitem__(self, index: int, value: Tensor) -> None:
        setattr(self, str(self._at(index)), _parameter(value))

    def _at(self, index: int) -> int:
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} in a {type(self).__name__} of {len(self)} parameters")
        return index % len(self)

    def append(self, value: Tensor) -> Self:
        """Add a parameter at the end."""
        self.register_parameter(str(len(self)), _parameter(value))
        return self

    def extend(self, values: Iterable[Tensor]) -> Self:
        """Add parameters at the end, in their order."""
        for value in list(values):
            self.append(value)
        return self

    def __repr__(self) -> str:
        return _layout(type(self).__name__, "", [f"  ({i}): {_described(p)}" for i, p in enumerate(self)])


def _parameter(value: Tensor) -> Parameter:
    if not isinstance(value, Tensor):
        raise TypeError(f"a Parameter or a Tensor is needed, not {type(value).__name__}")
    return value if isinstance(value, Parameter) else Parameter(value)


def _described(p: Parameter) -> str:
    return f"Parameter containing: [{p.dtype} of size {'x'.join(map(str, p.shape))}]"
