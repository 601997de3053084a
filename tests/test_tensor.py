"""Tensors: dtypes, memory, indexing, in-place rules, conversion."""

import re
import subprocess
import sys

import numpy as np
import pytest

import chainrule as cr

DTYPES = ("bool", "uint8", "int8", "int32", "int64", "float32", "float64")


# ---------------------------------------------------------------------------------------------- dtypes


def test_dtypes_of_python_data() -> None:
    assert cr.tensor(1.5).dtype == cr.float32
    assert cr.tensor([1, 2]).dtype == cr.int64
    assert cr.tensor([True, False]).dtype == cr.bool
    assert cr.tensor([1, 2.5]).dtype == cr.float32
    assert cr.tensor(np.array([1.5])).dtype == cr.float64
    assert cr.tensor([cr.tensor(1.0), cr.tensor(2.0)]).tolist() == [1, 2]
    with pytest.raises(TypeError, match="numbers and truth values are needed"):
        cr.tensor(["a"])


def test_default_dtype() -> None:
    cr.set_default_dtype(cr.float64)
    assert cr.tensor(1.5).dtype == cr.zeros(2).dtype == cr.rand(2).dtype == (cr.arange(3) / 2).dtype == cr.float64
    with pytest.raises(TypeError, match="only float32 and float64"):
        cr.set_default_dtype(cr.int64)


@pytest.mark.parametrize("operation", ["add", "mul", "div"])
def test_common_dtype_is_that_of_pytorch(operation: str) -> None:
    torch = pytest.importorskip("torch")
    for one in DTYPES:
        for other in DTYPES:
            for first, second in (((2,), (2,)), ((), (2,)), ((2,), ()), ((), ())):
                a, b = np.ones(first, one), np.ones(second, other)
                ours = getattr(cr, operation)(cr.tensor(a), cr.tensor(b)).dtype
                theirs = getattr(torch, operation)(torch.tensor(a), torch.tensor(b)).dtype
                assert f"torch.{ours.name}" == str(theirs), (one, first, other, second)


@pytest.mark.parametrize("number", [True, 2, 2.5])
def test_a_number_only_lifts_the_kind(number: float) -> None:
    torch = pytest.importorskip("torch")
    for dtype in DTYPES:
        for shape in ((2,), ()):
            a = np.ones(shape, dtype)
            for f in (lambda x: x * number, lambda x: number + x, lambda x: x / number):
                assert f"torch.{f(cr.tensor(a)).dtype.name}" == str(f(torch.tensor(a)).dtype), (dtype, shape, number)


def test_numpy_numbers_count_as_numbers() -> None:
    x = cr.ones(2)
    for number in (np.float64(2), np.float32(2), np.int64(2)):
        assert (x * number).dtype == (number - x).dtype == (x**number).dtype == cr.float32


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "sin", "sigmoid", "tanh", "reciprocal", "rsqrt"])
def test_functions_of_real_numbers_turn_integers_into_floats(name: str) -> None:
    for dtype in ("bool", "int32", "int64"):
        assert getattr(cr, name)(cr.tensor(np.ones(2, dtype))).dtype == cr.float32


def test_bounds_and_branches_count_for_the_common_dtype() -> None:
    whole, halves, wide = cr.tensor([1, 2]), cr.tensor([0.5, 1.5]), cr.tensor(np.array([0.5, 1.5]))
    assert cr.clamp(whole, min=0.5).dtype == cr.clamp(whole, max=halves).dtype == cr.float32
    assert cr.clamp(halves, wide).dtype == cr.clamp(halves, max=wide).dtype == cr.float64
    assert cr.clamp(halves, cr.tensor(np.array(1.0))).dtype == cr.clamp(halves, 1).dtype == cr.float32
    assert cr.clamp(whole, 2).tolist() == [2, 2]
    assert cr.where(whole > 1, whole, 0.5).tolist() == [0.5, 2]
    assert cr.where(whole > 1, halves, wide).dtype == cr.float64


def test_sums_of_integers_are_int64() -> None:
    for dtype in ("bool", "uint8", "int32"):
        x = cr.tensor(np.ones(2, dtype))
        assert x.sum().dtype == x.prod().dtype == cr.int64


def test_conversions() -> None:
    x = cr.tensor([1.7, 0.0])
    assert (x.long().tolist(), x.bool().tolist(), x.double().dtype) == ([1, 0], [True, False], cr.float64)
    assert x.to(cr.float32) is x
    assert x.to("cpu") is x
    assert x.to(x.double()).dtype == cr.float64


# ---------------------------------------------------------------------------------------------- memory


def test_numpy_and_dlpack_share_memory_in_both_directions() -> None:
    a = np.arange(6.0).reshape(2, 3)
    x = cr.from_numpy(a)
    out = (x.numpy(), np.asarray(x), np.from_dlpack(x), cr.from_dlpack(a).numpy(), cr.as_tensor(a).numpy())
    assert all(np.shares_memory(a, b) for b in out)
    assert not np.shares_memory(a, cr.tensor(a).array)
    a[0, 0] = 7
    assert x[0, 0].item() == 7


def test_dlpack_with_pytorch_shares_memory() -> None:
    torch = pytest.importorskip("torch")
    x = cr.arange(6.0).reshape(2, 3)
    t = torch.from_dlpack(x)
    t[0, 0] = 9
    assert x[0, 0].item() == 9
    back = cr.from_dlpack(torch.arange(4.0))
    source = torch.zeros(3)
    y = cr.from_dlpack(source)
    source[1] = 5
    assert (y.tolist(), back.tolist()) == ([0, 5, 0], [0, 1, 2, 3])


def test_what_does_not_speak_dlpack_is_refused() -> None:
    with pytest.raises(TypeError, match="int does not speak DLPack"):
        cr.from_dlpack(3)


def test_numpy_of_a_tracked_tensor_is_refused() -> None:
    x = cr.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"use x\.detach\(\)\.numpy\(\)"):
        x.numpy()
    assert np.shares_memory(x.detach().numpy(), x.array)


def test_views_share_memory_and_copies_do_not() -> None:
    x = cr.arange(24.0).reshape(2, 3, 4)
    views = (
        x[0],
        x[:, 1:],
        x.transpose(0, 2),
        x.permute(2, 0, 1),
        x.unsqueeze(0),
        x.view(6, 4),
        x.flatten(),
        x.chunk(2)[1],
    )
    assert all(np.shares_memory(x.array, view.array) for view in views)
    assert not any(
        np.shares_memory(x.array, y.array) for y in (x.clone(), x[[0, 1]], x + 0, x.transpose(0, 1).flatten())
    )


def test_results_keep_the_order_of_memory() -> None:
    x = cr.from_numpy(np.ones((2, 3, 4, 5), np.float32)).permute(3, 0, 1, 2)
    for y in (x + 1, x * x, x.relu(), x.exp(), cr.where(x > 0, x, 0.0), x.clone()):
        assert y.array.strides == x.array.strides


# ---------------------------------------------------------------------------------------------- indexing


def test_indexing_by_tensors_masks_and_negative_numbers() -> None:
    a = np.arange(12.0).reshape(3, 4)
    x = cr.from_numpy(a)
    assert x[-1, -2].item() == 10
    assert x[cr.tensor([2, 0])].tolist() == a[[2, 0]].tolist()
    assert x[x > 5].tolist() == a[a > 5].tolist()
    assert x[cr.tensor(1), cr.tensor([0, 0, 3])].tolist() == [4, 4, 7]
    assert [row.tolist() for row in x] == a.tolist()
    assert len(x) == 3


def test_assignment_by_index() -> None:
    x = cr.zeros(3, 2)
    x[0] = 1.0
    x[cr.tensor([False, True, False])] = cr.tensor([5.0, 6.0])
    assert x.tolist() == [[1, 1], [5, 6], [0, 0]]
    tracked = cr.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="a leaf that requires a gradient"):
        tracked[0] = 1.0


def test_assigned_values_get_their_gradients() -> None:
    w = cr.tensor([2.0, 3.0], requires_grad=True)
    squares = (w * w).exp()
    kept = squares.detach().tolist()
    x = cr.zeros(3, 2)
    for i in range(3):
        x[i] = w * i
    squares[0] = 0.0  # exp holds its value: the tape keeps the old one
    (x.sum() + squares.sum()).backward()
    np.testing.assert_allclose(w.grad.array, [3, 3 + 6 * kept[1]], rtol=1e-6)
    assert x.tolist() == [[0, 0], [2, 3], [4, 6]]


def test_a_view_of_what_is_in_use_takes_no_recorded_value() -> None:
    x, w = cr.zeros(3, 2), cr.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="would change the memory of another tensor, of which this one is a view"):
        x[0][1] = w[0]
    y = (w * 2).reshape(2, 1)  # a view, but of nothing that anyone can see
    y.masked_fill_(cr.tensor([[True], [False]]), 0.0)
    y.sum().backward()
    assert w.grad.tolist() == [0, 2]


def test_repeated_indices_accumulate_their_gradients() -> None:
    x = cr.zeros(3, requires_grad=True)
    x[cr.tensor([0, 2, 2, 2])].sum().backward()
    assert x.grad.tolist() == [1, 0, 3]


# ---------------------------------------------------------------------------------------------- in place


def test_leaves_change_in_place_under_no_grad_only() -> None:
    x = cr.ones(2, requires_grad=True)
    array = x.array
    for update in (lambda: x.add_(1), lambda: x.zero_(), lambda: x.copy_(cr.ones(2)), lambda: x.uniform_()):
        with pytest.raises(RuntimeError, match=r"a leaf that requires a gradient in place.*\n.*no_grad\(\)"):
            update()
    with cr.no_grad():
        x.sub_(cr.tensor([0.5, 0.25]), alpha=2)
        x *= 2
    assert x.array is array
    assert x.tolist() == [0, 1]
    assert x.requires_grad
    (x * x).sum().backward()
    assert x.grad.tolist() == [0, 2]


def test_augmented_assignment() -> None:
    plain = cr.ones(2)
    memory = plain.array
    plain += 1
    assert plain.array is memory
    leaf = cr.ones(2, requires_grad=True)
    plain += leaf  # becomes a recorded value: the old memory stays as it is
    assert memory.tolist() == [2, 2]
    plain *= 3
    plain.sum().backward()
    assert leaf.grad.tolist() == [3, 3]
    with pytest.raises(RuntimeError, match="would change a leaf that requires a gradient in place"):
        leaf += 1


def test_augmented_assignment_does_not_touch_what_the_tape_has_saved() -> None:
    x = cr.tensor([2.0], requires_grad=True)
    y = x * 1
    z = y * y
    y += 5
    z.sum().backward()
    assert x.grad.tolist() == [4]


def test_recorded_values_change_in_place_with_their_gradient() -> None:
    x = cr.tensor([-1.0, 2.0], requires_grad=True)
    y = x * 3
    z = y.exp()
    y.mul_(2).relu_()
    y += 1
    (y + z).sum().backward()
    assert y.tolist() == [1, 13]
    np.testing.assert_allclose(x.grad.array, [3 * np.exp(-3), 6 + 3 * np.exp(6)], rtol=1e-6)


def test_a_plain_tensor_takes_a_recorded_value() -> None:
    x, y = cr.ones(2, requires_grad=True), cr.zeros(2)
    y.add_(x, alpha=3)
    y.copy_(y * x)
    y.sum().backward()
    assert x.grad.tolist() == [6, 6]


def test_a_part_of_a_tensor_is_not_changed_behind_the_tape() -> None:
    whole = cr.ones(2, 2, requires_grad=True) * 2
    with pytest.raises(RuntimeError, match=r"mul_\(\) would change the memory of another tensor"):
        whole[0].mul_(3)


def test_what_is_changed_in_place_keeps_shape_and_dtype() -> None:
    for change, kind, text in (
        (
            lambda: cr.ones(2).add_(cr.ones(2, 2)),
            ValueError,
            "add_(): the result has shape (2, 2), it does not fit",
        ),
        (
            lambda: cr.tensor([1]).div_(2),
            TypeError,
            "div_(): the result is of float32, it does not fit into x of int64",
        ),
        (lambda: cr.ones(1).expand(3).zero_(), ValueError, "x of shape (3,) is read-only or expanded"),
        (lambda: cr.ones(2).copy_(cr.ones(3)), ValueError, "copy_(): shape (3,) does not fit into x of shape (2,)"),
        (lambda: cr.ones(2).fill_(cr.ones(2)), ValueError, "fill_(): one value is needed, not a tensor of shape (2,)"),
    ):
        with pytest.raises(kind, match=re.escape(text)):
            change()


# ---------------------------------------------------------------------------------------------- Python's operators


def test_operators_from_both_sides() -> None:
    x = cr.tensor([1.0, 2.0, 4.0])
    assert (2 - x).tolist() == [1, 0, -2]
    assert (2 / x).tolist() == [2, 1, 0.5]
    assert (x // 2).tolist() == [0, 1, 2]
    assert (-5 // x).tolist() == [-5, -3, -2]
    assert (x % 3).tolist() == [1, 2, 1]
    assert (-5 % x).tolist() == [0, 1, 3]
    assert (2**x).tolist() == [2, 4, 16]
    assert (-x).tolist() == [-1, -2, -4]
    assert abs(-x).tolist() == x.tolist()
    assert (x @ x).item() == 21
    assert (~(x > 1)).tolist() == [True, False, False]
    assert (x == 2).tolist() == [False, True, False]
    assert (x != None) is True  # noqa: E711


def test_a_tensor_is_a_key_by_identity() -> None:
    x, y = cr.ones(1), cr.ones(1)
    assert {x: 1, y: 2}[y] == 2


def test_single_elements() -> None:
    x = cr.tensor(2.5)
    assert (x.item(), float(x), int(x), bool(x), f"{x:.2f}") == (2.5, 2.5, 2, True, "2.50")
    assert [10, 20, 30][cr.tensor(1)] == 20
    for wrong, text in ((lambda: cr.ones(2).item(), "one element"), (lambda: bool(cr.ones(2)), "is ambiguous")):
        with pytest.raises(RuntimeError, match=text):
            wrong()
    with pytest.raises(TypeError, match="without dimensions"):
        len(x)


def test_a_single_element_is_a_view() -> None:
    x = cr.zeros(3)
    x[0].fill_(5)
    x.select(0, 1).add_(2)
    for element in x:
        element.mul_(2)
    assert x.tolist() == [10, 4, 0]
    matrix = cr.zeros(2, 2)
    matrix[1, 0].fill_(3)
    assert matrix.tolist() == [[0, 0], [3, 0]]
    leaf = cr.zeros(2, requires_grad=True)
    with cr.no_grad():
        leaf[1].fill_(7)
    assert leaf.tolist() == [0, 7]


def test_on_the_tape_a_single_element_is_written_back() -> None:
    w = cr.tensor([2.0, 3.0], requires_grad=True)
    y = w * 1
    y[0] += 2 * w[1]
    y.sum().backward()
    assert (y.tolist(), w.grad.tolist()) == ([8, 3], [1, 3])
    with pytest.raises(RuntimeError, match="behind the tape"):
        y[0].add_(w[1])


def test_an_element_takes_a_vector_of_one() -> None:
    w = cr.tensor([2.0], requires_grad=True)
    y = cr.zeros(3)
    y[1] = 3 * w
    y.sum().backward()
    assert (y.tolist(), w.grad.tolist()) == ([0, 6, 0], [3])


def test_why_a_value_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot convert float NaN to integer"):
        cr.tensor([1, 2])[0] = float("nan")
    with pytest.raises(ValueError, match="read-only or expanded; clone"):
        cr.ones(3).expand(2, 3)[0] = 1
    with pytest.raises(ValueError, match=r"a value of shape \(3,\) does not fit the shape \(2,\)"):
        cr.zeros(4)[:2] = cr.ones(3)


def test_only_arrays_of_numbers_become_tensors() -> None:
    for wrong in ([1.0, 2.0], 2):
        with pytest.raises(TypeError, match=r"an array is needed, not (list|int); tensor\(\[1., 2.\]\)"):
            cr.Tensor(wrong)
    for wrong in (np.array(["a"]), np.array([1, None], dtype=object), np.ones(2, complex)):
        with pytest.raises(TypeError, match="there are no tensors of"):
            cr.as_tensor(wrong)
    assert cr.tensor(np.array([1, 2], ">i4")).dtype == cr.as_tensor(np.array([1, 2], ">i4")).dtype == cr.int32


def test_a_frozen_leaf_keeps_its_gradient_and_its_place() -> None:
    w = cr.tensor([2.0, 3.0], requires_grad=True)
    seen = []
    w.register_hook(lambda dy: seen.append(dy.tolist()))
    y = (w * w).sum()
    w.requires_grad_(False)
    assert not (w * 2).requires_grad
    w.requires_grad_(True)
    y.backward()
    w.requires_grad_(False)
    assert w.grad.tolist() == [4, 6]
    w.grad = None
    w.requires_grad_(True)
    assert w.grad is None
    (w * w).sum().backward()
    assert seen == [[4, 6], [4, 6]]


def test_the_diagonal_of_a_matrix_is_a_copy() -> None:
    matrix = cr.tensor([[4.0, 1.0], [2.0, 5.0]])
    diagonal = matrix.diag()
    matrix.fill_diagonal_(0)
    diagonal += 1
    assert diagonal.tolist() == [5, 6]


def test_a_number_is_formatted_as_one() -> None:
    x = cr.tensor(1.5, requires_grad=True)
    assert (f"{x}", f"{x * 2}", f"{x:.2f}", f"{cr.ones(1):.1f}") == ("1.5", "3.0", "1.50", "1.0")
    assert f"{cr.ones(1)}" == "tensor([1.])"


def test_printing() -> None:
    assert repr(cr.tensor([1.0, 2.5])) == "tensor([1.0000, 2.5000])"
    assert repr(cr.tensor(np.zeros((0, 3), np.float32))) == "tensor([], size=(0, 3))"
    assert repr(cr.tensor([1, 2])) == "tensor([1, 2])"
    assert repr(cr.tensor(np.ones(1))) == "tensor([1.], dtype=float64)"
    x = cr.ones(1, requires_grad=True)
    assert repr(x) == "tensor([1.], requires_grad=True)"
    assert repr(x * 2) == "tensor([2.], grad_fn=<mul>)"


@pytest.mark.parametrize("array", [
    np.array([1, -20]), np.array([[True, False]]), np.zeros(0), np.float64(2.5), np.array([1e-5, 1]), np.float64(0),
    np.array([np.nan, 1, -2]), np.array([np.nan, 1.5, -np.inf]), np.array([1e6, 1]), np.array([0.1234567, 100]),
    np.random.default_rng(0).standard_normal((3, 2, 20)), np.arange(50), np.array([np.inf, np.nan]), np.array(True),
])  # fmt: skip
def test_prints_as_pytorch(array: np.ndarray) -> None:
    torch = pytest.importorskip("torch")
    array = np.asarray(array).astype(np.float32) if np.asarray(array).dtype.kind == "f" else np.asarray(array)
    assert repr(cr.from_numpy(array)) == repr(torch.from_numpy(array))


def test_of_many_the_first_and_the_last_are_printed() -> None:
    text = repr(cr.arange(2000.0))
    assert text == "tensor([0.0000e+00, 1.0000e+00, 2.0000e+00, ..., 1.9970e+03, 1.9980e+03,\n        1.9990e+03])"


def test_requires_grad_is_for_floating_point_leaves() -> None:
    with pytest.raises(RuntimeError, match="only floating-point tensors can require a gradient"):
        cr.tensor([1], requires_grad=True)
    y = cr.ones(1, requires_grad=True) * 2
    with pytest.raises(RuntimeError, match="only a leaf"):
        y.requires_grad = False
    with pytest.raises(RuntimeError, match=r"a gradient of shape \(3,\) does not fit a tensor of shape \(1,\)"):
        y.grad = cr.ones(3)


# ---------------------------------------------------------------------------------------------- the package


def test_import_loads_numpy_and_nothing_else() -> None:
    code = "import sys, chainrule; print(sorted({m.partition('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    heavy = ("matplotlib", "rich", "tyro", "jinja2", "safetensors", "scipy", "torch", "importlib_metadata", "asyncio")
    assert "'numpy'" in loaded
    assert [name for name in heavy if f"'{name}'" in loaded] == []


def test_parts_are_loaded_when_first_used() -> None:
    assert cr.nn.__name__ == "chainrule.nn"
    assert cr.optim.__name__ == "chainrule.optim"
    assert cr.__version__
    with pytest.raises(AttributeError, match="module 'chainrule' has no attribute 'xpu'"):
        cr.xpu  # noqa: B018
