"""Any state_dict in one safetensors file: its tensors as tensors, all the rest as JSON in the file's metadata.

A *tree* is made of dictionaries, lists, tensors, arrays, numbers, text and None: what optimizers, schedulers, loaders
and generators give as their state. A leaf that is a tensor becomes {"tensor": name}, an array {"array": name}, and a
dictionary whose keys are not all text {"items": [[key, value], …]}. Nothing in it can be executed.
"""

from __future__ import annotations

import itertools
import json
import os
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from chainrule.creation import from_numpy
from chainrule.io.whole import write_whole
from chainrule.tensor import Array

__all__ = ["load_tree", "save_tree"]

MARKS = {"tensor", "array", "items"}


def save_tree(tree: Any, filename: str | os.PathLike[str]) -> None:
    """Write a tree to the file `filename`, complete or not there, see `write_whole`.

    Errors: TypeError for what no tree holds.
    """
    arrays: dict[str, Array] = {}
    text = json.dumps(_packed(tree, "", arrays))
    write_whole(filename, safetensors.numpy.save(arrays, {"tree": text, "crc32": str(_crc32(text, arrays))}))


def load_tree(filename: str | os.PathLike[str], make: Callable[[Array], Any] = from_numpy) -> Any:
    """The tree in the file `filename`; `make` turns an array into a tensor, `torch.from_numpy` into one of PyTorch's.

    Errors: ValueError if the file is damaged or holds something else, OSError if it cannot be read.
    """
    path = os.fspath(filename)
    try:
        with safetensors.safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        text = metadata["tree"]
        if metadata["crc32"] != str(_crc32(text, arrays)):
            raise ValueError("its checksum does not fit")
        return _unpacked(json.loads(text), arrays, make)
    except (SafetensorError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} is damaged, or no checkpoint: {error}") from error


def _crc32(text: str, arrays: Mapping[str, Array]) -> int:
    code = zlib.crc32(text.encode())
    for name in sorted(arrays):
        code = zlib.crc32(np.ascontiguousarray(arrays[name]).data, code)
    return code


def _packed(tree: Any, path: str, arrays: dict[str, Array]) -> Any:
    if isinstance(tree, Mapping):
        pairs = [(key, _packed(value, f"{path}.{key}" if path else str(key), arrays)) for key, value in tree.items()]
        plain = all(isinstance(key, str) for key in tree) and not MARKS & tree.keys()
        return dict(pairs) if plain else {"items": pairs}
    if isinstance(tree, list | tuple):
        return [_packed(value, f"{path}.{i}", arrays) for i, value in enumerate(tree)]
    if tree is None or isinstance(tree, bool | int | float | str):
        return tree
    if isinstance(tree, np.generic):
        return tree.item()
    if isinstance(tree, np.ndarray) or hasattr(tree, "detach"):
        array = tree if isinstance(tree, np.ndarray) else tree.detach().numpy()
        name = _free(path, arrays)
        arrays[name] = np.asarray(array, order="C")
        return {"array" if array is tree else "tensor": name}
    raise TypeError(f"save_tree(): {path} is a {type(tree).__name__}, which has no place in a checkpoint")


def _free(path: str, arrays: Mapping[str, Array]) -> str:
    """The path, with a number where it is taken: {"a": {"b": …}} and {"a.b": …} have the same one."""
    numbered = (f"{path} ({i})" for i in itertools.count(2))
    return next(name for name in itertools.chain([path], numbered) if name not in arrays and name != "__metadata__")


def _unpacked(tree: Any, arrays: Mapping[str, Array], make: Callable[[Array], Any]) -> Any:
    if isinstance(tree, list):
        return [_unpacked(value, arrays, make) for value in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.keys() == {"tensor"}:
        return make(arrays[tree["tensor"]])
    if tree.keys() == {"array"}:
        return arrays[tree["array"]]
    if tree.keys() == {"items"}:
        return {key: _unpacked(value, arrays, make) for key, value in tree["items"]}
    return {key: _unpacked(value, arrays, make) for key, value in tree.items()}
