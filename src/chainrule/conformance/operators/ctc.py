"""Records of `ops/ctc.py`."""

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.record import Record, classes, normal, s, wrong

scores, targets = normal(6, 3, 4), np.array([[1, 2, 2], [3, 1, 0], [2, 0, 0]])
joined, inputs, sizes = np.array([1, 2, 2, 3, 1, 2]), np.array([6, 5, 4]), np.array([3, 2, 1])


def _loss(x, *args, **named):
    """Of scores: to the gradient of the log-probabilities PyTorch adds what log_softmax takes away."""
    return cr.ops.ctc_loss(cr.log_softmax(x, -1), *args, **named)


def _reference(torch, x, *args, **named):
    return torch.nn.functional.ctc_loss(torch.log_softmax(x, -1), *args, **named)


@st.composite
def _drawn(draw):
    n, c, t = draw(st.integers(1, 3)), draw(st.integers(2, 4)), draw(st.integers(1, 6))
    lengths = np.array([draw(st.integers(0, 4)) for _ in range(n)])
    return s(
        normal(t, n, c),
        1 + classes(c - 1, n, 4),
        np.array([draw(st.integers(1, t)) for _ in range(n)]),
        lengths,
        reduction="none",
        zero_infinity=True,
    )


RECORDS = (
    Record(
        "ctc_loss",
        (
            s(scores, targets, inputs, sizes),
            s(scores, joined, inputs, sizes, reduction="sum"),
            s(scores, targets, inputs, sizes, reduction="none"),
            s(scores, targets, (6, 5, 4), (3, 2, 1), 0, "sum"),
            s(scores, targets % 3, inputs, sizes, blank=3),
            s(scores, targets, inputs, np.array([3, 0, 1])),
            s(scores[:, 0], targets[0], np.array(6), np.array(3)),
            s(scores, targets, np.array([3, 5, 4]), sizes, reduction="none", zero_infinity=True, kink=True),
        ),
        call=_loss,
        oracle=_reference,
        errors=(
            wrong(ValueError, "ctc_loss(): log_probs need 3 dimensions", scores[None], targets, inputs, sizes),
            wrong(TypeError, "ctc_loss(): targets must be whole numbers, not", scores, targets / 2, inputs, sizes),
            wrong(ValueError, "ctc_loss(): 3 lengths of inputs and of targets", scores, targets, inputs[:2], sizes),
            wrong(ValueError, "ctc_loss(): input_lengths must lie between 0 and 6", scores, targets, inputs + 1, sizes),
            wrong(ValueError, "ctc_loss(): target_lengths [4, 3, 2] do not fit", scores, targets, inputs, sizes + 1),
            wrong(ValueError, "ctc_loss(): target_lengths [4, 3, 2] do not fit", scores, joined, inputs, sizes + 1),
            wrong(IndexError, "ctc_loss(): label 4 is none of the 4 classes", scores, targets + 2, inputs, sizes),
            wrong(IndexError, "ctc_loss(): blank=7 is none of the 4 classes", scores, targets, inputs, sizes, 7),
            wrong(ValueError, "ctc_loss(): reduction must be", scores, targets, inputs, sizes, reduction="max"),
        ),
        draws=_drawn(),
    ),
)
