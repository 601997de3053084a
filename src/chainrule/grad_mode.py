"""Whether operators are put on the tape: switched off and on by `no_grad` and its like, for each thread apart."""

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["current", "enable_grad", "inference_mode", "is_grad_enabled", "no_grad", "set_grad_enabled"]


class Mode(threading.local):
    enabled = True


current = Mode()
"""Of this thread."""


class _GradMode:
    """Switches recording on or off: `with no_grad(): ...`, or `@no_grad()` above a function or a generator."""

    enabled: bool

    def __new__(cls, f: Any = None) -> Any:
        """A mode; of `@no_grad`, without parentheses, the function in it."""
        return cls()(f) if callable(f) else super().__new__(cls)

    def __init__(self) -> None:
        """There is nothing to set, and anything that is given is refused."""

    def __enter__(self) -> None:
        self._before = current.enabled
        current.enabled = self.enabled

    def __exit__(self, *exception: object) -> None:
        current.enabled = self._before

    def __call__(self, f: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(f)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self._another():
                return f(*args, **kwargs)

        @functools.wraps(f)
        def generating(*args: Any, **kwargs: Any) -> Any:
            return (yield from self._steps(f(*args, **kwargs)))

        return generating if inspect.isgeneratorfunction(f) else wrapped

    def _steps(self, generator: Any) -> Any:
        """The generator, which goes on inside of the mode and waits outside of it."""
        go_on, sent = generator.send, None
        while True:
            with self._another():
                try:
                    value = go_on(sent)
                except StopIteration as end:
                    return end.value
            try:
                go_on, sent = generator.send, (yield value)
            except BaseException as error:  # thrown in, or GeneratorExit when it is closed: for the generator to see
                go_on, sent = generator.throw, error

    def _another(self) -> "_GradMode":
        """One like it: a function that calls itself is inside of one for each call."""
        return type(self)()


class no_grad(_GradMode):  # noqa: N801 (PyTorch's name)
    """Nothing inside is put on the tape: `with no_grad(): …`, or `@no_grad()` or `@no_grad` above a function f."""

    enabled = False


class enable_grad(_GradMode):  # noqa: N801
    """Puts operators on the tape again inside of `no_grad`; like it above a function f."""

    enabled = True


class set_grad_enabled(_GradMode):  # noqa: N801
    """Switches recording on or off by `mode`: at once for what follows, or `with set_grad_enabled(train): …`."""

    def __init__(self, mode: bool) -> None:
        self.enabled = bool(mode)
        self._before, current.enabled = current.enabled, self.enabled

    def __enter__(self) -> None:
        current.enabled = self.enabled

    def __call__(self, f: Callable[..., Any]) -> Callable[..., Any]:
        current.enabled = self._before  # above a function it is for that one alone
        return super().__call__(f)

    def _another(self) -> "set_grad_enabled":
        return set_grad_enabled(self.enabled)


class inference_mode(_GradMode):  # noqa: N801
    """As `no_grad`; with `mode=False` as nothing. Unlike in PyTorch its results may be used on the tape later on."""

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode

    @property
    def enabled(self) -> bool:  # type: ignore[override]
        """Whether the tape records inside."""
        return current.enabled and not self.mode

    def _another(self) -> "inference_mode":
        return inference_mode(self.mode)


def is_grad_enabled() -> bool:
    """Whether operators are put on the tape at this moment, in this thread."""
    return current.enabled
