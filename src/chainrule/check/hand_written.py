"""A hand-written layer, its parameters and gradients in arrays of any name, as a function that can be checked."""

from __future__ import annotations

import contextlib
import copy
import inspect
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.check.infer import candidates
from chainrule.check.numeric import Array, Setting, generator
from chainrule.check.parameters import (
    arrays_of,
    get,
    gradient_of,
    influential,
    put,
    usual_name,
    widen,
    with_gradient,
)  # fmt: skip
from chainrule.check.report import Broken, Words
from chainrule.check.rules import UPDATE
from chainrule.check.subject import Subject, excerpt

__all__ = ["BACKWARD", "FORWARD", "CannotCheck", "HandWritten", "generators_kept", "seed_generators"]

FORWARD = ("forward", "forward_pass", "forward_propagation", "fprop", "__call__")
BACKWARD = ("backward", "backward_pass", "backward_propagation", "backprop", "bprop")
RATES = {"lr", "learning_rate", "learningrate", "eta", "alpha", "rate", "step_size"}


class CannotCheck(ValueError):
    """Something is missing for a check: the layer cannot be made, or no input is known for it."""


def seed_generators(seed: int) -> None:
    """Seed the generators that hand-written layers draw from."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002


@contextlib.contextmanager
def generators_kept() -> Iterator[None]:
    """Leave those generators as they were."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


class HandWritten:
    """A hand-written layer as a function (x, *parameters) -> (y, pullback)."""

    def __init__(self, layer: Any, title: str, setting: Setting, extra: list[Any], reseed: bool) -> None:
        self.layer, self.title, self.setting, self.extra, self.reseed = layer, title, setting, extra, reseed
        self.forward_name, self.backward_name = _method(layer, FORWARD, title), _method(layer, BACKWARD, title)
        self.notes: list[str] = []
        self.x: npt.NDArray[Any] = np.zeros(0)
        self.parameters: dict[str, str | int | None] = {}
        """The gradient of each parameter: the path of an array, a place in the returned tuple, or None if not found."""
        self.searched = False
        self.delta = self._delta_name()
        self._given: dict[str, Array] = {}

    # ------------------------------------------------------------------------------------------ calling it

    def forward(self, x: npt.NDArray[Any]) -> Any:
        """One forward pass, by whatever name it has."""
        if self.reseed:
            seed_generators(self.setting.seed)
            for name, value in list(vars(self.layer).items()):
                if isinstance(value, np.random.Generator):
                    setattr(self.layer, name, np.random.default_rng(self.setting.seed))
        return getattr(self.layer, self.forward_name)(x, *self.extra)

    def backward(self, delta: Array) -> Any:
        """One backward pass; zero_grad() before it, if the layer has that."""
        if callable(getattr(self.layer, "zero_grad", None)):
            self.layer.zero_grad()
        method = getattr(self.layer, self.backward_name)
        return method(delta, *self.rates) if self.delta else method()

    def _delta_name(self) -> str:
        """What backward calls its argument; "" if it takes none. A learning rate beside it is given as 1."""
        required = _required(getattr(self.layer, self.backward_name))
        rates = [name for name in required[1:] if name.lower() in RATES]
        if len(required) > 1 + len(rates):
            signature = f"{self.backward_name}({', '.join(required)})"
            raise CannotCheck(f"{self.title}: {signature} wants more than the gradient of the loss")
        self.rates = [1.0] * len(rates)
        if rates:
            self.notes.append(f"{self.backward_name} is called with {rates[0]} = 1")
        return required[0] if required else ""

    # ------------------------------------------------------------------------------------------ its input

    def choose_input(self, x: npt.ArrayLike | None, shape: Sequence[int] | None, args: Sequence[Any]) -> None:
        """Take x, or draw one of the given shape, or try shapes until forward accepts one."""
        required = _required(getattr(self.layer, self.forward_name))
        if len(required) > 1 + len(self.extra):
            missing = ", ".join(required[1 + len(self.extra) :])
            signature = f"{self.forward_name}({', '.join(required)})"
            raise CannotCheck(f"{self.title}: {signature} needs {missing} as well: give it as `extra` (--extra)")
        rng = generator(self.setting.seed, "input")
        if x is not None:
            given = np.asarray(x)
            self.x = given.copy() if given.dtype.kind in "iub" else given.astype(np.float64)
            self._tell_from_indices()
        elif shape is not None:
            self.x = rng.standard_normal(tuple(shape))
        else:
            self._try_inputs(rng, args)
        self._try_out(may_change=x is None and self.differentiable)
        kind = "" if self.differentiable else ", integers"
        self.title += f" on x {self.x.shape}{kind}"

    @property
    def differentiable(self) -> bool:
        """Whether x has a gradient; indices have none."""
        return self.x.dtype.kind == "f"

    def _tell_from_indices(self) -> None:
        """Take integers that were given as x for floats, if the output follows small changes of them."""
        if self.differentiable:
            return
        if self._follows(self.x.astype(np.float64)):
            self.notes.append(f"x: {self.x.dtype}, converted to float64 for the check")
            self.x = self.x.astype(np.float64)
        else:
            text = f"x is of {self.x.dtype}, and {self.forward_name} does not follow small changes of it"
            self.notes.append(f"{text}: dx is not checked")

    def _follows(self, x: Array) -> bool:
        """Whether the output changes with x, and less for a smaller change: between indices it would jump."""
        try:
            y, near, far = (np.asarray(self.copied().forward(x + h), np.float64) for h in (0, 1e-5, 1e-3))
            return bool(0 < np.linalg.norm(near - y) < 0.5 * np.linalg.norm(far - y))
        except Exception:
            return False

    def _try_inputs(self, rng: np.random.Generator, args: Sequence[Any]) -> None:
        first: Exception | None = None
        tried = []
        shapes = [a.shape for a in arrays_of(self.layer, "fiu").values() if a.ndim]
        for x in candidates(shapes, args, rng):
            try:
                self.copied().forward(x.copy())
            except Exception as error:
                first = first or error
                tried.append(f"{x.shape}" if x.dtype.kind == "f" else f"{x.shape} of integers")
                continue
            self.x = x
            self.notes.append(f"x has a shape found by trying, {x.shape}; --input gives another")
            return
        raise CannotCheck(
            f"{self.title}: no input shape was given, and {self.forward_name} accepts none of {', '.join(tried)}.\n"
            f"The first of them:\n{excerpt(first) if first else ''}\nGive a shape: --input, or shape=(...)."
        )

    def _try_out(self, may_change: bool) -> None:
        """Refuse an x without any output; take |x| + 0.1 for a logarithm or a root, that is not finite at x."""
        try:
            y = np.asarray(self.copied().forward(self.x.copy()), np.float64)
            if not y.size:
                text = f"for x {self.x.shape} the output {y.shape} is empty: give a larger x"
                raise CannotCheck(f"{self.title}: {text}")
            positive = np.abs(self.x) + 0.1
            if may_change and not np.isfinite(y).all() and np.isfinite(self.copied().forward(positive.copy())).all():
                self.x = positive
                self.notes.append(f"x was made positive, for {self.forward_name} is not finite at negative x")
        except CannotCheck:
            raise
        except Exception:
            return  # the check itself meets it again, and reports it

    def copied(self) -> HandWritten:
        """The same with a copy of the layer, to try something on."""
        probe = copy.copy(self)
        try:
            probe.layer = copy.deepcopy(self.layer)
        except Exception as error:
            raise CannotCheck(f"{self.title} cannot be copied for a trial: {error}") from error
        return probe

    # ------------------------------------------------------------------------------------------ its parameters

    def find_parameters(self, named: dict[str, str]) -> None:
        """Which arrays are parameters, and where their gradients are: as named, or by trying both passes on a copy.

        What the passes raise here is left to the check itself, which meets it again and reports it.
        """
        if not (tried := self._tried()):
            return
        if self._widen_integers(*tried, named):
            tried = self._tried() or tried
        probe, others = tried
        self.searched = True
        held = arrays_of(probe.layer)
        if named:
            self.parameters = {p: self._named(p, g, held, len(others)) for p, g in named.items()}
        else:
            found = influential(probe.layer, lambda: np.array(probe.forward(self.x.copy())), self.setting.seed)
            self.parameters = {p: _gradient_path(p, held) for p in found if p in arrays_of(self.layer)}
            self._take_returned(others, held)
        self._stir()

    def _tried(self) -> tuple[HandWritten, Sequence[Any]] | None:
        """A copy after both passes, and what its backward returned beside dx; None where forward raises."""
        probe = self.copied()
        try:
            y = np.asarray(probe.forward(self.x.copy()), np.float64)
        except Exception:
            return None
        try:
            returned = probe.backward(np.ones(y.shape))
        except Exception:
            returned = None
        return probe, returned[1:] if isinstance(returned, tuple | list) else ()

    def _widen_integers(self, probe: HandWritten, returned: Sequence[Any], named: Mapping[str, str]) -> bool:
        """Convert parameters that were made of integers: those that have a gradient, or one of their shape returned."""
        known, shapes = {*named, *with_gradient(probe.layer, "iu")}, [np.shape(g) for g in returned]
        integers = arrays_of(self.layer, "iu")
        whole = [path for path, a in integers.items() if path in known or (a.ndim and a.shape in shapes)]
        widen(self.layer, whole)
        if whole:
            self.notes.append(f"{', '.join(whole)}: integers, converted to float64 for the check")
        return bool(whole)

    def _named(self, parameter: str, gradient: str, held: Mapping[str, Any], returned: int) -> str | int | None:
        if parameter not in held or parameter not in arrays_of(self.layer):
            known = ", ".join(f"{path} {a.shape}" for path, a in held.items()) or "none"
            raise CannotCheck(f"{self.title}: there is no array '{parameter}'; the arrays of the layer are: {known}")
        if gradient.isdigit() and int(gradient) <= returned:
            return int(gradient)
        return gradient if gradient in held else None

    def _take_returned(self, returned: Sequence[Any], held: Mapping[str, Any]) -> None:
        """Give (dx, dw, db ...) to the parameters without a gradient: by shape where that is clear, else in order."""
        waiting = [p for p, gradient in self.parameters.items() if gradient is None]
        places = list(range(1, len(returned) + 1))
        shapes = [np.shape(g) for g in returned]
        for order, p in enumerate(waiting):
            same = [i for i in places if shapes[i - 1] == held[p].shape]
            if len(same) == 1:
                self.parameters[p] = same[0]
            elif order < len(places):
                self.parameters[p] = places[order]
        if len(places) > len(self.parameters):
            values = f"{len(places)} value{'s' * (len(places) > 1)}"
            text = f"{self.backward_name} returns {values} beside dx, for {len(self.parameters)} parameters"
            self.notes.append(f"{text}: name the others, such as --params b:2, to have them checked")

    def _stir(self) -> None:
        """Put random values into parameters that are constant: zeros and ones hide mistakes."""
        rng = generator(self.setting.seed, "parameters")
        for path in self.parameters:
            array = np.asarray(get(self.layer, path))
            if np.ptp(array) == 0 and (array.size > 1 or array.item() in (0, 1)):
                self.notes.append(f"{path} is {array.flat[0]:g} everywhere: made random, for constants hide mistakes")
                put(self.layer, path, array + 0.1 * rng.standard_normal(array.shape))

    # ------------------------------------------------------------------------------------------ as a function

    def subject(self) -> Subject:
        """The layer as the subject of a check."""
        names = (["x"] if self.differentiable else []) + list(self.parameters)
        gradients = ["dx"] if self.differentiable else []
        gradients += [g if isinstance(g, str) else usual_name(p) for p, g in self.parameters.items()]
        inputs = [self.x] if self.differentiable else []
        inputs += [np.array(get(self.layer, p), np.float64) for p in self.parameters]
        hint = "" if self.reseed else " reseed=True (--reseed) seeds NumPy's generators before each forward pass."
        title = f"{self.title}, no parameters" if self.searched and not self.parameters else self.title
        words = Words(self.forward_name, self.backward_name, self.delta or "delta", hint)
        return Subject(
            self, inputs, names, gradients, title, self.setting, words, self.notes,
            takes_cotangent=bool(self.delta), inputs_first=int(self.differentiable), batch=self._batch(),
        )  # fmt: skip

    def _batch(self) -> int:
        return len(self.x) if self.x.ndim > 1 else 1

    def __call__(self, *arrays: Array) -> tuple[Any, Any]:
        values = list(arrays)
        x = values.pop(0) if self.differentiable else self.x.copy()
        self._given = {path: value.copy() for path, value in zip(self.parameters, values, strict=True)}
        for path, value in self._given.items():
            put(self.layer, path, value)
        y = self.forward(x)
        self._show_changes(values)
        return y, lambda delta: self._pull(delta, values)

    def _pull(self, delta: Array, values: list[Array]) -> list[Any]:
        result = self.backward(delta)
        self._show_changes(values)
        returned = list(result) if isinstance(result, tuple | list) else [result]
        self._check_dx(returned[0])
        gradients = returned[:1] if self.differentiable else []
        for path, value, place in zip(self.parameters, values, self.parameters.values(), strict=True):
            gradients.append(self._gradient(path, place, returned, value))
        return gradients

    def _show_changes(self, values: list[Array]) -> None:
        """What the layer did to its parameters shows in the arrays that were given for them."""
        for path, value in zip(self.parameters, values, strict=True):
            now = get(self.layer, path)
            if np.shape(now) == value.shape:
                value[...] = now

    def _check_dx(self, dx: Any) -> None:
        if dx is not None or not self.differentiable:
            return
        kept = next((p for p in ("dx", "dX", "grad_x", "grad_input") if p in arrays_of(self.layer)), None)
        hint = f"It keeps one in self.{kept}: return that." if kept else "Does it end without `return dx`?"
        text = f"{self.backward_name} returned None; it must return dx, the gradient with respect to x. {hint}"
        raise Broken("wrong type", "dx", text)

    def _gradient(self, path: str, place: str | int | None, returned: list[Any], value: Array) -> Any:
        if isinstance(place, int) and place < len(returned):
            return returned[place]
        if isinstance(place, str):
            try:
                return get(self.layer, place)
            except AttributeError:
                pass
        raise self._missing(path, value)

    def _missing(self, path: str, value: Array) -> Broken:
        """No gradient is known for a parameter: say what is there, and how to name it."""
        name = usual_name(path)
        if not np.array_equal(self._given[path], value):
            text = f"{self.backward_name} updates {path} itself. {UPDATE}"
            return Broken("changed in place", name, text)
        others = {p: a for p, a in arrays_of(self.layer).items() if p not in self.parameters}
        same = [p for p, a in others.items() if a.shape == value.shape]
        found = ", ".join(f"{p} {a.shape}" for p, a in others.items()) or "none"
        text = (
            f"{self.forward_name} depends on the array {path} {value.shape}, but {self.backward_name} leaves no "
            f"gradient that is known by its name. Other arrays of the layer: {found}. Keep it as self.{name}, or name "
            f"it: --params {path}:{same[0] if same else 'NAME'}."
        )
        return Broken("wrong type", name, text)


def _gradient_path(parameter: str, held: Mapping[str, Any]) -> str | None:
    """Where the gradient of a parameter is, by any of the names that its array goes by."""
    names = [path for path, array in held.items() if array is held[parameter]]
    others = [path for path in held if path not in names]
    return next((found for name in names if (found := gradient_of(name, others))), None)


def _required(method: Any) -> list[str]:
    """The names of the arguments that a method must be given."""
    try:
        parameters = inspect.signature(method).parameters.values()
    except (TypeError, ValueError):
        return ["x"]
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if not positional and any(p.kind == p.VAR_POSITIONAL for p in parameters):
        return ["x"]
    required = [p.name for p in positional if p.default is p.empty]
    return required or [p.name for p in positional[:1]]


def _method(layer: Any, names: Sequence[str], title: str) -> str:
    found = next((name for name in names if callable(getattr(layer, name, None))), None)
    if found is None:
        methods = [n for n in dir(layer) if not n.startswith("_") and callable(getattr(layer, n, None))]
        known = ", ".join(methods) or "none"
        raise CannotCheck(f"{title} has no method {names[0]}; its methods are: {known}")
    return found
