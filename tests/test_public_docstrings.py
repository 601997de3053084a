"""Docstrings of what is public beside operators, layers and optimizers: sentences, arguments, and errors raised."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import is_dataclass
from typing import Any

import pytest

import chainrule as cr
from chainrule import autograd, check, data, io, nn, ops, train
from chainrule.data import transforms
from docstrings import all_text, errors_named, parameters, raised_by, says_what, sent_nowhere, text_of, unnamed

PLACES = {
    "": cr, "autograd": autograd, "check": check, "data": data, "data.transforms": transforms, "io": io, "train": train,
}  # fmt: skip


def ours(thing: Any) -> bool:
    return callable(thing) and getattr(thing, "__module__", "").startswith("chainrule")


PUBLIC: dict[str, Any] = {
    f"{place}.{name}".strip("."): getattr(module, name)
    for place, module in PLACES.items()
    for name in module.__all__
    if ours(getattr(module, name)) and name not in ops.__all__
}
PUBLIC |= {
    f"Tensor.{name}": method
    for name, method in vars(cr.Tensor).items()
    if ours(method) and not name.startswith("_") and not method.__module__.startswith("chainrule.ops.")
}


def find(name: str) -> Any:
    """What is called so in one of these places, or is an operator, or a method."""
    if name.startswith("chainrule."):
        return importlib.import_module(name)
    last = name.rpartition(".")[2]
    places = [*PLACES.values(), ops, nn, nn.utils.rnn, cr.optim, cr.optim.lr_scheduler, cr.Tensor, io.whole]
    return PUBLIC.get(name) or next((getattr(place, last) for place in places if hasattr(place, last)), None)


@pytest.mark.parametrize("name", PUBLIC)
def test_it_says_what_it_does(name: str) -> None:
    assert says_what(text_of(PUBLIC[name])), f"{name}: neither a sentence nor an equation"
    assert not sent_nowhere(PUBLIC[name], find)


def is_record(thing: Any) -> bool:
    """Whether it is fields and no more: they have names and types of their own."""
    return is_dataclass(thing) or hasattr(thing, "_fields")


@pytest.mark.parametrize("name", [name for name in PUBLIC if not is_record(PUBLIC[name])])
def test_it_names_its_arguments(name: str) -> None:
    text = all_text(PUBLIC[name], find) + (ops.__doc__ or "")
    missing = unnamed(text, (p for p in parameters(PUBLIC[name]) if p != "self"))
    assert not missing, f"{name} does not say what {', '.join(missing)} is"


@pytest.mark.parametrize("name", PUBLIC)
def test_it_names_the_errors_that_it_raises(name: str) -> None:
    thing = PUBLIC[name]
    raised = raised_by(vars(thing).get("__init__") if inspect.isclass(thing) else thing)
    missing = raised - errors_named(all_text(thing, find))
    assert not missing, f"{name} raises {', '.join(sorted(missing))}, and does not say when"


def undocumented(thing: type) -> list[str]:
    """The public methods and properties of a class that neither it nor a base of it describes."""
    own = {name: value for name, value in vars(thing).items() if not is_record(thing) or isinstance(value, property)}
    names = [name for name, value in own.items() if inspect.isfunction(value) or isinstance(value, property)]
    return [name for name in names if name[0] != "_" and not any(_described(base, name) for base in thing.__mro__)]


def _described(thing: type, name: str) -> bool:
    return bool(getattr(vars(thing).get(name), "__doc__", ""))


CLASSES = sorted({thing for thing in map(find, (*PUBLIC, *nn.__all__)) if inspect.isclass(thing)}, key=str)


@pytest.mark.parametrize("thing", CLASSES)
def test_a_class_describes_its_methods(thing: type) -> None:
    assert not undocumented(thing)
