"""A residual connection, for the labs on images."""

from typing import Any

__all__ = ["residual"]


def residual(nn: Any, *layers: Any) -> Any:
    """x + f(x), f being the layers one after the other; `nn` is that of the engine. He et al. 2016."""

    class Residual(nn.Module):  # type: ignore[misc]
        """x + f(x)."""

        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(*layers)

        def forward(self, x: Any) -> Any:
            return x + self.layers(x)

    return Residual()
