"""Weights in files: they come back as they went, in PyTorch too, and a file is complete or not there."""

import os

import numpy as np
import pytest
import safetensors.numpy

from chainrule.creation import ones
from chainrule.io import load_file, save_file
from chainrule.nn import Module, Parameter, Sequential
from chainrule.tensor import Tensor


class Layer(Module):
    def __init__(self, value=0.0):
        super().__init__()
        self.weight = Parameter(np.full((2, 3), value, np.float32))
        self.register_buffer("count", Tensor(np.array(7)))


def test_a_model_comes_back(tmp_path):
    model, other = Sequential(Layer(1.5), Layer(2.5)), Sequential(Layer(), Layer())
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    other.load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert other[1].weight.detach().numpy().tolist() == [[2.5] * 3] * 2
    assert list(tmp_path.iterdir()) == [tmp_path / "model.safetensors"]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64, np.int32, np.uint8, np.bool_])
def test_every_dtype_and_layout_comes_back(tmp_path, dtype):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    arrays = {
        "plain": array,
        "transposed": array.T,
        "strided": array[:, ::2, ::-1],
        "repeated": np.broadcast_to(array[:1], (5, 3, 4)),
        "number": np.array(array[1, 2, 3]),
        "empty": array[:0],
    }
    save_file({name: Tensor(a) for name, a in arrays.items()}, tmp_path / "x")
    loaded = load_file(tmp_path / "x")
    assert loaded.keys() == arrays.keys()
    for name, a in arrays.items():
        assert loaded[name].dtype == a.dtype
        np.testing.assert_array_equal(loaded[name].numpy(), a, strict=True)


def test_what_was_loaded_can_be_changed(tmp_path):
    save_file({"x": ones(3)}, tmp_path / "x")
    loaded = load_file(tmp_path / "x")["x"]
    loaded.add_(1)
    assert loaded.tolist() == [2, 2, 2]
    assert load_file(tmp_path / "x")["x"].tolist() == [1, 1, 1]


def test_pytorch_reads_and_writes_the_same_file(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file as load_torch
    from safetensors.torch import save_file as save_torch

    path = str(tmp_path / "x.safetensors")
    save_file({"x": ones(2, 3)}, path)
    assert torch.equal(load_torch(path)["x"], torch.ones(2, 3))
    save_torch({"y": torch.arange(6.0).reshape(2, 3)}, path)
    assert load_file(path)["y"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_metadata(tmp_path):
    save_file({"x": ones(1)}, tmp_path / "x", {"epoch": "3"})
    with safetensors.safe_open(tmp_path / "x", framework="np") as f:
        assert f.metadata() == {"epoch": "3"}


def test_the_new_file_takes_the_place_of_the_old_in_one_step(tmp_path, monkeypatch):
    path = tmp_path / "x"
    save_file({"x": ones(3)}, path)
    replaced = []

    def replace(source, target):
        assert load_file(source)["x"].shape == (5,)  # all of it is written
        assert load_file(target)["x"].shape == (3,)  # and nothing of it is in the old one's place
        replaced.append(target)

    monkeypatch.setattr(os, "replace", replace)
    save_file({"x": ones(5)}, path)
    assert replaced == [path]
    assert os.listdir(tmp_path) == ["x"]


def test_permissions_are_those_of_any_new_file(tmp_path):
    save_file({"x": ones(3)}, tmp_path / "x")
    (tmp_path / "y").write_bytes(b"")
    assert (tmp_path / "x").stat().st_mode == (tmp_path / "y").stat().st_mode


@pytest.mark.parametrize("content", [b"", b"\x80\x04\x95pickle", b"\xff" * 100])
def test_a_damaged_file(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(ValueError, match="x is no safetensors file, or a damaged one"):
        load_file(tmp_path / "x")


def test_a_truncated_file(tmp_path):
    save_file({"x": ones(1000)}, tmp_path / "x")
    whole = (tmp_path / "x").read_bytes()
    (tmp_path / "x").write_bytes(whole[:-1])
    with pytest.raises(ValueError, match="a damaged one"):
        load_file(tmp_path / "x")


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_file(tmp_path / "missing.safetensors")


def test_what_is_not_a_tensor(tmp_path):
    with pytest.raises(TypeError, match="'lr' is a float, not a tensor or an array"):
        save_file({"x": ones(1), "lr": 0.1}, tmp_path / "x")
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3"])
def test_numbers_that_numpy_has_not_are_said(tmp_path, dtype):
    size = 2 if dtype == "BF16" else 1
    header = b'{"x":{"dtype":"%s","shape":[4],"data_offsets":[0,%d]}}' % (dtype.encode(), 4 * size)
    (tmp_path / "x").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4 * size))
    with pytest.raises(ValueError, match=r"x holds numbers of a type that NumPy has not"):
        load_file(tmp_path / "x")
