"""The compiled kernels, if there are any: `core` is the module built for this processor, or None.

One source is compiled for several instruction sets; the best one that the processor runs is imported.
`CHAINRULE_ISA=generic|v3|v4` forces one, `CHAINRULE_ISA=none` the reference tier. `reason` says why it came out so.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from types import ModuleType
from typing import Any

__all__ = ["Unsupported", "available", "core", "cores", "get_num_threads", "isa", "reason", "set_num_threads"]

LEVELS = ("generic", "v3", "v4")


class _Never(TypeError):
    """Stands for `core.Unsupported` on the reference tier, where nothing raises it."""


def available() -> list[str]:
    """The instruction sets that this installation has kernels for and this processor runs, worst first."""
    try:
        generic = importlib.import_module("chainrule._core_generic")
    except ImportError:
        return []
    built = [level for level in LEVELS if importlib.util.find_spec(f"chainrule._core_{level}")]
    return [level for level in built if generic.supports(level)]


def _choose() -> tuple[Any, str, str]:
    wanted = os.environ.get("CHAINRULE_ISA", "")
    if wanted not in ("", "none", *LEVELS):
        raise ValueError(f"CHAINRULE_ISA={wanted!r}: choose one of none, {', '.join(LEVELS)}")
    levels = available()
    if wanted == "none":
        return None, "none", "CHAINRULE_ISA=none asks for the reference tier"
    if not levels:
        return None, "none", "the native kernels were not compiled when chainrule was installed (no C++ compiler?)"
    if wanted and wanted not in levels:
        raise ValueError(f"CHAINRULE_ISA={wanted}: this processor and installation have {', '.join(levels)}")
    level = wanted or levels[-1]
    why = f"CHAINRULE_ISA={wanted} asks for it" if wanted else "the best that this processor runs"
    return importlib.import_module(f"chainrule._core_{level}"), level, why


core: Any
core, isa, reason = _choose()
Unsupported: type[Exception] = core.Unsupported if isinstance(core, ModuleType) else _Never


def _default_threads() -> int:
    text = os.environ.get("CHAINRULE_NUM_THREADS", "")
    if text and not (text.isdecimal() and int(text) >= 1):
        raise ValueError(f"CHAINRULE_NUM_THREADS={text!r}: a whole number of at least 1 is needed")
    if text:
        return int(text)
    return cores()


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def set_num_threads(n: int) -> None:
    """Let kernels run on n threads (1 or more). Results do not depend on it, to the last bit.

    Errors: ValueError where n is no whole number of at least 1.
    """
    if not isinstance(n, int) or n < 1:
        raise ValueError(f"set_num_threads({n!r}): a whole number of at least 1 is needed")
    if core is not None:
        core.set_num_threads(n)


def get_num_threads() -> int:
    """The number of threads that kernels run on: 1 on the reference tier (NumPy's own threads are not counted)."""
    return int(core.get_num_threads()) if core is not None else 1


set_num_threads(_default_threads())
