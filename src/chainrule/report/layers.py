"""The layer table of a report: `nn.summary` of one sample, with the arithmetic of its windows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.nn.summary import Layer as TracedLayer
from chainrule.nn.summary import trace

__all__ = ["Layer", "layers", "size_formula", "totals"]


@dataclass(frozen=True)
class Layer(TracedLayer):
    """A layer of a model, as one sample passed through it."""

    arithmetic: str
    """How the output's height follows from the input's, in numbers; empty where the layer slides no window."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the output, without the batch."""
        return self.output_shape[1:]

    @property
    def name(self) -> str:
        """Kind and window: Conv2d 5 × 5."""
        kernel = getattr(self.module, "kernel_size", ())
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel or (0, 0)
        return type(self.module).__name__ + (f" {height} × {width}" if height else "")

    @property
    def weights(self) -> str:
        """The sizes of weights and biases: 6·1·5·5 + 6."""
        return " + ".join("·".join(map(str, p.shape)) for p in self.module.parameters())


def layers(engine: Any, model: Any, x: npt.NDArray[Any]) -> list[Layer]:
    """Send one sample x (1, …) through the model, and note what every layer makes of it."""
    found = trace(engine, model, engine.from_numpy(x))
    return [Layer(**vars(o), arithmetic=_arithmetic(o.module, o.input_shape[1:], o.output_shape[1:])) for o in found]


def totals(table: list[Layer]) -> tuple[int, int]:
    """Parameters and multiply-adds of a whole model."""
    return sum(layer.parameters for layer in table), sum(layer.multiply_adds for layer in table)


def size_formula(size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """The positions of a window along an axis: ⌊(size + 2·padding − dilation·(kernel_size − 1) − 1) / stride⌋ + 1."""
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


def _arithmetic(module: Any, before: tuple[int, ...], after: tuple[int, ...]) -> str:
    """The formula with the numbers of this layer put in, which must give the height that really came out."""
    if not hasattr(module, "kernel_size") or isinstance(module.padding, str):
        return ""
    of = {key: int(np.ravel(getattr(module, key, 1))[0]) for key in ("kernel_size", "stride", "padding", "dilation")}
    if size_formula(before[1], **of) != after[1]:
        raise ArithmeticError(f"{module}: {before[1]} rows became {after[1]}, and not {size_formula(before[1], **of)}")
    padding = f" + 2·{of['padding']}" if of["padding"] else ""
    window = f"{of['dilation']}·({of['kernel_size']} − 1) − 1" if of["dilation"] > 1 else f"{of['kernel_size']}"
    return f"⌊({before[1]}{padding} − {window}) / {of['stride']}⌋ + 1 = {after[1]}"
