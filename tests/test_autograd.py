"""The tape: what `chainrule.autograd` promises."""

import copy
import pickle
import threading
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.autograd import PRIMITIVES, primitive


def leaf(*values: float) -> cr.Tensor:
    return cr.tensor(np.array(values, dtype=np.float64), requires_grad=True)


def double(x: np.ndarray) -> tuple:
    return 2 * x, lambda dy: 2 * dy


# ---------------------------------------------------------------------------------------------- the chain rule


def test_backward_fills_grad_of_leaves_only() -> None:
    x, y = leaf(1, 2, 3), leaf(4, 5, 6)
    product = x * y
    product.sum().backward()
    assert x.grad.tolist() == [4, 5, 6]
    assert y.grad.tolist() == [1, 2, 3]
    assert product.grad is None


def test_copies_are_nodes_of_their_own() -> None:
    x = leaf(1, 2, 3)
    x.node.number += 10**6  # as one from a process that made more nodes
    y, z = copy.deepcopy(x), pickle.loads(pickle.dumps(x))  # noqa: S301 (our own)
    product, twin = x * y, x * x
    (gradient,) = cr.autograd.grad(((z * 3) * (z * 2) + product).sum(), [z])
    assert gradient.tolist() == [12, 24, 36]
    (x * y * z + twin + copy.deepcopy(twin)).sum().backward()
    assert (y.grad.tolist(), z.grad.tolist()) == ([1, 4, 9], [1, 4, 9])
    encoder = cr.nn.TransformerEncoder(cr.nn.TransformerEncoderLayer(8, 2, 16), 2)  # of copies of one layer
    encoder(cr.ones(2, 3, 8)).sum().backward()
    assert all(p.grad is not None for p in encoder.parameters())


def test_grad_adds_up_until_it_is_cleared() -> None:
    x = leaf(3)
    for expected in (2, 4, 6):
        (2 * x).sum().backward()
        assert x.grad.tolist() == [expected]
    x.grad = None
    (2 * x).sum().backward()
    assert x.grad.tolist() == [2]


def test_diamond_and_repeated_use() -> None:
    x = leaf(2)
    a = x * x  # 4
    b = a * x  # 8, by a and by x
    (a * b + a).backward(cr.tensor([1.0]))  # x⁵ + x²
    assert x.grad.tolist() == [5 * 16 + 2 * 2]


def test_every_path_arrives_before_a_node_is_left() -> None:
    x = leaf(1.01)
    y = x
    for _ in range(50):
        y = y * x + x.detach() * y
    y.backward()
    expected = np.float64(0)
    value = 1.01
    derivative = np.float64(1)
    for _ in range(50):  # y' = y·x + 1.01·y
        derivative, value = derivative * 2 * 1.01 + value, value * 2 * 1.01
    expected = derivative
    np.testing.assert_allclose(x.grad.numpy(), [expected], rtol=1e-12)


def test_chain_of_100_000_operators() -> None:
    x = leaf(1)
    y = x
    for _ in range(100_000):
        y = y + 1
    y.backward()
    assert x.grad.tolist() == [1]


def test_a_long_chain_can_be_dropped_without_a_walk() -> None:
    y = leaf(1)
    for _ in range(100_000):
        y = y.neg()
    del y


def test_broadcast_gradients_have_the_shape_of_their_leaf() -> None:
    x, row, number = (cr.randn(*shape, requires_grad=True) for shape in ((2, 3), (1, 3), ()))
    (x * row + number).sum().backward()
    assert [t.grad.shape for t in (x, row, number)] == [(2, 3), (1, 3), ()]
    np.testing.assert_allclose(row.grad.numpy(), x.detach().numpy().sum(0, keepdims=True), rtol=1e-6)
    assert number.grad.item() == 6


def test_gradient_has_the_dtype_of_its_leaf() -> None:
    x, y = cr.ones(2, requires_grad=True), cr.ones(2, dtype=cr.float64, requires_grad=True)
    (x * y).sum().backward()
    assert (x.grad.dtype, y.grad.dtype) == (cr.float32, cr.float64)


def test_gradients_of_two_leaves_never_share_memory() -> None:
    x, y, z = leaf(1, 2), leaf(3, 4), leaf(5, 6)
    dy = cr.ones(2, dtype=cr.float64)
    (x + y + z.reshape(2)).backward(dy)
    arrays = [x.grad.array, y.grad.array, z.grad.array, dy.array]
    assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])
    x.grad.mul_(10)
    assert y.grad.tolist() == [1, 1]


def test_grad_of_a_single_number_can_be_changed_in_place() -> None:
    x = cr.tensor(2.0, requires_grad=True)
    (x * x * x).backward()
    assert type(x.grad.array) is np.ndarray
    x.grad.mul_(2)
    assert x.grad.item() == 24


def test_grad_of_a_sum_can_be_changed_in_place() -> None:
    x, y = leaf(1, 2), leaf(3, 4)
    (x.sum() + y.mean()).backward()
    x.grad.mul_(3)
    y.grad.add_(1)
    assert (x.grad.tolist(), y.grad.tolist()) == ([3, 3], [1.5, 1.5])


def test_division_by_zero_is_silent_both_ways() -> None:
    x = leaf(0, 1)
    (1 / x + cr.sqrt(x) + cr.log(x)).sum().backward()
    assert np.isnan(x.grad.array[0]) or np.isinf(x.grad.array[0])


# ---------------------------------------------------------------------------------------------- life of the graph


def test_graph_is_freed_after_backward() -> None:
    x = leaf(1)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match=r"second time through the same graph.*\n.*retain_graph=True"):
        y.backward()


def test_freed_parts_are_found_from_another_result() -> None:
    x = leaf(1)
    shared = x * x
    shared.sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        (shared * 2).sum().backward()


def test_retain_graph_allows_a_second_walk() -> None:
    x = leaf(3)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [12]


@pytest.mark.parametrize("layer", [cr.nn.LayerNorm(6), cr.nn.BatchNorm1d(6), cr.nn.RNNCell(6, 4)], ids=repr)
def test_a_second_walk_takes_the_cotangent_as_it_is_then(layer: cr.nn.Module) -> None:
    y = layer(cr.randn(5, 6))
    dy, leaves = cr.randn(*y.shape), list(layer.parameters())
    first = cr.autograd.grad(y, leaves, dy, retain_graph=True)
    assert first[0].numpy().any()
    dy.mul_(2)
    for once, again in zip(first, cr.autograd.grad(y, leaves, dy), strict=True):
        np.testing.assert_allclose(again.numpy(), 2 * once.numpy(), rtol=1e-4, atol=1e-6)


def test_retain_grad_keeps_that_of_an_intermediate_value() -> None:
    x = leaf(3)
    y = x * x
    y.retain_grad()
    (y * 2).sum().backward()
    assert (y.grad.tolist(), x.grad.tolist()) == ([2], [12])
    assert not np.shares_memory(y.grad.array, x.grad.array)


def test_backward_needs_a_number_or_a_gradient_of_the_right_shape() -> None:
    x = leaf(1, 2)
    with pytest.raises(RuntimeError, match=r"starts from a single number, this tensor has shape \(2,\)"):
        (x * 2).backward()
    with pytest.raises(RuntimeError, match=r"the gradient has shape \(3,\), the tensor \(2,\)"):
        (x * 2).backward(cr.ones(3))
    with pytest.raises(RuntimeError, match="does not require a gradient and was not computed from one that does"):
        cr.ones(1).backward()


# ---------------------------------------------------------------------------------------------- on and off the tape


def test_no_grad_and_enable_grad() -> None:
    x = leaf(1)
    with cr.no_grad():
        assert not cr.is_grad_enabled()
        assert not (x * 2).requires_grad
        with cr.enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
    assert cr.is_grad_enabled()
    assert (x * 2).requires_grad


def test_no_grad_as_a_decorator_and_after_an_error() -> None:
    x = leaf(1)

    @cr.no_grad()
    def f() -> cr.Tensor:
        return x * 2

    assert not f().requires_grad
    with pytest.raises(ValueError, match="boom"), cr.no_grad():
        raise ValueError("boom")
    assert cr.is_grad_enabled()


def test_no_grad_holds_for_its_own_thread_only() -> None:
    inside, done = threading.Event(), threading.Event()
    seen = []

    def other() -> None:
        inside.wait(5)
        seen.append(cr.is_grad_enabled())
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with cr.no_grad():
        inside.set()
        done.wait(5)
    thread.join()
    assert seen == [True]


def test_threads_walk_their_own_graphs() -> None:
    leaves = [cr.tensor(np.full(1000, float(i)), requires_grad=True) for i in range(4)]

    def work(x: cr.Tensor) -> None:
        for _ in range(50):
            (x * x).sum().backward()

    threads = [threading.Thread(target=work, args=(x,)) for x in leaves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, x in enumerate(leaves):
        np.testing.assert_array_equal(x.grad.numpy(), np.full(1000, 50 * 2.0 * i))


def test_detach_shares_memory_and_stops_the_gradient() -> None:
    x = leaf(1, 2)
    y = x.detach()
    assert not y.requires_grad
    assert np.shares_memory(x.array, y.array)
    (x * y).sum().backward()
    assert x.grad.tolist() == [1, 2]


def test_nothing_is_recorded_where_nothing_requires_a_gradient() -> None:
    assert (cr.ones(2) * 2).node is None
    assert leaf(1).argmax().node is None
    assert (leaf(1) > 0).node is None
    assert leaf(1).long().node is None


# ---------------------------------------------------------------------------------------------- grad and vjp


def test_grad_returns_gradients_and_touches_none() -> None:
    x, y = leaf(2), leaf(3)
    z = x * x * y
    gx, gy = cr.grad(z, (x, y))
    assert (gx.tolist(), gy.tolist()) == ([12], [4])
    assert (x.grad, y.grad) == (None, None)


def test_grad_with_respect_to_an_intermediate_value() -> None:
    x = leaf(2)
    y = x * x
    assert cr.grad(y * 3, y)[0].tolist() == [3]


def test_grad_of_several_outputs_and_their_cotangents() -> None:
    x = leaf(2, 3)
    (g,) = cr.grad([x * 2, (x * x).sum()], x, [cr.tensor([1.0, 10.0]), None])
    assert g.tolist() == [2 + 4, 20 + 6]


def test_grad_tells_of_unused_inputs() -> None:
    x, y = leaf(1), leaf(1)
    with pytest.raises(RuntimeError, match=r"no output depends on the inputs \[1\]; allow_unused=True"):
        cr.grad(x * 2, (x, y))
    assert cr.grad(x * 2, (x, y), allow_unused=True)[1] is None


def test_vjp_gives_the_value_and_a_pullback_to_be_called_again() -> None:
    x, w = cr.tensor([1.0, 2.0]), cr.tensor([3.0, 4.0])
    y, pullback = cr.vjp(lambda x, w: x * w, x, w)
    assert (y.tolist(), y.requires_grad) == ([3, 8], False)
    for scale in (1.0, 10.0):
        dx, dw = pullback(cr.tensor([scale, 0.0]))
        assert (dx.tolist(), dw.tolist()) == ([3 * scale, 0], [scale, 0])
    assert x.grad is None


def test_vjp_of_what_does_not_depend_on_its_input_is_zero() -> None:
    _, pullback = cr.vjp(lambda x, y: y * 2, cr.ones(2), cr.ones(2))
    assert [g.tolist() for g in pullback(cr.ones(2))] == [[0, 0], [2, 2]]
    _, pullback = cr.vjp(lambda x: cr.ones(3), cr.ones(2))
    assert pullback(cr.ones(3))[0].tolist() == [0, 0]


# ---------------------------------------------------------------------------------------------- primitives


def test_a_cotangent_that_nobody_wants_is_not_computed() -> None:
    def never(dy: np.ndarray) -> np.ndarray:
        raise AssertionError("computed for nobody")

    first = primitive(lambda x, y: (x * y, (lambda dy: dy * y, never)))
    x = leaf(2)
    first(x, cr.tensor([3.0])).sum().backward()
    assert x.grad.tolist() == [3]


def test_arguments_by_keyword_are_put_in_their_places() -> None:
    @primitive
    def scaled(x: np.ndarray, factor: float = 2.0, shift: float = 0.0) -> tuple:
        return x * factor + shift, lambda dy: dy * factor

    x = leaf(1)
    assert scaled(input=x).tolist() == [2]
    assert scaled(x, shift=1.0).tolist() == [3]
    assert scaled(x=x, shift=1.0, factor=3.0).tolist() == [4]
    scaled(input=x, factor=5.0).sum().backward()
    assert x.grad.tolist() == [5]
    with pytest.raises(
        TypeError, match=r"scaled\(\): unknown or doubled argument 'power'; it takes \(x, factor, shift\)"
    ):
        scaled(x, power=2)
    with pytest.raises(TypeError, match=r"scaled\(\): the argument 'x' is missing"):
        scaled(factor=2)


def test_a_pullback_of_the_wrong_shape_is_named() -> None:
    broken = primitive(lambda x: (x * 2, lambda dy: dy[:1]))
    with pytest.raises(RuntimeError, match=r"returned shape \(1,\) for an argument of shape \(3,\)"):
        broken(leaf(1, 2, 3)).sum().backward()


@pytest.mark.parametrize("pullback", [lambda dy: (dy, None), lambda dy: dy, (lambda dy: dy,)])
def test_a_pullback_without_a_cotangent_is_named(pullback: Any) -> None:
    broken = primitive(lambda x, y: (x + y, pullback))
    with pytest.raises(RuntimeError, match="gave no cotangent for an argument that requires one"):
        broken(leaf(1), leaf(2)).sum().backward()


def test_a_primitive_takes_arrays_numbers_and_tensors() -> None:
    x = leaf(1, 2)
    assert (x + np.array([1.0, 1.0])).tolist() == [2, 3]
    assert (np.array([1.0, 1.0]) + x).tolist() == [2, 3]
    assert isinstance(np.array([1.0, 1.0]) * x, cr.Tensor)
    assert primitive(double)(3.0).item() == 6


# ---------------------------------------------------------------------------------------------- several outputs


def _both() -> Any:
    calls: list[str] = []

    @primitive
    def sum_and_product(x: Any, other: Any) -> Any:
        def dx(ds: Any, dp: Any) -> Any:
            calls.append("x")
            return ds + dp * other

        def dother(ds: Any, dp: Any) -> Any:
            calls.append("other")
            return ds + dp * x

        return (x + other, x * other, np.argsort(x)), (dx, dother)

    del PRIMITIVES["test_autograd.sum_and_product"]
    return sum_and_product, calls


def test_an_operator_of_several_outputs_pulls_their_cotangents_back_at_once() -> None:
    f, calls = _both()
    a, b = cr.tensor([1.0, 2.0], requires_grad=True), cr.tensor([3.0, 4.0], requires_grad=True)
    s, p, order = f(a, b)
    assert not order.requires_grad
    (s * 10 + p).sum().backward(retain_graph=True)
    assert a.grad.tolist() == [13, 14]
    assert b.grad.tolist() == [11, 12]
    assert sorted(calls) == ["other", "x"]
    (s * 10 + p).sum().backward()
    assert a.grad.tolist() == [26, 28]


def test_an_output_that_is_not_used_counts_as_zero_and_an_argument_without_gradient_is_left_out() -> None:
    f, calls = _both()
    a, b = cr.tensor([1.0, 2.0], requires_grad=True), cr.tensor([3.0, 4.0])
    _, p, _ = f(a, b)
    p.sum().backward()
    assert a.grad.tolist() == [3, 4]
    assert calls == ["x"]
    with pytest.raises(RuntimeError, match="freed"):
        p.sum().backward()


def test_several_outputs_without_a_tape() -> None:
    f, _ = _both()
    assert all(y.node is None for y in f(cr.ones(2), cr.ones(2)))


# ---------------------------------------------------------------------------------------------- switching recording


def test_set_grad_enabled_for_what_follows_and_for_a_block() -> None:
    x = cr.ones(2, requires_grad=True)
    with cr.set_grad_enabled(False):
        assert not (x * 2).requires_grad
        with cr.set_grad_enabled(True):
            assert (x * 2).requires_grad
    assert (x * 2).requires_grad
    cr.set_grad_enabled(False)
    try:
        assert not (x * 2).requires_grad
    finally:
        cr.set_grad_enabled(True)


def test_modes_above_functions() -> None:
    x = cr.ones(2, requires_grad=True)

    @cr.set_grad_enabled(False)
    def doubled(x: cr.Tensor) -> cr.Tensor:
        return x * 2

    @cr.inference_mode()
    def tripled(x: cr.Tensor) -> cr.Tensor:
        return x * 3

    assert (x * 2).requires_grad
    assert not doubled(x).requires_grad
    assert not tripled(x).requires_grad
    with cr.inference_mode():
        assert not (x * 2).requires_grad
    with cr.inference_mode(False):
        assert (x * 2).requires_grad


def test_pieces_are_walked_back_from_one_after_another() -> None:
    x = cr.ones(4, 3, requires_grad=True)
    for pieces in (x.split(2), x.chunk(2), x.unbind(0), x.tensor_split(2)):
        x.grad = None
        for i, piece in enumerate(pieces):
            (piece * (i + 1)).sum().backward()
        assert x.grad is not None
        np.testing.assert_array_equal(x.grad.numpy()[[0, -1], 0], [1, len(pieces)])


def test_the_graph_behind_pieces_is_freed() -> None:
    x = cr.ones(4, 3, requires_grad=True)
    a, b = (x * x).split(2)
    a.sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        b.sum().backward()


def test_gradients_of_values_in_between_leave_the_rest_of_the_graph() -> None:
    x = cr.ones(2, requires_grad=True)
    h = x.exp()
    a, b = (h * h).sum(), h.sum()
    (dh,) = cr.grad(a, h)
    b.backward()
    np.testing.assert_allclose(dh.numpy(), 2 * h.detach().numpy())
    np.testing.assert_allclose(x.grad.numpy(), h.detach().numpy())
    (again,) = cr.grad((h * h).sum(), h)  # what lies behind h is freed by now, and not needed
    np.testing.assert_array_equal(again.numpy(), dh.numpy())


def test_modes_above_generators_and_without_parentheses() -> None:
    w = cr.ones(2, requires_grad=True)

    @cr.no_grad()
    def steps() -> Any:
        sent = yield w * 1
        yield sent
        return w * 2

    found = steps()
    first = next(found)
    assert cr.is_grad_enabled()
    assert (first.requires_grad, found.send("sent")) == (False, "sent")
    with pytest.raises(StopIteration) as end:
        next(found)
    assert not end.value.value.requires_grad

    @cr.no_grad
    def double(x: Any) -> Any:
        return x * 2

    with cr.no_grad():
        recorded = cr.enable_grad(lambda x: x * 2)(w)
    assert (double(w).requires_grad, recorded.requires_grad) == (False, True)
    assert not cr.inference_mode(double)(w).requires_grad
    with pytest.raises(TypeError):
        cr.no_grad(5)


def test_what_is_thrown_into_a_generator_in_a_mode_reaches_it() -> None:
    seen = []

    @cr.no_grad()
    def steps() -> Any:
        try:
            yield 1
        except ValueError:
            seen.append(cr.is_grad_enabled())
        try:
            yield 2
        finally:
            seen.append(cr.is_grad_enabled())

    found = steps()
    assert (next(found), found.throw(ValueError())) == (1, 2)
    found.close()
    assert seen == [False, False]
