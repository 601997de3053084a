"""The arrays that a hand-written layer holds, which of them are parameters, and which is whose gradient.

Arrays are named by their path from the layer: `w`, `params.W` (a dict's key), `grads.0` (a list's entry), `conv.w`
(a layer inside the layer), `W.value` (an object that holds a value and its gradient).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["arrays_of", "get", "gradient_of", "influential", "put", "usual_name", "widen", "with_gradient"]

AnyArray = npt.NDArray[Any]
DEPTH = 4


def get(layer: Any, path: str) -> Any:
    """What lies at a path; raises AttributeError where there is nothing."""
    found = layer
    for key in path.split("."):
        try:
            if isinstance(found, dict):
                found = found[key] if key in found else found[int(key)]
            else:
                found = found[int(key)] if isinstance(found, list | tuple) else getattr(found, key)
        except (KeyError, IndexError, ValueError, AttributeError):
            raise AttributeError(path) from None
    return found


def put(layer: Any, path: str, array: AnyArray) -> None:
    """Write an array to a path: into the array that is there if it fits, so that other names for it follow.

    A number that is there is replaced by a number.
    """
    present = get(layer, path)
    if isinstance(present, np.ndarray) and present.shape == array.shape and present.dtype == array.dtype:
        present[...] = array
        return
    _replace(layer, path, array.copy())


def _replace(layer: Any, path: str, array: AnyArray) -> None:
    value = array if isinstance(get(layer, path), np.ndarray) else array[()]
    parent, _, key = path.rpartition(".")
    owner = get(layer, parent) if parent else layer
    if isinstance(owner, dict):
        owner[key if key in owner else int(key)] = value
    elif isinstance(owner, list):
        owner[int(key)] = value
    elif not isinstance(owner, tuple):
        setattr(owner, key, value)


def arrays_of(layer: Any, kinds: str = "f") -> dict[str, AnyArray]:
    """Every array of floats in the layer by its path: attributes, and what dicts, lists and inner layers hold.

    A number is an array without axes, but for numbers in lists. `kinds` are those of the dtypes: "iu" for integers.
    """
    return {path: a for path, a in _walk(layer, "", DEPTH, set()) if a.dtype.kind in kinds}


def _walk(owner: Any, prefix: str, depth: int, seen: set[int]) -> Iterator[tuple[str, AnyArray]]:
    if depth == 0 or id(owner) in seen:
        return
    seen.add(id(owner))
    for key, value in _entries(owner):
        if isinstance(value, np.ndarray):
            yield prefix + key, value
        elif isinstance(value, float | int | np.number):
            if not isinstance(owner, list | tuple):
                yield prefix + key, np.asarray(value)
        elif isinstance(value, dict | list | tuple) or hasattr(value, "backward") or _holds_gradient(value):
            yield from _walk(value, f"{prefix}{key}.", depth - 1, seen)


def _holds_gradient(value: Any) -> bool:
    return hasattr(value, "grad") and any(hasattr(value, name) for name in VALUES)


def _entries(owner: Any) -> list[tuple[str, Any]]:
    if isinstance(owner, dict):
        return [(str(key), value) for key, value in owner.items()]
    if isinstance(owner, list | tuple):
        return [(str(i), value) for i, value in enumerate(owner)]
    slots = [name for c in type(owner).__mro__ for name in getattr(c, "__slots__", ()) if hasattr(owner, name)]
    return [*getattr(owner, "__dict__", {}).items(), *((name, getattr(owner, name)) for name in slots)]


def widen(layer: Any, whole: Collection[str] = ()) -> list[str]:
    """Convert float32 arrays, and those of integers at the paths `whole`, to float64 in place. Their paths.

    One array under two names stays one.
    """
    made: dict[int, AnyArray] = {}
    held = {path: a for path, a in arrays_of(layer, "fiu").items() if a.dtype.kind == "f" or path in whole}
    narrow = {path: a for path, a in held.items() if a.dtype != np.float64}
    for path, array in narrow.items():
        _replace(layer, path, made.setdefault(id(array), array.astype(np.float64)))
    return list(narrow)


def influential(layer: Any, forward: Callable[[], AnyArray], seed: int) -> list[str]:
    """The paths of the arrays that the output depends on: the parameters.

    Each is changed for one forward pass. What forward overwrites itself (a stored input) or never reads (a gradient)
    changes nothing. Before that the constant ones are made random, for behind zeros nothing has an influence.
    """
    rng = np.random.default_rng(seed)
    _stir(layer, rng)
    before, found, ids = forward(), [], set()
    for path, array in _candidates(layer).items():
        if id(array) in ids or not array.size:
            continue
        kept = array.copy()
        put(layer, path, array + 0.1 * rng.standard_normal(array.shape))
        if not np.array_equal(forward(), before):
            found.append(path)
            ids.add(id(array))
        put(layer, path, kept)
    return found


def _stir(layer: Any, rng: np.random.Generator) -> None:
    """Add a little to arrays that are constant: above zero, for among them may be a variance."""
    for path, array in _candidates(layer).items():
        if array.size and np.ptp(array) == 0:
            put(layer, path, array + 0.1 * np.abs(rng.standard_normal(array.shape)))


def _candidates(layer: Any) -> dict[str, AnyArray]:
    """What may be a parameter: an array, or a number that has a gradient, as a rate or a small ε has none."""
    numbers = with_gradient(layer, "f")
    held = arrays_of(layer).items()
    return {path: a for path, a in held if path in numbers or isinstance(get(layer, path), np.ndarray)}


def with_gradient(layer: Any, kinds: str) -> list[str]:
    """The paths of numbers, or of integers, whose gradient is known by its name, and is not that of an array of floats.

    A size `k` has no gradient `dw` where there is an array `w`.
    """
    paths = [path for path in arrays_of(layer, "fiu") if _sounds_like_gradient(path)]
    arrays = [path for path in arrays_of(layer) if isinstance(get(layer, path), np.ndarray)]
    taken = {None, *(gradient_of(path, paths) for path in arrays)}
    return [path for path in arrays_of(layer, kinds) if gradient_of(path, paths) not in taken]


# ---------------------------------------------------------------------------------------------- names

_BEFORE = re.compile(r"^(?:d[lj]_?_?d|grads?_?(?:of_)?|gradients?_?(?:of_)?|nabla_?|delta_?|d_?|g_)(?=.)")
_AFTER = re.compile(r"_?(?:grads?|gradients?|nabla|delta|_d)$")
_CONTAINER = re.compile(r"^(?:d|grads?|gradients?|d_?params?|d_?parameters|param_?grads|nablas?|deltas?)$")
VALUES = ("value", "data")  # beside `grad`, in an object for one parameter
_ALIASES = {
    "w": {"w", "weight", "weights", "ws", "kernel", "kernels", "filter", "filters", "k", "f", "theta"},
    "b": {"b", "bias", "biases", "bs", "beta_"},
}


def gradient_of(parameter: str, paths: list[str]) -> str | None:
    """The path among `paths` whose name says that it is the parameter's gradient: dw, grad_w, w_grad, grads.w ..."""
    matching = [path for path in paths if path != parameter and _is_gradient(path, parameter)]
    exact = [path for path in matching if _stem(path.rpartition(".")[2]) == _plain(parameter.rpartition(".")[2])]
    return next(iter(exact or matching), None)


def usual_name(parameter: str) -> str:
    """The path where one would look for its gradient first."""
    *home, own = parameter.split(".")
    return ".".join([*home, "grad" if home and _plain(own) in VALUES else f"d{own}"])


def _sounds_like_gradient(path: str) -> bool:
    """Whether it is the gradient of anything, by its name: most numbers of a layer are not."""
    *place, name = path.split(".")
    return _plain(name) == "grad" or _stem(name) is not None or _is_container(place)


def _is_container(place: list[str]) -> bool:
    return bool(place) and bool(_CONTAINER.match(_plain(place[-1])))


def _is_gradient(path: str, parameter: str) -> bool:
    *place, name = path.split(".")
    *home, own = parameter.split(".")
    stem = _stem(name)
    if place == home and _plain(name) == "grad" and _plain(own) in VALUES:
        return True
    if place == home and stem is not None and (stem == _plain(own) or _same_role(stem, _plain(own))):
        return True
    return _is_container(place) and name == own


def _plain(name: str) -> str:
    return name.lower().strip("_")


def _stem(name: str) -> str | None:
    """The name without what marks it as a gradient; None if nothing does."""
    plain = _plain(name)
    for pattern in (_AFTER, _BEFORE):
        stem = pattern.sub("", plain)
        if stem != plain and stem:
            return stem.strip("_")
    return None


def _same_role(a: str, b: str) -> bool:
    return any(a in names and b in names for names in _ALIASES.values())
