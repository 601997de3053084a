"""The gates of the lab logic-gates: networks of switches, neurons that are on or off."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

__all__ = ["GATES", "NAMES", "ROWS", "SHORTCUTS", "TRUTH", "Gate", "Neuron", "name_of"]


@dataclass(frozen=True)
class Neuron:
    """On (1) where Σ weight · source + bias > 0, else off (0). Its sources are inputs, or neurons before it."""

    name: str
    weights: Mapping[str, float]
    bias: float

    def __str__(self) -> str:
        terms = " + ".join(f"{weight:g}·{source}" for source, weight in self.weights.items())
        return f"{self.name} = [{terms} + {self.bias:g} > 0]"


@dataclass(frozen=True)
class Gate:
    """A network of switches, in the order in which they are computed; the last one is its output."""

    name: str
    neurons: Sequence[Neuron]

    @property
    def inputs(self) -> list[str]:
        """The sources that are no neurons: x₁, or x₁ and x₂."""
        own = {neuron.name for neuron in self.neurons}
        return sorted({source for neuron in self.neurons for source in neuron.weights} - own)

    @property
    def rows(self) -> list[tuple[int, ...]]:
        """The inputs of its truth table, in order: (0, 0), (0, 1), (1, 0), (1, 1)."""
        return list(product((0, 1), repeat=len(self.inputs)))

    def values(self, row: Sequence[int]) -> dict[str, int]:
        """What the inputs and every neuron are for one row."""
        values = dict(zip(self.inputs, row, strict=True))
        for neuron in self.neurons:
            z = sum(weight * values[source] for source, weight in neuron.weights.items()) + neuron.bias
            values[neuron.name] = int(z > 0)
        return values

    def output(self, row: Sequence[int]) -> int:
        return self.values(row)[self.neurons[-1].name]

    def wanted(self, row: Sequence[int]) -> int:
        return TRUTH[self.name](*row)

    def right(self) -> int:
        """The rows of its truth table that it has right."""
        return sum(self.output(row) == self.wanted(row) for row in self.rows)

    def levels(self) -> dict[str, int]:
        """How deep each name lies: 0 for inputs, and each neuron one behind the last of its sources."""
        level = dict.fromkeys(self.inputs, 0)
        for neuron in self.neurons:
            level[neuron.name] = 1 + max(level[source] for source in neuron.weights)
        return level


GATES = (
    Gate("NOT", [Neuron("y", {"x₁": -1}, 0.5)]),
    Gate("AND", [Neuron("y", {"x₁": 1, "x₂": 1}, -1.5)]),
    Gate("OR", [Neuron("y", {"x₁": 1, "x₂": 1}, -0.5)]),
    Gate("XOR", [
        Neuron("h₁", {"x₁": 1, "x₂": 1}, -0.5),  # OR
        Neuron("h₂", {"x₁": 1, "x₂": 1}, -1.5),  # AND
        Neuron("y", {"h₁": 1, "h₂": -1}, -0.5),  # the one, but not the other
    ]),
    Gate("XNOR", [
        Neuron("h₁", {"x₁": -1, "x₂": -1}, 0.5),  # neither
        Neuron("h₂", {"x₁": 1, "x₂": 1}, -1.5),  # both
        Neuron("y", {"h₁": 1, "h₂": 1}, -0.5),
    ]),
)  # fmt: skip
SHORTCUTS = (
    Gate("XOR", [Neuron("h", {"x₁": 1, "x₂": 1}, -1.5), Neuron("y", {"x₁": 1, "x₂": 1, "h": -2}, -0.5)]),
    Gate("XNOR", [Neuron("h", {"x₁": 1, "x₂": 1}, -1.5), Neuron("y", {"x₁": -1, "x₂": -1, "h": 2}, 0.5)]),
)
TRUTH: Mapping[str, Callable[..., int]] = {
    "NOT": lambda a: 1 - a,
    "AND": lambda a, b: a & b,
    "OR": lambda a, b: a | b,
    "XOR": lambda a, b: a ^ b,
    "XNOR": lambda a, b: 1 - (a ^ b),
}
ROWS = list(product((0, 1), repeat=2))
NAMES = (
    "never", "AND", "x₁, not x₂", "x₁", "x₂, not x₁", "x₂", "XOR", "OR",
    "NOR", "XNOR", "NOT x₂", "x₁ or not x₂", "NOT x₁", "x₂ or not x₁", "NAND", "always",
)  # fmt: skip
"""Of the sixteen functions of two inputs: their outputs on `ROWS`, read as a binary number, are the index."""


def name_of(outputs: Sequence[int]) -> str:
    """The function of two inputs that has these outputs on `ROWS`."""
    return NAMES[int("".join(str(int(output)) for output in outputs), 2)]
