"""Where numbers come from: the machine and the versions, as a report's header states them."""

import os
import platform
from pathlib import Path

from chainrule import native
from chainrule.doctor import installed

__all__ = ["machine", "versions"]


def machine() -> dict[str, str]:
    """Processor, cores that this process may use, memory, and system."""
    system = f"{platform.system()} {platform.machine()}"
    facts = {"Processor": _processor(), "Cores": str(native.cores()), "System": system}
    if memory := _memory():
        facts["Memory"] = f"{memory / 2**30:.0f} GiB"
    return facts


def versions(engine: str = "chainrule") -> dict[str, str]:
    """Versions of what computes, and the tier that chainrule's kernels run on."""
    names = dict.fromkeys(("chainrule", "numpy", engine))
    found = {"Python": platform.python_version()} | {name: installed(name) for name in names}
    if engine != "chainrule":
        return found
    return found | {"Kernels": f"{native.isa}, {native.get_num_threads()} threads" if native.core else "NumPy only"}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 0
