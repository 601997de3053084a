"""The figures of the lab logic-gates: networks as graphs, decision boundaries, and what hidden neurons see."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from chainrule import report
from chainrule.labs._gates import ROWS, TRUTH, Gate
from chainrule.labs._numbers import decimals

__all__ = ["boundaries", "graphs", "hidden_space"]

Array = npt.NDArray[Any]
Output = Callable[[Array], Array]
RADIUS = 0.2


def graphs(gates: Sequence[Gate], caption: str) -> report.Figure:
    """A panel for each gate: weights on the arrows, biases below the neurons."""
    drawing = report.Drawing(5.4, 2.4 if any(map(has_shortcut, gates)) else 1.75, columns=len(gates))
    with drawing:
        for axes, gate in zip(drawing.panels, gates, strict=True):
            draw(axes, gate)
    told = "; ".join(f"{gate.name}: {', '.join(map(str, gate.neurons))}" for gate in gates)
    return report.Figure(drawing.svg(), f"Networks as graphs. {told}.", caption)


def has_shortcut(gate: Gate) -> bool:
    """Whether an arrow passes a layer by."""
    level = gate.levels()
    return any(level[neuron.name] - level[source] > 1 for neuron in gate.neurons for source in neuron.weights)


def draw(axes: Axes, gate: Gate) -> None:
    """The network as a graph, from left to right; with shortcuts it is higher, so that these pass well by."""
    level, apart = gate.levels(), 1.4 if has_shortcut(gate) else 0.62
    place = {}
    for name, depth in level.items():
        beside = [other for other in level if level[other] == depth]
        place[name] = (1.4 * depth, apart * (len(beside) - 1 - 2 * beside.index(name)))
    for name, at in place.items():
        axes.add_patch(Circle(at, RADIUS, fill=False, linewidth=1.2))
        axes.text(*at, name, ha="center", va="center")
    for neuron in gate.neurons:
        x, y = place[neuron.name]
        axes.text(x, y - 2.3 * RADIUS, decimals(neuron.bias, 1), ha="center", color="C1")
        for source, weight in neuron.weights.items():
            inside = has_shortcut(gate) and level[neuron.name] - level[source] == 1
            edge(axes, place[source], (x, y), decimals(weight, 0), inside)
    axes.set(xlim=(-0.3, max(x for x, _ in place.values()) + 0.3), ylim=(-apart - 0.5, apart + 0.3), aspect="equal")
    axes.set_title(gate.name, size=10)
    axes.axis("off")


def edge(axes: Axes, start: tuple[float, float], end: tuple[float, float], label: str, inside: bool) -> None:
    """An arrow from circle to circle. Its label stands nearer to the start, for arrows cross later, and outside."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = (dx * dx + dy * dy) ** 0.5
    ux, uy = dx / length, dy / length
    tail = (start[0] + RADIUS * ux, start[1] + RADIUS * uy)
    tip = (end[0] - RADIUS * ux, end[1] - RADIUS * uy)
    look: dict[str, Any] = {"arrowstyle": "->", "color": "C0", "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", tip, tail, arrowprops=look)
    side = (0.14 if start[1] >= 0 else -0.16) * (-1 if inside and start[1] else 1)
    at = (start[0] + 0.36 * dx - side * uy, start[1] + 0.36 * dy + side * ux)
    axes.text(*at, label, ha="center", va="center", color="C0", size=9)


def boundaries(gates: Mapping[str, tuple[Output, Array]]) -> report.Figure:
    """A panel for each gate {name: (its output for inputs x, what is wanted on each row)}.

    Where it says 1 is shaded; a line is where it changes its mind.
    """
    drawing = report.Drawing(5.4, 6.4, rows=3, columns=2)
    with drawing:
        for axes, (name, (output, wanted)) in zip(drawing.panels, gates.items(), strict=True):
            (curve if len(wanted) == 2 else area)(axes, output, wanted)
            axes.set_title(name, size=10)
    caption = "Where each network says 1 (shaded), and the rows of its truth table: filled where a 1 is wanted."
    return report.Figure(drawing.svg(), f"Decision boundaries of {', '.join(gates)}.", caption)


def curve(axes: Axes, output: Output, wanted: Array) -> None:
    """One input: the output along it."""
    x = np.linspace(-0.5, 1.5, 101)
    p = output(x[:, None])
    axes.plot(x, p, marker="")
    axes.fill_between(x, 0, 1, where=list(p > 0.5), color="C1", alpha=0.2, linewidth=0)
    points(axes, np.c_[[0, 1], output(np.array([[0.0], [1.0]]))], wanted)
    axes.set(xlabel="x₁", ylabel="output")


def area(axes: Axes, output: Output, wanted: Array) -> None:
    """Two inputs: the half-plane, or whatever else it is, where the output is above ½."""
    x1, x2 = np.meshgrid(*[np.linspace(-0.5, 1.5, 81)] * 2)
    shade(axes, x1, x2, output(np.c_[x1.ravel(), x2.ravel()]).reshape(x1.shape) - 0.5)
    points(axes, np.array(ROWS, float), wanted)
    axes.set(xlabel="x₁", ylabel="x₂", aspect="equal")


def shade(axes: Axes, x: Array, y: Array, z: Array) -> None:
    """Shade where z > 0, with a line where it begins."""
    if z.min() < 0 < z.max():
        axes.contourf(x, y, z, levels=[0, z.max() + 1], colors=["C1"], alpha=0.2)
        axes.contour(x, y, z, levels=[0], colors=["C1"])


def points(axes: Axes, at: Array, wanted: Array) -> None:
    """The rows of a truth table, filled where a 1 is wanted."""
    colors = ["C1" if each > 0.5 else "none" for each in wanted]
    axes.scatter(at[:, 0], at[:, 1], c=colors, edgecolors="C0", s=40, linewidths=1.5, zorder=3)


def hidden_space(spaces: Mapping[str, tuple[Array, Array]]) -> report.Figure:
    """Where the hidden neurons put the four rows of XOR, and the output's line: {name: (points, (w₁, w₂, b))}."""
    wanted = np.array([TRUTH["XOR"](*row) for row in ROWS])
    h1, h2 = np.meshgrid(*[np.linspace(-0.2, 1.2, 81)] * 2)
    drawing = report.Drawing(5.4, 2.8, columns=len(spaces))
    with drawing:
        for axes, (name, (at, (w1, w2, b))) in zip(drawing.panels, spaces.items(), strict=True):
            shade(axes, h1, h2, w1 * h1 + w2 * h2 + b)
            points(axes, at, wanted)
            for row, (x, y) in zip(ROWS, at, strict=True):
                axes.annotate("".join(map(str, row)), (x, y), (5, 4 + 9 * (row == (1, 0))), textcoords="offset points")
            axes.set(xlabel="h₁", ylabel="h₂", aspect="equal")
            axes.set_title(name, size=10)
    caption = "The rows 00, 01, 10, 11 as the output neuron sees them, and where it says 1 (shaded)."
    return report.Figure(drawing.svg(), "Hidden values of the four rows, and the output neuron's line.", caption)
