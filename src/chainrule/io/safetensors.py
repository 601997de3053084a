"""Weights in files: the safetensors format, which holds arrays and text and nothing that could be executed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from chainrule.io.whole import write_whole
from chainrule.tensor import Array, Tensor

__all__ = ["load_file", "save_file"]


def save_file(
    tensors: Mapping[str, Any], filename: str | os.PathLike[str], metadata: Mapping[str, str] | None = None
) -> None:
    """Write tensors, such as `model.state_dict()`, to the file `filename` that PyTorch's users can read too.

    `metadata` are texts to stand beside them. The file is complete or it is not there, see `write_whole`.
    """
    arrays = {name: contiguous(name, tensor, "save_file") for name, tensor in tensors.items()}
    write_whole(filename, safetensors.numpy.save(arrays, dict(metadata) if metadata else None))


def load_file(filename: str | os.PathLike[str]) -> dict[str, Tensor]:
    """The tensors of a safetensors file by name: `model.load_state_dict(load_file(filename))`.

    Errors: ValueError, with the path, where it is damaged, or of a type that NumPy has not; OSError if it cannot be
    opened.
    """
    try:
        arrays = safetensors.numpy.load_file(filename)
    except SafetensorError as error:
        raise ValueError(f"{os.fspath(filename)} is no safetensors file, or a damaged one: {error}") from error
    except (TypeError, KeyError, AttributeError) as error:  # bfloat16 and the like: versions of safetensors differ
        raise ValueError(f"{os.fspath(filename)} holds numbers of a type that NumPy has not ({error})") from error
    return {name: Tensor(array) for name, array in arrays.items()}


def contiguous(name: str, tensor: Any, function: str) -> Array:
    """A tensor as an array that lies row by row; TypeError, in the name of the function that asks, if it is neither."""
    array = tensor.array if isinstance(tensor, Tensor) else tensor
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{function}(): '{name}' is a {type(tensor).__name__}, not a tensor or an array")
    return np.asarray(array, order="C")
