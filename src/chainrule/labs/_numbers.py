"""What the labs of theory share: numbers as their reports write them, and slopes by finite differences."""

from collections.abc import Callable
from typing import Any

__all__ = ["decimals", "slope"]


def decimals(value: float, digits: int = 6) -> str:
    """With so many decimals, a true minus sign, and none on a zero: −0.751154."""
    text = f"{value:.{digits}f}"
    return text.replace("-", "−" if float(text) else "")


def slope(f: Callable[[float], Any], h: float = 1e-3) -> Any:
    """f'(0) from four values of f, which may be arrays: (8·(f(h) − f(−h)) − (f(2h) − f(−2h))) / 12h.

    What remains wrong is of the order h⁴, so that h may be large, and little is lost to rounding.
    """
    return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)
