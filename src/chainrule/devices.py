"""Where tensors lie: in the processor's memory. The names are there so that code written for several devices runs.

device = cr.device("cuda" if cr.cuda.is_available() else "cpu")
model.to(device)
"""

from __future__ import annotations

from typing import Any

__all__ = ["check_device", "device"]


class device:  # noqa: N801 (PyTorch's name)
    """A place for tensors by its name, `device("cpu")` or `device("cuda:1")`; only "cpu" is there to be used.

    `type` is that name, or the part before the colon, `index` the number behind it.
    Errors: ValueError for another kind of name.
    """

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __init__(self, type: Any, index: int | None = None) -> None:
        kind, _, number = str(type).partition(":")
        if kind not in ("cpu", "cuda", "mps", "meta", "xpu") or (number and not number.isdecimal()):
            raise ValueError(f"device(): {str(type)!r} is not a device, as 'cpu' is")
        self.type = kind
        self.index = int(number) if number else index

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device(type={self.type!r}{'' if self.index is None else f', index={self.index}'})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))


CPU = device("cpu")


def check_device(name: str, device: Any) -> None:
    """There is one device, the processor."""
    if device is not None and str(device).partition(":")[0] != "cpu":
        raise ValueError(f"{name}(): device {str(device)!r} is not there; tensors lie in the processor's memory, 'cpu'")
