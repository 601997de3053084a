"""Code written for several devices runs here, and code for one that is not there is told so."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn


def test_device_as_programs_choose_it() -> None:
    device = cr.device("cuda" if cr.cuda.is_available() else "cpu")
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)).to(device)
    x = cr.ones(2, 4, device=device)
    assert model(x.to(device)).device == device == x.device
    assert (str(device), device.type, device.index) == ("cpu", "cpu", None)
    assert cr.cuda.device_count() == 0


def test_name_and_number() -> None:
    assert cr.device("cuda:1") == cr.device("cuda", 1) != cr.device("cuda")
    assert repr(cr.device("cuda:1")) == "device(type='cuda', index=1)"
    assert cr.device(cr.device("cpu")) == cr.device("cpu")
    with pytest.raises(ValueError, match="'gpu' is not a device"):
        cr.device("gpu")


MODULES = {
    "Linear": (4, 3), "Bilinear": (2, 3, 4), "Conv1d": (3, 4, 3), "Conv2d": (3, 4, 3), "ConvTranspose2d": (3, 4, 3),
    "BatchNorm2d": (3,), "InstanceNorm1d": (3,), "GroupNorm": (2, 4), "LayerNorm": (4,), "RMSNorm": (4,), "PReLU": (),
    "Embedding": (5, 3), "RNN": (3, 4), "LSTM": (3, 4), "GRU": (3, 4), "RNNCell": (3, 4), "LSTMCell": (3, 4),
    "GRUCell": (3, 4), "MultiheadAttention": (4, 2), "TransformerEncoderLayer": (4, 2, 8),
    "TransformerDecoderLayer": (4, 2, 8), "Transformer": (4, 2, 1, 1, 8),
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_modules_take_device_and_dtype(name: str) -> None:
    make = getattr(nn, name)
    module = make(*MODULES[name], device=cr.device("cpu"), dtype=cr.float64)
    assert {p.dtype for p in module.parameters()} <= {np.dtype("float64")}
    with pytest.raises(ValueError, match="device 'cuda:0' is not there"):
        make(*MODULES[name], device="cuda:0")


def test_moving_a_module() -> None:
    model = nn.Linear(2, 3)
    assert model.to("cpu", cr.float64).weight.dtype == cr.float64
    assert model.to(device="cpu", dtype=cr.float32, non_blocking=True).weight.dtype == cr.float32
    assert model.to(cr.ones(1, dtype=cr.float64)).weight.dtype == cr.float64
    assert model.half().weight.dtype == cr.float16
    with pytest.raises(ValueError, match="device 'cuda' is not there"):
        model.to("cuda")
    with pytest.raises(TypeError, match="a floating-point dtype is needed"):
        model.to(cr.int64)
