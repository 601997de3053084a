"""Averages of weights: PyTorch's numbers, in place and one by one, and what they keep."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.nn import Linear
from chainrule.optim import swa_utils

WAYS = [
    {},
    {"avg_fn": ("get_ema_avg_fn", 0.8)},
    {"multi_avg_fn": ("get_ema_multi_avg_fn", 0.8)},
    {"avg_fn": ("get_swa_avg_fn",)},
    {"multi_avg_fn": ("get_swa_multi_avg_fn",)},
]


def average(engine, utils, way, steps=5, use_buffers=False):
    settings = {key: getattr(utils, name)(*args) for key, (name, *args) in way.items()}
    rng = np.random.default_rng(0)
    model = engine.nn.Linear(3, 2)
    model.register_buffer("scale", engine.from_numpy(np.zeros(2, np.float32)))
    if not use_buffers:  # PyTorch's means of integers are truncated or refused; ours are the last value
        model.register_buffer("count", engine.from_numpy(np.zeros(2, np.int64)))
    averaged = utils.AveragedModel(model, use_buffers=use_buffers, **settings)
    for t in range(steps):
        for tensor in (model.weight, model.bias, model.scale):
            new = rng.normal(size=tuple(tensor.shape)).astype(np.float32)
            tensor.data = engine.from_numpy(new)
        if not use_buffers:
            model.count.data = engine.from_numpy(np.array([t, 2 * t]))
        averaged.update_parameters(model)
    return averaged


@pytest.mark.parametrize("use_buffers", [False, True])
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_averages_are_pytorchs(way, use_buffers):
    torch = pytest.importorskip("torch")
    if use_buffers:
        way = way or {"multi_avg_fn": ("get_ema_multi_avg_fn", 0.8)}
    ours = average(cr, swa_utils, way, use_buffers=use_buffers).state_dict()
    theirs = average(torch, torch.optim.swa_utils, way, use_buffers=use_buffers).state_dict()
    assert list(ours) == list(theirs)
    for key in ours:
        np.testing.assert_allclose(ours[key].numpy(), theirs[key].numpy(), rtol=1e-5, atol=1e-6, err_msg=key)


def test_it_is_a_copy_that_computes_and_resumes():
    model = Linear(3, 2)
    averaged = swa_utils.AveragedModel(model, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(0.5))
    assert averaged(cr.ones(1, 3)).tolist() == model(cr.ones(1, 3)).tolist()
    averaged.update_parameters(model)
    model.weight.data = model.weight.data + 2
    resumed = swa_utils.AveragedModel(model, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(0.5))
    resumed.load_state_dict(averaged.state_dict())
    for one in (averaged, resumed):
        one.update_parameters(model)
        assert one.n_averaged.item() == 2
        np.testing.assert_allclose((model.weight - one.module.weight).detach().numpy(), 1, rtol=1e-5)


def test_what_cannot_be():
    with pytest.raises(ValueError, match=r"the decay 1.5 .* must lie in \[0, 1\]"):
        swa_utils.get_ema_multi_avg_fn(1.5)
    with pytest.raises(ValueError, match="only one of avg_fn and multi_avg_fn"):
        swa_utils.AveragedModel(Linear(1, 1), avg_fn=swa_utils.get_swa_avg_fn(), multi_avg_fn=print)
    with pytest.raises(ValueError, match="the model has 1 tensors, its average 2"):
        swa_utils.AveragedModel(Linear(1, 1)).update_parameters(Linear(1, 1, bias=False))


def test_update_bn_measures_anew():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    batches = [rng.normal(size=(6, 4)).astype(np.float32) for _ in range(3)]

    def measured(engine, utils):
        model = engine.nn.Sequential(engine.nn.BatchNorm1d(4), engine.nn.Dropout(0.5)).eval()
        model[0].running_mean.fill_(7)
        utils.update_bn([(engine.from_numpy(b), None) for b in batches], model)
        assert not model.training
        assert model[0].momentum == 0.1
        return model[0].running_mean.numpy(), model[0].running_var.numpy()

    for a, b in zip(measured(cr, swa_utils), measured(torch, torch.optim.swa_utils), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_update_bn_leaves_the_statistics_of_instance_normalization():
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).normal(2, 3, size=(6, 4, 5)).astype(np.float32)

    def measured(engine, utils):
        norm = engine.nn.InstanceNorm1d(4, track_running_stats=True)
        norm.running_mean.fill_(7)
        untracked = engine.nn.BatchNorm1d(4, track_running_stats=False)
        model = engine.nn.Sequential(norm, engine.nn.BatchNorm1d(4), untracked)
        utils.update_bn([engine.from_numpy(x)] * 2, model)
        assert norm.momentum == model[1].momentum == 0.1
        return [buffer.numpy() for buffer in model.buffers()]

    for a, b in zip(measured(cr, swa_utils), measured(torch, torch.optim.swa_utils), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
