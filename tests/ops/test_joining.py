"""Pieces of a tensor: what the records do not say."""

import numpy as np
import pytest

import chainrule as cr

x = np.arange(24.0).reshape(4, 3, 2)
CUTS = {"split": lambda x: x.split([1, 0, 3]), "chunk": lambda x: x.chunk(2, 1), "unbind": lambda x: x.unbind(-1)}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_pieces_are_views(cut) -> None:
    tensor = cr.Tensor(x.copy())
    for piece in cut(tensor):
        piece.array[...] = -1
    assert (tensor.array == -1).all()
    (first,) = cr.Tensor(x[0, 0, :1].copy()).unbind()
    assert first.shape == ()
    assert not first.array.flags.owndata


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_what_is_not_used_has_no_gradient(cut) -> None:
    tensor = cr.Tensor(x, requires_grad=True)
    cut(tensor)[-1].sum().backward()
    counted = cut(cr.Tensor(np.arange(24).reshape(x.shape)))
    expected = np.isin(np.arange(24), counted[-1].array).reshape(x.shape)
    np.testing.assert_array_equal(tensor.grad.array, expected.astype(float))


def test_all_pieces_hand_their_gradients_to_one_node() -> None:
    tensor = cr.Tensor(np.zeros(100), requires_grad=True)
    (parent,) = {node for piece in tensor.unbind() for node in piece.node.parents}
    assert parent.parents[0] is tensor.node


@pytest.mark.parametrize("index", [[2, 0, 1], [0, 2, 0], [-1, 2], [1], []])
def test_the_gradient_of_rows_counts_how_often_each_was_taken(index: list[int]) -> None:
    x = cr.zeros(3, 2, requires_grad=True)
    x[cr.tensor(index, dtype=np.int64)].sum().backward()
    assert x.grad is not None
    times = [sum(i % 3 == row for i in index) for row in range(3)]
    assert x.grad.tolist() == [[n, n] for n in times]


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_joined_pieces_lie_where_they_belong_however_the_pieces_lie(dim) -> None:
    draw = np.random.default_rng(0)
    a, b = draw.standard_normal((70, 300, 5)), draw.standard_normal((5, 300, 70)).T
    tensors = [cr.Tensor(p.astype(np.float32), requires_grad=True) for p in (a, b)]
    for joined, wanted in (
        (cr.cat(tensors, dim), np.concatenate([t.array for t in tensors], dim)),
        (cr.stack(tensors, dim), np.stack([t.array for t in tensors], dim)),
    ):
        np.testing.assert_array_equal(joined.array, wanted)


def test_rows_by_number_add_up_in_the_gradient() -> None:
    x = cr.Tensor(np.arange(12, dtype=np.float32).reshape(4, 3), requires_grad=True)
    y = x[cr.tensor([2, 0, 2])]
    np.testing.assert_array_equal(y.array, x.array[[2, 0, 2]])
    y.backward(cr.Tensor(np.arange(9, dtype=np.float32).reshape(3, 3)))
    np.testing.assert_array_equal(x.grad.array, [[3, 4, 5], [0, 0, 0], [6, 8, 10], [0, 0, 0]])
    np.testing.assert_array_equal(x[cr.tensor([-1, 0])].array, x.array[[-1, 0]])
    with pytest.raises(IndexError, match="4"):
        x[cr.tensor([4])]


def test_what_the_kernels_leave_to_the_reference() -> None:
    wide = cr.Tensor(np.broadcast_to(np.zeros((1, 4), np.float32), (1 << 42, 4)))
    assert wide[cr.tensor([0, 1])].shape == (2, 4)
    half, far = cr.Tensor(np.zeros(2, np.float16)), cr.tensor([100000, 0])
    assert cr.cat([half, far]).array[2] == np.inf
    with pytest.raises(TypeError, match="dim must be a whole number"):
        cr.cat([half, half], cr.tensor([0, 1]))
    assert [len(piece) for piece in cr.chunk(cr.zeros(7), cr.tensor(3))] == [3, 3, 1]
    np.testing.assert_array_equal(cr.nn.functional.one_hot(cr.Tensor(np.array([0, 1], ">i8")), 2).array, np.eye(2))
    swapped = cr.Tensor(np.ones((300, 400), ">f4"), requires_grad=True)
    swapped[298:].sum().backward()
    assert swapped.grad.array.sum() == 800


INDICES = [
    -1, 3, (), np.s_[2:], np.s_[:-1], np.s_[5:2], np.s_[1::2],
    np.s_[-2:, 1], np.s_[1, -2], np.s_[..., 0], np.s_[0, None],
]  # fmt: skip


@pytest.mark.parametrize("index", INDICES, ids=str)
@pytest.mark.parametrize(("shape", "dtype"), [((300, 400), np.float32), ((8, 100, 10, 12), np.float64)])
def test_around_what_was_taken_of_many_elements_the_gradient_is_zero(shape, dtype, index) -> None:
    expected = np.zeros(shape, dtype)
    dy = np.random.default_rng(0).standard_normal(np.shape(expected[index])).astype(dtype)
    expected[index] = dy
    x = cr.ones(*shape, dtype=dtype, requires_grad=True)
    y = x[index]
    y.backward(cr.Tensor(dy), retain_graph=True)
    np.testing.assert_array_equal(x.grad.numpy(), expected)
    y.backward(cr.Tensor(dy))
    np.testing.assert_array_equal(x.grad.numpy(), 2 * expected)


@pytest.mark.parametrize(
    ("shape", "widths"),
    [
        ((100000,), (5, 70000)),
        ((3, 200, 300), (0, 0, 0, 0, 2, 1)),
        ((2, 3, 4), (0, 0, 2, 1, 1, 0)),
        ((4, 3), (0, 0)),
        ((0, 3), (0, 0, 2, 2)),
    ],
)
def test_borders_around_first_axes(shape, widths) -> None:
    x = np.random.default_rng(0).standard_normal(shape, np.float32)
    pairs = [*zip(widths[::2], widths[1::2], strict=True)] + [(0, 0)] * (len(shape) - len(widths) // 2)
    found = cr.nn.functional.pad(cr.Tensor(x), widths, value=1.5).numpy()
    np.testing.assert_array_equal(found, np.pad(x, pairs[::-1], constant_values=1.5))
