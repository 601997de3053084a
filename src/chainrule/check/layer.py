"""Checks of other people's layers: any class with forward(x) and backward(delta)."""

from __future__ import annotations

import contextlib
import copy
import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy.typing as npt

from chainrule.check.hand_written import CannotCheck, HandWritten, generators_kept, seed_generators
from chainrule.check.numeric import Setting
from chainrule.check.parameters import widen
from chainrule.check.pullback import Progress, check
from chainrule.check.report import Report
from chainrule.check.subject import excerpt

__all__ = ["CannotCheck", "check_layer"]


def check_layer(
    layer: Any,
    x: npt.ArrayLike | None = None,
    *,
    shape: Sequence[int] | None = None,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    extra: Sequence[Any] = (),
    params: Mapping[str, str] | None = None,
    eps: float = 1e-6,
    tol: float = 1e-6,
    seed: int = 0,
    limit: int = 1000,
    reseed: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Check the gradients of a hand-written layer: of its input, and of its parameters.

    `layer` is an object, or a class that is called with `args` and `kwargs`. Its `forward(x, *extra)` returns the
    output; its `backward(delta)` returns dx, or (dx, dw, db ...), for delta = the gradient of the loss with respect to
    the output. A parameter is an array that the output depends on; its gradient is found by its name (dw, dW, grad_w,
    w_grad, grads["w"], W.grad beside W.value ...), or named in `params`, such as {"w": "dw"}. A number, or an array of
    integers, is one where its gradient is found.

    The input is `x`; or random of the given `shape`; or of a shape that forward accepts, found by trying. Integers are
    indices, without a gradient, unless the output follows small changes of them; the report tells which. The check
    works in float64 on a copy of the layer. `reseed` seeds random and np.random before each forward pass, so that a
    dropout layer repeats itself; `progress(name, done, of)` is told how far it is. `eps`, `tol`, `seed`, `limit` are
    those of `gradcheck`, as is the report.

    Errors: CannotCheck (a ValueError) where the layer cannot be made, no input is known for it, its code ends the
    program, or memory does not suffice.
    """
    setting = Setting(eps, tol, seed, limit)
    with generators_kept(), _in_words():
        made = _make(layer, args, dict(kwargs or {}), seed)
        hand = HandWritten(made, _title(layer, made, args, kwargs or {}), setting, list(extra), reseed)
        widened = widen(hand.layer)
        if widened:
            hand.notes.append(f"{', '.join(widened)}: float32, converted to float64 for the check")
        hand.choose_input(x, shape, args)
        hand.find_parameters(dict(params or {}))
        return check(hand.subject(), progress)


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """Around somebody's code: exit() in it, or a lack of memory, is told in words."""
    try:
        yield
    except SystemExit as error:
        raise CannotCheck(f"your code ends the program.\n{excerpt(error)}") from error
    except MemoryError as error:
        raise CannotCheck(f"there is not enough memory: {error}. A smaller input needs less.") from error


def _make(layer: Any, args: Sequence[Any], kwargs: dict[str, Any], seed: int) -> Any:
    """A layer of our own: made from the class, or a copy of the object."""
    if not callable(layer) or not (inspect.isclass(layer) or inspect.isfunction(layer)):
        try:
            return copy.deepcopy(layer)
        except Exception as error:
            text = f"{type(layer).__name__} cannot be copied ({error}); give the class and its args"
            raise CannotCheck(text) from error
    seed_generators(seed)
    name = layer.__name__
    try:
        inspect.signature(layer).bind(*args, **kwargs)
    except TypeError as error:
        text = f"{_call(name, args, kwargs)} does not fit {name}{inspect.signature(layer)}: {error}"
        raise CannotCheck(text) from None
    try:
        return layer(*args, **kwargs)
    except Exception as error:
        raise CannotCheck(f"{_call(name, args, kwargs)} raised {type(error).__name__}.\n{excerpt(error)}") from error


def _call(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    given = [*map(repr, args), *(f"{key}={value!r}" for key, value in kwargs.items())]
    return f"{name}({', '.join(given)})"


def _title(layer: Any, made: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    name = type(made).__name__
    return _call(name, args, kwargs) if inspect.isclass(layer) else name
