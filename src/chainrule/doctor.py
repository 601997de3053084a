"""`chainrule doctor`: what this installation runs on, and why."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from chainrule import native
from chainrule.data import folders

__all__ = ["findings", "installed", "main"]


def findings() -> dict[str, str]:
    """Name and value of everything that decides how chainrule runs here."""
    return {
        "chainrule": f"{installed('chainrule')} in {Path(__file__).parent}",
        "tier": f"{'native' if native.core else 'reference (NumPy)'}: {native.reason}",
        "instruction set": _instruction_sets(),
        "compiler": getattr(native.core, "compiler", "none"),
        "threads": _threads(),
        "Python": f"{platform.python_version()} in {sys.prefix}",
        **{name: installed(name) for name in ("numpy", "safetensors", "matplotlib", "torch")},
        **{f"data: {place}": _folder(folder) for place, folder in folders.roots().items()},
    }


def main() -> int:
    """Print the findings; the exit status is 0."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, value in findings().items():
        table.add_row(f"[bold]{name}[/]", value)
    Console().print(table)
    return 0


def _instruction_sets() -> str:
    possible = ", ".join(["none", *native.available()])
    return f"{native.isa}; CHAINRULE_ISA may name one of {possible}"


def _threads() -> str:
    asked = os.environ.get("CHAINRULE_NUM_THREADS")
    why = f"CHAINRULE_NUM_THREADS={asked}" if asked else "one for each core; CHAINRULE_NUM_THREADS changes it"
    return f"{native.get_num_threads()}: {why if native.core else 'NumPy has threads of its own'}"


def _folder(folder: Path) -> str:
    return f"{folder} ({'found' if folder.is_dir() else 'not there'})"


def installed(name: str) -> str:
    """The version of a package, or that it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
