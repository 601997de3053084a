"""The figure of the lab gelu-descent: paths on the curve that they go down."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule import report
from chainrule.labs._numbers import decimals

__all__ = ["on_the_curve"]


def on_the_curve(
    f: Callable[[float], float], paths: Mapping[str, Sequence[float]], goal: float, span: tuple[float, float]
) -> report.Figure:
    """Each path on the curve, a panel each: the first three steps numbered, further ones as small dots."""
    x = np.linspace(*span, 300)
    y = [f(value) for value in x]
    drawing = report.Drawing(5.4, 4.6, rows=len(paths))
    with drawing:
        for axes, (name, xs) in zip(drawing.panels, paths.items(), strict=True):
            ys = [f(value) for value in xs]
            axes.plot(x, y, color="C5", marker="", linestyle="-", linewidth=1)
            axes.plot(xs[3:60], ys[3:60], color="C1", linestyle="", marker="o", markersize=2)
            axes.plot(xs[:4], ys[:4], color="C0", linestyle="-", marker="o", markersize=4.5)
            for k, text in labels(xs[:4], 0.05 * (span[1] - span[0])).items():
                look: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "color": "C0"}
                axes.annotate(text, (xs[k], ys[k]), (0, 7), **look)
            axes.plot([goal], [f(goal)], color="C2", marker="+", markersize=11, markeredgewidth=2)
            axes.set_title(name, loc="left", size=10)
            axes.set(ylabel="f(x)", ylim=(min(y) - 0.03, max(max(y), 0) + 0.04))
        drawing.panels[-1].set_xlabel("x")
    steps = "; ".join(f"{name}: {', '.join(decimals(x) for x in xs[:4])}" for name, xs in paths.items())
    caption = "The first three steps (numbered), those up to the sixtieth (small dots), and the minimum (cross)."
    return report.Figure(drawing.svg(), f"Paths on the curve. {steps}.", caption)


def labels(xs: Sequence[float], narrow: float) -> dict[int, str]:
    """What is written at which of the first points: one label for all of them where they lie too close together."""
    if max(xs) - min(xs) < 3 * narrow:
        return {0: "x₀ … x₃"}
    return {k: f"x{'₀₁₂₃'[k]}" for k in range(4) if k == 0 or abs(xs[k] - xs[k - 1]) > narrow * 0.7}
