"""Records of `ops/bitwise.py` and `ops/properties.py`."""

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.record import Record, arrays, broadcastable, normal, s, wrong

few, mask, half = np.array([[5, -3, 0], [1, 2, 7]]), np.array([True, False, True]), np.array([0.5])


@st.composite
def _pairs(draw, kinds):
    first, second = draw(broadcastable())
    low = st.sampled_from((0, 1, 3))
    return s(draw(arrays(first, kinds)), draw(st.one_of(arrays(second, kinds), low)))


def _of_two(name: str, kinds: str = "isub") -> Record:
    return Record(
        name,
        (s(few, few[0]), s(few, 3), *([s(mask, mask[::-1])] if "b" in kinds else [])),
        gradients=(),
        draws=_pairs(kinds) if "b" in kinds else _shifts(),
        errors=(
            wrong(TypeError, f"{name}(): integers or truth values are needed, not float64", few, half),
            wrong(ValueError, f"{name}(): the shapes (2, 3) and (2,) do not broadcast", few, few[:, 0]),
        ),
    )


@st.composite
def _shifts(draw):
    first, second = draw(broadcastable())
    return s(draw(arrays(first, "isu")), draw(st.one_of(arrays(second, "u"), st.integers(0, 5))))


def _asked(name: str, oracle=None) -> Record:
    return Record(
        name, (s(normal(2, 3)), s(few), s(mask)), gradients=(), draws=arrays(kinds="fisub").map(s), oracle=oracle or ""
    )


RECORDS = (
    Record("bitwise_not", (s(few), s(mask)), gradients=(), draws=arrays(kinds="isub").map(s)),
    _of_two("bitwise_and"),
    _of_two("bitwise_or"),
    _of_two("bitwise_xor"),
    _of_two("bitwise_left_shift", "isu"),
    _of_two("bitwise_right_shift", "isu"),
    _asked("is_tensor", lambda torch, obj: torch.is_tensor(obj)),
    _asked("is_floating_point"),
    _asked("is_complex"),
    _asked("is_signed"),
    _asked("numel", lambda torch, input: torch.numel(input)),
    _asked("nelement", lambda torch, input: input.nelement()),
    _asked("ndimension", lambda torch, input: input.ndimension()),
    _asked("element_size", lambda torch, input: input.element_size()),
    Record(
        "is_nonzero",
        (s(half), s(np.array(0))),
        gradients=(),
        errors=(wrong(ValueError, "is_nonzero(): one element is needed, not shape (2, 3)", few),),
    ),
    Record("is_same_size", (s(few, few), s(few, mask)), gradients=()),
    Record(
        "stride",
        (s(few), s(few, -2)),
        gradients=(),
        oracle=None,  # it depends on the layout, which is drawn
        errors=(wrong(IndexError, "stride(): dim 2 is out of range for a tensor of shape (2, 3)", few, 2),),
    ),
)
