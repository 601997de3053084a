"""Losses and distances as modules, against PyTorch's: value, gradient, how they print and their state."""

import numpy as np
import pytest
from cases_loss import MODULES

from chainrule import from_numpy, nn


def _weight(n):
    return np.random.default_rng(n).uniform(0.5, 2, n)


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides the total loss")
@pytest.mark.parametrize("name", MODULES)
def test_value_gradients_and_text_are_pytorchs(name):
    torch = pytest.importorskip("torch")
    make, *arrays = MODULES[name]
    ours, theirs = make(nn, lambda n: from_numpy(_weight(n))), make(torch.nn, lambda n: torch.from_numpy(_weight(n)))
    a, b = [from_numpy(x.copy()) for x in arrays], [torch.from_numpy(x.copy()) for x in arrays]
    a[0].requires_grad_()
    b[0].requires_grad_()
    y, z = ours(*a), theirs(*b)
    np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-10, atol=1e-12)
    y.sum().backward()
    z.sum().backward()
    if not name.startswith("ctc"):  # equal only with log_softmax before, which its record has
        np.testing.assert_allclose(a[0].grad.numpy(), b[0].grad.numpy(), rtol=1e-9, atol=1e-11)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: nn.KLDivLoss(reduction="max"),
            "reduction='max' is not 'batchmean', 'mean', 'sum' or 'none'",
        ),
        (lambda: nn.HuberLoss("batchmean"), "HuberLoss: reduction='batchmean' is not 'mean', 'sum' or 'none'"),
        (lambda: nn.TripletMarginLoss(0), "TripletMarginLoss: margin=0 must be greater than 0"),
        (lambda: nn.MultiMarginLoss(3), "MultiMarginLoss: p must be 1 or 2, not 3"),
    ],
)
def test_arguments_that_make_no_sense(make, message):
    with pytest.raises(ValueError, match=message):
        make()
