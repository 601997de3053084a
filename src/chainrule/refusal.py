"""What goes wrong inside of an operator, told in the user's terms.

Operators check what people get wrong most often, and say so in words of their own. Whatever else goes wrong inside, in
NumPy or in Python, comes out through here: as ValueError, TypeError or IndexError, with the operator's name and what it
was called with.
"""

from __future__ import annotations

import functools
import re
import reprlib
from collections.abc import Sequence
from types import FunctionType
from typing import Any, TypeVar

import numpy as np

__all__ = ["refusal", "refusing"]

F = TypeVar("F")
KINDS: dict[type[Exception], type[Exception]] = {
    IndexError: IndexError,
    ValueError: ValueError,
    OverflowError: ValueError,
    ZeroDivisionError: ValueError,
    KeyError: ValueError,
    TypeError: TypeError,
    AttributeError: TypeError,
}


def refusal(name: str, args: Sequence[Any], kwargs: dict[str, Any], error: Exception) -> Exception:
    """The error that `name`, called so, ends with: `error` itself where it names an operator already."""
    kind = next((new for old, new in KINDS.items() if isinstance(error, old)), None)
    if kind is None or re.match(r"[\w.]+\(\): ", str(error)):
        return error
    given = [*map(_shown, args), *(f"{key}={_shown(value)}" for key, value in kwargs.items())]
    return kind(f"{name}(): {_what(error)}\n  called with ({', '.join(given)})")


def refusing(f: F) -> F:
    """A function whose errors from the inside are refusals; primitives see to theirs themselves."""
    if not isinstance(f, FunctionType) or hasattr(f, "reference"):
        return f
    name = f.__name__

    @functools.wraps(f)
    def called(*args: Any, **kwargs: Any) -> Any:
        try:
            return f(*args, **kwargs)
        except Exception as error:
            raise refusal(name, args, kwargs, error) from None

    return called  # type: ignore[return-value]


def _shown(value: Any) -> str:
    """A tensor or an array by its dtype and shape, anything else as Python writes it, shortened."""
    array = getattr(value, "array", value)
    return f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else reprlib.repr(value)


def _what(error: Exception) -> str:
    from chainrule.tensor import Tensor

    if isinstance(error, AttributeError) and error.name in dir(Tensor):
        return f"a tensor is needed, not {type(error.obj).__name__}"
    return str(error)
