"""What a docstring has to say, as rules that a test can apply. The house form, short lines in this order:

    What it computes, as an equation or one sentence, and the equation of each gradient.   dx = …

    What the arguments mean that do not explain themselves.
    Shapes: x (N, C), weight (C) -> (N).                  or "elementwise", "broadcast", "any shape"
    Errors: ValueError where …, TypeError for ….          those that wrong arguments really raise
    Paper: Author, Author: Title (year).                  where there is one

"See `f`", "as `f`", "as in `f`", "those of `f`" and "the gradients of `f`" send the reader on: what f says is said.
What is the same everywhere is said once, in the docstring of the package.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import Any

NAMES = r"((?:`[\w.]+`(?:,| and|, and)?\s*)+)"
SENT_ON = rf"\b(?:[Ss]ee|[Aa]s|[Aa]s in|[Aa]s for|those of|gradients of|[Oo]lder name of)\s+{NAMES}"
SHAPES = r"->|elementwise|any shape|same shape|shape of|broadcast|a Python bool|keeps the shape"
KINDS = {"IndexError", "KeyError", "OSError", "RuntimeError", "TypeError", "ValueError", "ZeroDivisionError"}


def text_of(thing: Any) -> str:
    """Its docstring; a class does not get that of its base."""
    return inspect.cleandoc((vars(thing).get("__doc__") if inspect.isclass(thing) else thing.__doc__) or "")


def all_text(thing: Any, find: Callable[[str], Any]) -> str:
    """Its docstring and those that it sends the reader on to, which `find` gets by their names."""
    return "\n".join(_texts(thing, find, set()))


def sent_nowhere(thing: Any, find: Callable[[str], Any]) -> list[str]:
    """The names that it sends the reader on to, and that are nothing: neither public, nor arguments, nor _private."""
    names = set(_sent_on(text_of(thing))) - set(parameters(thing))
    return [name for name in sorted(names) if find(name) is None and not name.startswith("_")]


def _sent_on(text: str) -> list[str]:
    return [name for names in re.findall(SENT_ON, text) for name in re.findall(r"`([\w.]+)`", names)]


def _texts(thing: Any, find: Callable[[str], Any], seen: set[int]) -> Iterator[str]:
    if thing is None or id(thing) in seen:
        return
    seen.add(id(thing))
    yield text_of(thing)
    for name in _sent_on(text_of(thing)):
        yield from _texts(find(name), find, seen)


def says_what(text: str) -> bool:
    """An equation, or a sentence of several words."""
    first = text.split("\n\n")[0]
    return bool(re.search(r"[=←↦~]|->", first)) or (len(first.split()) > 2 and bool(re.search(r"[.:](\s|$)", first)))


def says_shapes(text: str) -> bool:
    return bool(re.search(SHAPES, text, re.IGNORECASE))


def unnamed(text: str, names: Iterable[str]) -> list[str]:
    """The names that do not come in the text."""
    return [name for name in names if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)]


def without_gradient(text: str, names: Iterable[str]) -> list[str]:
    """The arguments of whose gradient the text does not speak: as dweight or dw, or dx for the first; or in words."""
    spoken = "gradient" in text.lower() or "dx" in text
    return [] if spoken else [name for name in names if not re.search(rf"\bd{name}\b|\bd{name[0]}\b", text)]


def errors_named(text: str) -> set[str]:
    return set(re.findall(r"\b[A-Z]\w+Error\b", text))


def cites(text: str, paper: str) -> bool:
    """The paper as "Author year"; both must come in one line."""
    author, year = paper.split()
    return any(re.search(rf"\b{author}\b.*\b{year}\b", part, re.DOTALL) for part in text.split("\n\n"))


def parameters(thing: Any) -> list[str]:
    """Those of a function, or of the making of a class, in their order."""
    try:
        return [name for name in inspect.signature(thing).parameters if not name.startswith("_")]
    except (TypeError, ValueError):
        return []


def raised_by(body: Any) -> set[str]:
    """The kinds of error that a function's own lines raise, as `raise ValueError(…)`."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(getattr(body, "reference", body)))))
    except (OSError, TypeError, SyntaxError):
        return set()
    raised = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    return {exc.func.id for exc in raised if isinstance(exc, ast.Call) and isinstance(exc.func, ast.Name)} & KINDS
