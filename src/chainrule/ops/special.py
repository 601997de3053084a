"""The error function and the gamma function, which NumPy does not have. Functions like `np.exp`, not operators.

    erf x = 2/√π · ∫₀ˣ e^(−t²) dt,   erfc x = 1 − erf x

They are two Chebyshev series. The first is that of e^(x²) · erfc x, which falls slowly, like 1/x, in a variable that
brings 0 ≤ x < ∞ into −1 < t ≤ 1:

    e^(x²) · erfc x = q · Σ cₖ Tₖ(t),   q = 1 / (x + 3.75),   t = 1 − 7.5 q

Shepherd, Laframboise: Chebyshev approximation of (1 + 2x) exp(x²) erfc x in 0 ≤ x < ∞ (1981).
The second, for |x| < 1, where 1 − erfc x would cancel, is that of erf x / x in x². The coefficients go down to the
rounding of float64: erf is within 2 units in the last place, erfc within 8.

The logarithm of the gamma function and its first derivatives are Stirling's series, for x that was carried up beyond 10
by Γ(x + 1) = x · Γ(x), and below ½ by the reflection Γ(x) · Γ(1 − x) = π / sin πx.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.polynomial.chebyshev import cheb2poly

from chainrule.tensor import Array

__all__ = ["digamma", "erf", "erfc", "erfinv", "lgamma", "trigamma"]

_FAR = cheb2poly([
    1.5802719754089016, -1.4155291636062, 0.5310168126584589, -0.16770511573096467, 0.044234890018353,
    -0.009506139167741073, 0.0015696224296742666, -0.0001678661262168746, 1.971677029425334e-06, 3.086971620657423e-06,
    -4.936920694378021e-07, -9.53473146659699e-09, 1.355826598349273e-08, -1.0830423386818938e-09,
    -2.9040184105173024e-10, 5.307787477918412e-11, 5.780745301094449e-12, -1.993785314415682e-12,
    -1.1724828156626574e-13, 7.242772425819852e-14, 2.8807292328713077e-15, -2.704740368320276e-15,
    -1.0963030130900087e-16, 1.0501564927720586e-16,
]).tolist()  # fmt: skip
_NEAR = cheb2poly([
    0.9754769393826541, -0.14226120510371365, 0.010035582187599796, -0.0005768764699767485, 2.741993125219606e-05,
    -1.1043175507344507e-06, 3.8488755420345036e-08, -1.1808582533875466e-09, 3.2334215826050907e-11,
    -7.991015947004549e-13, 1.7990725113961456e-14, -3.718635487818693e-16, 7.103599003714253e-18,
]).tolist()  # fmt: skip


def erf(x: Array) -> Any:
    """The error function of float32 or float64."""
    far = np.copysign(1 - erfc(np.abs(x)), x)
    return np.where(np.abs(x) < 1, x * _polynomial(_NEAR, 2 * x * x - 1), far)


def erfc(x: Array) -> Any:
    """1 − erf x of float32 or float64, without cancelling where x is large."""
    a = np.minimum(np.abs(x), 28)  # beyond, e^(−x²) is 0
    h = np.round(16 * a) / 16  # e^(−x²) in two factors: h² is exact, and x² = h² + (x − h)(x + h)
    q = 1 / (a + 3.75)
    y = np.exp(-h * h) * np.exp((h - a) * (h + a)) * q * _polynomial(_FAR, 1 - 7.5 * q)
    return np.where(x < 0, 2 - y, y)


def erfinv(y: Array) -> Any:
    """The x whose erf is y, in float64; ±∞ at ±1, NaN beyond.

    A guess by Winitzki's formula of 2008, good to three digits, and three of Halley's steps, which treble their number.
    """
    tail = np.minimum(1 - np.abs(y), 1)  # exact where erf x is near to 1
    log, a = np.log(tail * (2 - tail)), 0.147
    half = 2 / (np.pi * a) + log / 2
    x = np.sqrt(np.sqrt(half * half - log / a) - half)
    for _ in range(3):
        error = (np.where(tail < 0.5, tail - erfc(x), erf(x) - np.abs(y))) / (2 / np.sqrt(np.pi) * np.exp(-x * x))
        x = x - error / (1 + x * error)
    return np.copysign(np.where(tail == 0, np.inf, np.where(tail < 0, np.nan, x)), y)


_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)  # B₂, B₄, …


def lgamma(x: Array) -> Any:
    """ln |Γ(x)| of float64:  (z − ½) ln z − z + ½ ln 2π + Σ B₂ₖ / (2k(2k − 1) z²ᵏ⁻¹)  for large z."""
    z, product = np.where(x < 0.5, 1 - x, x), np.ones_like(x)
    for _ in range(10):
        small = z < 10
        product, z = product * np.where(small, z, 1), z + small
    y = (z - 0.5) * np.log(z) - z + 0.5 * np.log(2 * np.pi) - np.log(product)
    y += sum(b / (2 * k * (2 * k - 1)) * z ** (1 - 2.0 * k) for k, b in enumerate(_BERNOULLI, 1))
    y = np.where(x < 0.5, np.log(np.pi / np.abs(_sin_pi(x))) - y, y)
    return np.where(np.isinf(x), np.inf, y)


def digamma(x: Array) -> Any:
    """The derivative ψ of ln Γ, of float64:  ln z − 1 / 2z − Σ B₂ₖ / (2k z²ᵏ)  for large z.

    ∓∞ at ±0, NaN at −1, −2, …
    """
    z, below = np.where(x < 0.5, 1 - x, x), np.zeros_like(x)
    for _ in range(10):
        small = z < 10
        below, z = below + small / z, z + small
    y = np.log(z) - 0.5 / z - below - sum(b / (2 * k) * z ** (-2.0 * k) for k, b in enumerate(_BERNOULLI, 1))
    y = np.where(x < 0.5, y - np.pi * _sin_pi(x + 0.5) / _sin_pi(x), y)
    y = np.where((x < 0) & (x == np.floor(x)), np.nan, y)
    return np.where(x == 0, np.copysign(np.inf, -x), y)


def trigamma(x: Array) -> Any:
    """The derivative of ψ, of float64:  1 / z + 1 / 2z² + Σ B₂ₖ / z²ᵏ⁺¹  for large z."""
    z, below = np.where(x < 0.5, 1 - x, x), np.zeros_like(x)
    for _ in range(10):
        small = z < 10
        below, z = below + small / (z * z), z + small
    y = 1 / z + 0.5 / (z * z) + below + sum(b * z ** (-2.0 * k - 1) for k, b in enumerate(_BERNOULLI, 1))
    return np.where(x < 0.5, (np.pi / _sin_pi(x)) ** 2 - y, y)


def _sin_pi(x: Array) -> Any:
    """sin πx, exactly 0 at whole numbers."""
    rest = x - 2 * np.round(x / 2)  # in [−1, 1]
    return np.sin(np.pi * np.where(np.abs(rest) > 0.5, np.copysign(1, rest) - rest, rest))


def _polynomial(coefficients: list[float], t: Array) -> Any:
    """c₀ + c₁t + c₂t² + …, by Horner's rule."""
    y = np.full_like(t, coefficients[-1])
    for c in coefficients[-2::-1]:
        y *= t
        y += c
    return y
