"""Gradient checks of functions of Tensors and of modules: the tape against central differences."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.autograd import vjp
from chainrule.check.numeric import Array, Setting
from chainrule.check.pullback import Progress, argument_names, check
from chainrule.check.report import Report, Words
from chainrule.check.subject import Differentiable, Subject
from chainrule.tensor import Tensor

if TYPE_CHECKING:
    from chainrule.nn import Module

__all__ = ["gradcheck", "gradcheck_module"]


def gradcheck(
    f: Callable[..., Tensor],
    inputs: Tensor | npt.ArrayLike | Sequence[Any],
    *,
    names: Sequence[str] | None = None,
    eps: float = 1e-6,
    tol: float = 1e-6,
    seed: int = 0,
    limit: int = 1000,
    raise_exception: bool = False,
) -> Report:
    """Check the gradients that the tape gives for f(*inputs) against central differences, in float64.

    `inputs` is a Tensor or array, or a tuple or list of them; those of floats are converted to float64 and checked,
    all others are handed on as they are. The output may have any shape: it is contracted with a random cotangent u.

    The rules, in this order (`RULES`); the report names the first that failed. Nothing raises; the value and the
    gradients are arrays of floats, of the right shapes, in float64, and finite; a second call gives the same; inputs
    and cotangent are not changed in place; each gradient a agrees with the central difference n, of the step
    h = eps · max(1, |x|),

        |a − n| / max(|a| + |n|, tiny) ≤ tol,

    where tiny = (rounding error of n) / tol; and the pullback is linear, g(2u + v) = 2·g(u) + g(v). A coordinate at
    a kink (ReLU at 0, a tie in max-pooling) is listed apart; there a must lie between the slopes of the two sides.

    The cotangents and directions are drawn from `seed`. An input of up to `limit` elements is looked at coordinate by
    coordinate. A larger one is compared along random directions, with two calls of f each, and at a sample of its
    coordinates.

    Returns a Report, true if all held; with `raise_exception` (PyTorch's default) GradientError is raised otherwise.
    Errors: ValueError where no input is of floats, or there are not as many names.
    """
    given = list(inputs) if isinstance(inputs, tuple | list) else [inputs]
    values = [x.array if isinstance(x, Tensor) else x for x in given]
    places = [i for i, x in enumerate(values) if np.asarray(x).dtype.kind == "f"]
    known = list(names) if names is not None else argument_names(f, len(given))
    if len(known) != len(given):
        raise ValueError(f"gradcheck: {len(given)} inputs, but {len(known)} names: {', '.join(known)}")
    if not places:
        raise ValueError("gradcheck: none of the inputs is a Tensor or array of floats, so there is nothing to check")

    def of_floats(*floats: Tensor) -> Tensor:
        arguments = list(given)
        for place, x in zip(places, floats, strict=True):
            arguments[place] = x
        return f(*arguments)

    arrays = [np.array(values[i], np.float64) for i in places]
    chosen = [known[i] for i in places]
    title = getattr(f, "__name__", type(f).__name__).replace("<lambda>", "f")
    title += f"({', '.join(f'{name} {a.shape}' for name, a in zip(chosen, arrays, strict=True))})"
    report = check(_subject(of_floats, arrays, chosen, title, Setting(eps, tol, seed, limit)))
    return report.raise_if_failed() if raise_exception else report


def gradcheck_module(
    module: Module,
    *inputs: Any,
    eps: float = 1e-6,
    tol: float = 1e-6,
    seed: int = 0,
    limit: int = 1000,
    progress: Progress | None = None,
) -> Report:
    """Check the gradients of a module's output with respect to its float inputs and all its named parameters.

    The check is made on a copy in float64. The other arguments, the rules and the report are those of `gradcheck`;
    `progress(name, done, of)` is told how far it is.
    """
    module = copy.deepcopy(module).double()
    parameters = dict(module.named_parameters())
    values = [x.array if isinstance(x, Tensor) else np.asarray(x) for x in inputs]
    places = [i for i, x in enumerate(values) if x.dtype.kind == "f"]
    names = ["x"] if len(places) == 1 else [f"x{i}" for i in places]

    def call(*floats: Tensor) -> Tensor:
        arguments = [Tensor(x) for x in values]
        for place, x in zip(places, floats, strict=False):
            arguments[place] = x
        for parameter, x in zip(parameters.values(), floats[len(places) :], strict=True):
            parameter.array, parameter.node = x.array, x.node
        result: Tensor = module(*arguments)
        return result

    arrays = [np.array(values[i], np.float64) for i in places]
    arrays += [np.array(p.array, np.float64) for p in parameters.values()]
    title = repr(module) if "\n" not in repr(module) else type(module).__name__
    title += " on " + ", ".join(str(x.shape) for x in values)
    subject = _subject(call, arrays, [*names, *parameters], title, Setting(eps, tol, seed, limit))
    subject.gradients = [f"{name}.grad" for name in subject.names]
    subject.inputs_first = len(places)
    return check(subject, progress)


def _subject(f: Callable[..., Tensor], arrays: list[Array], names: list[str], title: str, setting: Setting) -> Subject:
    batch = len(arrays[0]) if arrays[0].ndim > 1 else 1
    words = Words("f", "the tape", "dy")
    return Subject(_taped(f), arrays, names, [f"d{name}" for name in names], title, setting, words, batch=batch)


def _taped(f: Callable[..., Tensor]) -> Differentiable:
    """A function of Tensors as a function of arrays, with the tape's pullback."""

    def tensor(*leaves: Tensor) -> Tensor:
        y = f(*leaves)
        if not isinstance(y, Tensor):
            raise TypeError(f"f returned a {type(y).__name__}, not one Tensor; join several with cat or sum them")
        return y

    def of_arrays(*arrays: Array) -> tuple[Any, Any]:
        y, pullback = vjp(tensor, *[Tensor(a) for a in arrays])
        return y.array, lambda dy: [g.array for g in pullback(Tensor(dy))]

    return of_arrays
