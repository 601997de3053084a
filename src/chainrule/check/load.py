"""Someone's file, and what is typed on a command line: the class to check, the numbers to make it with."""

from __future__ import annotations

import ast
import difflib
import importlib.util
import inspect
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.check.hand_written import BACKWARD, FORWARD, CannotCheck
from chainrule.check.subject import excerpt

__all__ = ["arguments", "array", "load_class", "pairs", "shape"]

AXES, LARGEST = 32, 1 << 32  # axes and elements of x, at most


def load_class(target: str) -> Any:
    """The class (or function that makes a layer) that FILE.py:NAME means; with no name, the only layer of the file."""
    file, _, name = target.rpartition(":") if ":" in target[2:] else (target, "", "")
    module = _load(Path(file))
    layers = _layers(module)
    if name:
        found = getattr(module, name, None)
        return found if found is not None else _unknown(file, name, module, layers)
    if len(layers) == 1:
        return getattr(module, layers[0])
    if not layers:
        raise CannotCheck(f"{file} has no class with forward and backward{_classes(module)}")
    raise CannotCheck(f"{file} has {len(layers)} layers; name one: " + ", ".join(f"{file}:{n}" for n in layers))


def _load(path: Path) -> Any:
    """Run the file as a module; what lies beside it can be imported."""
    if not path.is_file():
        raise CannotCheck(f"there is no file {path}{_similar(path)}")
    if path.suffix != ".py":
        raise CannotCheck(f"{path} is no Python file (.py)")
    spec = importlib.util.spec_from_file_location(f"checked_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise CannotCheck(f"{path} cannot be loaded as a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except SystemExit as error:
        raise CannotCheck(f"{path} ends the program (sys.exit) when it is loaded") from error
    except Exception as error:
        raise CannotCheck(f"{path} cannot be loaded: {type(error).__name__}\n{excerpt(error)}") from error
    finally:
        sys.path.remove(str(path.resolve().parent))
    return module


def _similar(path: Path) -> str:
    files = [p.name for p in path.parent.glob("*.py")] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, files, 1, 0.5)
    return f"; did you mean {path.parent / close[0]}?" if close else ""


def _layers(module: Any) -> list[str]:
    """The classes defined in the file that have both passes."""
    return [name for name in _own_classes(module) if all(_has(getattr(module, name), m) for m in (FORWARD, BACKWARD))]


def _own_classes(module: Any) -> list[str]:
    return [n for n, c in vars(module).items() if inspect.isclass(c) and c.__module__ == module.__name__]


def _has(owner: type, methods: tuple[str, ...]) -> bool:
    return any(name != "__call__" and callable(getattr(owner, name, None)) for name in methods)


def _classes(module: Any) -> str:
    names = _own_classes(module)
    return f"; its classes are {', '.join(names)}" if names else ", and no class at all"


def _unknown(file: str, name: str, module: Any, layers: list[str]) -> Any:
    close = difflib.get_close_matches(name, layers, 1, 0.4)
    hint = f"; did you mean {file}:{close[0]}?" if close else ""
    known = f" Its layers: {', '.join(layers)}." if layers else _classes(module)
    raise CannotCheck(f"{file} has no class {name}{hint}{known}")


# ---------------------------------------------------------------------------------------------- what is typed


def arguments(text: str) -> tuple[list[Any], dict[str, Any]]:
    """`20,2,kernel=3` as arguments: numbers, strings, tuples, lists, True, None; a bare word is a string."""
    try:
        call = ast.parse(f"f({text})", mode="eval").body
        if not isinstance(call, ast.Call):
            raise ValueError(text)
        return [_literal(a) for a in call.args], {str(k.arg): _literal(k.value) for k in call.keywords}
    except (SyntaxError, ValueError) as error:
        raise CannotCheck(f"--args {text}: give them as in a call, such as 20,2,3 or 20,2,kernel=3") from error


def _literal(node: ast.expr) -> Any:
    return node.id if isinstance(node, ast.Name) else ast.literal_eval(node)


def shape(text: str) -> tuple[int, ...]:
    """`4,2,8,8` (or 4x2x8x8) as a shape."""
    try:
        numbers = tuple(int(part) for part in text.strip("()[] ,").replace("x", ",").split(","))
    except ValueError:
        numbers = (-1,)
    if min(numbers) < 1:
        raise CannotCheck(f"--input {text}: give the shape of x as positive whole numbers, such as 4,2,8,8") from None
    if len(numbers) > AXES or math.prod(numbers) > LARGEST:
        raise CannotCheck(f"--input {text}: so large an input cannot be checked")
    return numbers


def array(text: str) -> list[Any]:
    """Further arguments of forward, as in a call; lists become arrays."""
    values, _ = arguments(text)
    return [np.array(v) if isinstance(v, list) else v for v in values]


def pairs(text: str) -> dict[str, str]:
    """`w:dw,b:db` as a parameter -> gradient mapping."""
    found = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        parameter, colon, gradient = (p.strip() for p in part.partition(":"))
        if not (colon and parameter and gradient):
            raise CannotCheck(f"--params {text}: give parameter:gradient pairs, such as w:dw,b:db")
        found[parameter] = gradient
    return found
