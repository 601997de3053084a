"""The arrays that a hand-written layer holds, which of them are parameters, and which is whose gradient.

Arrays are named by their path from the layer: `w`, `params.W` (a dict's key), `grads.0` (a list's entry), `conv.w`
(a layer inside the layer).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["arrays_of", "get", "gradient_of", "influential", "put", "widen"]

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
    """Write an array to a path: into the array that is there if it fits, so that other names for it follow."""
    present = get(layer, path)
    if isinstance(present, np.ndarray) and present.shape == array.shape and present.dtype == array.dtype:
        present[...] = array
        return
    parent, _, key = path.rpartition(".")
    _set(get(layer, parent) if parent else layer, key, array.copy())


def _set(owner: Any, key: str, value: Any) -> None:
    if isinstance(owner, dict):
        owner[key if key in owner else int(key)] = value
    elif isinstance(owner, list):
        owner[int(key)] = value
    elif not isinstance(owner, tuple):
        setattr(owner, key, value)


def arrays_of(layer: Any) -> dict[str, AnyArray]:
    """Every array of floats in the layer by its path: attributes, and what dicts, lists and inner layers hold."""
    return {path: a for path, a in _walk(layer, "", DEPTH, set()) if a.dtype.kind == "f"}


def _walk(owner: Any, prefix: str, depth: int, seen: set[int]) -> Iterator[tuple[str, AnyArray]]:
    if depth == 0 or id(owner) in seen:
        return
    seen.add(id(owner))
    for key, value in _entries(owner):
        if isinstance(value, np.ndarray):
            yield prefix + key, value
        elif isinstance(value, dict | list | tuple) or hasattr(value, "backward"):
            yield from _walk(value, f"{prefix}{key}.", depth - 1, seen)


def _entries(owner: Any) -> list[tuple[str, Any]]:
    if isinstance(owner, dict):
        return [(str(key), value) for key, value in owner.items()]
    if isinstance(owner, list | tuple):
        return [(str(i), value) for i, value in enumerate(owner)]
    slots = [name for c in type(owner).__mro__ for name in getattr(c, "__slots__", ()) if hasattr(owner, name)]
    return [*getattr(owner, "__dict__", {}).items(), *((name, getattr(owner, name)) for name in slots)]


def widen(layer: Any) -> list[str]:
    """Convert the layer's float32 arrays to float64 in place; one array under two names stays one. Their paths."""
    made: dict[int, AnyArray] = {}
    narrow = {path: a for path, a in arrays_of(layer).items() if a.dtype != np.float64}
    for path, array in narrow.items():
        parent, _, key = path.rpartition(".")
        wide = made.setdefault(id(array), array.astype(np.float64))
        _set(get(layer, parent) if parent else layer, key, wide)
    return list(narrow)


def influential(layer: Any, forward: Callable[[], AnyArray], seed: int) -> list[str]:
    """The paths of the arrays that the output depends on: the parameters.

    Each is changed for one forward pass. What forward overwrites itself (a stored input) or never reads (a gradient)
    changes nothing.
    """
    rng = np.random.default_rng(seed)
    before, found, ids = forward(), [], set()
    for path, array in arrays_of(layer).items():
        if id(array) in ids or not array.size:
            continue
        kept = array.copy()
        put(layer, path, array + 0.1 * rng.standard_normal(array.shape))
        if not np.array_equal(forward(), before):
            found.append(path)
            ids.add(id(array))
        put(layer, path, kept)
    return found


# ---------------------------------------------------------------------------------------------- names

_BEFORE = re.compile(r"^(?:d[lj]_?_?d|grads?_?(?:of_)?|gradients?_?(?:of_)?|nabla_?|delta_?|d_?|g_)(?=.)")
_AFTER = re.compile(r"_?(?:grads?|gradients?|nabla|delta|_d)$")
_CONTAINER = re.compile(r"^(?:d|grads?|gradients?|d_?params?|d_?parameters|param_?grads|nablas?|deltas?)$")
_ALIASES = {
    "w": {"w", "weight", "weights", "ws", "kernel", "kernels", "filter", "filters", "k", "f", "theta"},
    "b": {"b", "bias", "biases", "bs", "beta_"},
}


def gradient_of(parameter: str, paths: list[str]) -> str | None:
    """The path among `paths` whose name says that it is the parameter's gradient: dw, grad_w, w_grad, grads.w ..."""
    matching = [path for path in paths if path != parameter and _is_gradient(path, parameter)]
    exact = [path for path in matching if _stem(path.rpartition(".")[2]) == _plain(parameter.rpartition(".")[2])]
    return next(iter(exact or matching), None)


def _is_gradient(path: str, parameter: str) -> bool:
    *place, name = path.split(".")
    *home, own = parameter.split(".")
    stem = _stem(name)
    if place == home and stem is not None and (stem == _plain(own) or _same_role(stem, _plain(own))):
        return True
    return bool(place) and bool(_CONTAINER.match(place[-1].lower().strip("_"))) and name == own


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
