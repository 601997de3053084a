"""The layer of two inputs against PyTorch's."""

import numpy as np
import pytest

from chainrule import Tensor, manual_seed, nn


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(5,), (2, 3), ()])
def test_bilinear_is_pytorchs(bias, shape):
    torch = pytest.importorskip("torch")
    ours, theirs = nn.Bilinear(3, 4, 2, bias).double(), torch.nn.Bilinear(3, 4, 2, bias).double()
    assert repr(ours) == repr(theirs)
    theirs.load_state_dict({key: torch.from_numpy(t.numpy()) for key, t in ours.state_dict().items()})
    rng = np.random.default_rng(0)
    a, b, dy = (rng.normal(size=(*shape, n)) for n in (3, 4, 2))

    leaves = [Tensor(x, requires_grad=True) for x in (a, b)]
    y = ours(*leaves)
    y.backward(Tensor(dy))
    expected_leaves = [torch.tensor(x, requires_grad=True) for x in (a, b)]
    expected = theirs(*expected_leaves)
    expected.backward(torch.from_numpy(dy))

    np.testing.assert_allclose(y.detach().numpy(), expected.detach().numpy(), 1e-12, 1e-12)
    pairs = zip([*leaves, *ours.parameters()], [*expected_leaves, *theirs.parameters()], strict=True)
    for x, wanted in pairs:
        np.testing.assert_allclose(x.grad.numpy(), wanted.grad.numpy(), 1e-12, 1e-12)


def test_bilinear_begins_as_pytorchs():
    manual_seed(0)
    layer = nn.Bilinear(16, 50, 20)
    for w in layer.parameters():
        assert np.abs(w.detach().numpy()).max() <= 0.25
    assert abs(layer.weight.std().item() - 0.25 / np.sqrt(3)) < 0.003


def test_no_features():
    with pytest.raises(ValueError, match="Bilinear: in1_features=0 must be at least 1"):
        nn.Bilinear(0, 2, 3)
