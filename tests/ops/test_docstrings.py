"""What is public says what it does: a sentence or an equation, and what goes in and out."""

import inspect
import re

import pytest

import chainrule as cr
from chainrule import nn
from chainrule.conformance.modules import LAYERS
from chainrule.conformance.operators import RECORDS

OPERATORS = sorted(name for name in RECORDS if callable(getattr(cr.ops, name, None)))


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_says_what_it_computes(name: str) -> None:
    text = inspect.getdoc(getattr(cr.ops, name)) or ""
    first = text.split("\n\n")[0]
    assert first, f"{name} has no docstring"
    assert re.search(r"[.=:→←|(]", first), f"{name}: neither a sentence nor an equation: {first}"


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_a_module_says_what_it_computes(name: str) -> None:
    module = getattr(nn, name, None)
    if module is None:
        pytest.skip("a use of a module under another name")
    assert vars(module)["__doc__"], f"{name} has no docstring of its own"
