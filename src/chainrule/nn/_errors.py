"""Errors that say in which layer of the model they were raised."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.nn.module import Module

NAMED = (ValueError, TypeError, IndexError, RuntimeError)
"""The errors that a layer raises when it is called wrongly."""


def locate(error: Exception, module: Module) -> None:
    """Let the error's message begin with the innermost module that it came through, and the path to it from `module`.

    Called once by every module that the error passes on its way out: the first is the innermost, and
    each later one knows a longer path to it.
    """
    if len(error.args) != 1 or not isinstance(error.args[0], str):
        return
    innermost, message = vars(error).setdefault("_raised_in", (module, _without_operator(error.args[0], module)))
    error.args = (f"{title(innermost, module)}: {message}",)


def _without_operator(message: str, module: Module) -> str:
    """Conv2d(...) takes the place of "conv2d(): "; operators of other names stay."""
    operator, parentheses, rest = message.partition("(): ")
    own = parentheses and type(module).__name__.lower().startswith(operator.replace("_", ""))
    return rest if own else message


def title(module: Module, model: Module) -> str:
    """The module as it prints, if that is one line, else its class; and the path to it from `model`."""
    text = repr(module)
    path = next((path for path, candidate in model.named_modules() if candidate is module), "")
    where = f' at "{path}"' if path else ""  # none for the called module itself, and for one that is not registered
    return (type(module).__name__ if "\n" in text else text) + where
