"""What every operator promises, tested from its record: see `records`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from harness import Call, is_floating, primitive_calls, pulled
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.autograd import PRIMITIVES
from chainrule.check import gradcheck
from chainrule.conformance.compare import EXACT, compare, cotangent, equal, gradients, laid_out, listed, run, values
from chainrule.conformance.examples import differs, draw_and_compare
from chainrule.conformance.operators import RECORDS, Record, Sample
from chainrule.native import Unsupported, core

# reached from compiled functions alone: tests/test_compiling.py
JOINED = {"dense.dense", "stages.stages", "recurrent_embedded.embedded_layer"}
# They make tensors, and take none.
MAKERS = {
    "bernoulli", "generator", "get_rng_state", "manual_seed", "multinomial", "normal_", "rand", "rand_like", "randint",
    "randn", "randn_like", "randperm", "set_rng_state", "uniform_",
}  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore:.* is broadcast against input")  # what PyTorch warns of, too
every_dtype = pytest.mark.parametrize("dtype", EXACT)
needs_native = pytest.mark.skipif(core is None, reason="the native kernels are not built")


def records(chosen: Any = lambda record: True) -> Any:
    found = {name: record for name, record in RECORDS.items() if chosen(record)}
    return pytest.mark.parametrize("record", found.values(), ids=found.keys())


# ---------------------------------------------------------------------------------------------- nothing is left out


def test_every_public_operator_has_a_record() -> None:
    methods = {name for name, f in vars(cr.Tensor).items() if getattr(f, "__module__", "").startswith("chainrule.ops")}
    assert (set(cr.ops.__all__) | methods) - MAKERS - set(RECORDS) == set()


def test_every_primitive_is_reached_by_a_record() -> None:
    reached = {id(op) for record in RECORDS.values() for op, _ in primitive_calls(record, "float64")}
    ours = {name: op for name, op in PRIMITIVES.items() if op.reference.__module__.startswith("chainrule.")}
    assert [name for name, op in ours.items() if id(op) not in reached and name not in JOINED] == []


@needs_native
@every_dtype
def test_every_override_runs_on_some_sample(dtype: str) -> None:
    ran = {id(op) for record in RECORDS.values() for op, args in primitive_calls(record, dtype) if _native(op, args)}
    assert [name for name, op in PRIMITIVES.items() if op.override and id(op) not in ran and name not in JOINED] == []


# ---------------------------------------------------------------------------------------------- native tier


def _native(op: Any, args: tuple[Any, ...]) -> Any:
    """What the override returns, or None where it declines."""
    try:
        return op.override(*args) if op.override else None
    except Unsupported:
        return None


def _dys(y: np.ndarray) -> list[np.ndarray]:
    """Cotangents in the layouts that come up: of the value itself, by rows, one number spread out, not aligned.

    The one number is small where long sums of it may cancel, which leaves nothing but rounding errors to compare.
    """
    dy = cotangent(y.shape, y.dtype)
    spread = np.asarray(0.5 if y.size < 1000 else 2**-10, y.dtype)
    odd = np.empty((*y.shape, 3), y.dtype)[..., 1]
    odd[...] = dy
    like = np.empty_like(y)
    like[...] = dy
    return [like, dy, np.broadcast_to(spread, y.shape), odd]


def _real(outputs: Any) -> list[np.ndarray]:
    """The outputs that a cotangent is for."""
    return [y for y in map(np.asarray, listed(outputs)) if is_floating(y)]


@needs_native
@records()
@every_dtype
def test_native_equals_reference(record: Record, dtype: str) -> None:
    for op, args in primitive_calls(record, dtype, record.samples + record.large):
        native = _native(op, args)
        if native is None:
            continue
        with np.errstate(all="ignore"):
            y, pullback = op.reference(*args)
            for actual, expected in zip(listed(native[0]), listed(y), strict=True):
                equal(actual, expected, dtype, (op.__name__, args))
            for dy in zip(*[_dys(y) for y in _real(native[0])], strict=True):
                both = zip(pulled(op, native[1], dy, args), pulled(op, pullback, dy, args), strict=True)
                for i, (actual, expected) in enumerate(both):
                    equal(actual, expected, dtype, f"cotangent {i} of {op.__name__}")


@needs_native
@records(lambda record: record.large)
@every_dtype
def test_the_number_of_threads_does_not_change_a_bit(record: Record, dtype: str) -> None:
    def bits(sample: Sample, threads: int) -> list[bytes]:
        cr.set_num_threads(threads)
        outputs, leaves = run(record, sample, dtype)
        return [a.tobytes() for a in values(outputs) + gradients(outputs, leaves)]

    for sample in record.large:
        assert bits(sample, 1) == bits(sample, 2), sample


# ---------------------------------------------------------------------------------------------- gradients


@records(lambda record: record.gradients)
def test_gradient_is_that_of_central_differences(record: Record) -> None:
    checked = [sample for sample in record.samples if not sample.kink and _has_elements(record, sample)]
    for sample in checked:

        def f(*leaves: cr.Tensor, sample: Sample = sample) -> cr.Tensor:
            given = iter(leaves)

            def tensor(array: np.ndarray, wanted: bool) -> cr.Tensor:
                return next(given) if wanted and is_floating(array) else cr.Tensor(array)

            call = record.converted(sample, tensor)
            outputs = record.function(*call.args, **call.kwargs)
            parts = [y.reshape(-1) for y in (outputs if isinstance(outputs, tuple) else [outputs]) if y.requires_grad]
            return cr.cat(parts)

        report = gradcheck(f, _leaves(record, sample))
        assert report, f"{record.name}{sample}\n{report}"
    assert checked


def _leaves(record: Record, sample: Sample) -> list[np.ndarray]:
    found: list[np.ndarray] = []
    record.converted(sample, lambda a, wanted: found.append(a) if wanted and is_floating(a) else None)
    return found


def _has_elements(record: Record, sample: Sample) -> bool:
    return all(a.size for a in _leaves(record, sample))


def _both_tiers(call: Call) -> list[tuple[Any, Any]]:
    op, args = call
    with np.errstate(all="ignore"):
        found = [op.reference(*args)]
    native = _native(*call) if core is not None else None
    return found if native is None else [*found, native]


@records(lambda record: record.gradients)
@every_dtype
def test_pullback_is_linear_and_changes_nothing(record: Record, dtype: str) -> None:
    for op, args in primitive_calls(record, dtype, [sample for sample in record.samples if not sample.kink]):
        for outputs, pullback in _both_tiers((op, args)):
            ys = _real(outputs)
            if not ys:
                continue
            a, b = (tuple(cotangent(y.shape, y.dtype, seed) for y in ys) for seed in (1, 2))
            mixed = tuple(np.asarray(2 * p - q) for p, q in zip(a, b, strict=True))
            held = [x for x in (*a, *b, *ys, *args) if isinstance(x, np.ndarray)]
            before = [x.copy() for x in held]
            with np.errstate(all="ignore"):
                parts = [pulled(op, pullback, dy, args) for dy in (mixed, a, b)]
            for x, was in zip(held, before, strict=True):
                assert x.tobytes() == was.tobytes(), f"{op.__name__} changes its arguments, its value or dy"
                expected = [2 * da - db for da, db in zip(*parts[1:], strict=True)]
            for actual, wanted in zip(parts[0], expected, strict=True):
                equal(actual, wanted, dtype, op.__name__)


@records(lambda record: record.gradients)
def test_cotangents_can_be_computed_one_by_one(record: Record) -> None:
    for op, args in primitive_calls(record, "float64"):
        for y, pullback in _both_tiers((op, args)):
            if not isinstance(pullback, tuple) and not isinstance(y, tuple):  # of several outputs they may come at once
                with np.errstate(all="ignore"):
                    assert not isinstance(pullback(cotangent(np.shape(y), "float64")), tuple), op.__name__


@records(lambda record: record.gradients)
def test_gradients_lie_in_memory_of_their_own(record: Record) -> None:
    for sample in record.samples:
        outputs, leaves = run(record, sample)
        for y in outputs:
            if isinstance(y, cr.Tensor) and y.requires_grad:
                y.backward(cr.Tensor(np.ones_like(y.array)), retain_graph=True)
        grads = [x.grad.array for x in leaves if x.grad is not None]
        others = [x.array for x in leaves] + values(outputs)
        for i, g in enumerate(grads):
            assert type(g) is np.ndarray, sample
            assert g.flags.writeable, sample
            assert not any(np.may_share_memory(g, other) for other in [*grads[:i], *others]), sample


# ---------------------------------------------------------------------------------------------- PyTorch as the oracle


@records(lambda record: record.oracle is not None)
@every_dtype
def test_same_as_pytorch(record: Record, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    for sample in record.samples:
        compare(torch, record, sample, dtype)


@records(lambda record: record.oracle is not None)
@given(data=st.data())
def test_drawn_calls_are_pytorchs(record: Record, data: Any) -> None:
    draw_and_compare(data, pytest.importorskip("torch"), record)


@records(lambda record: record.differs)
def test_known_differences_are_there(record: Record) -> None:
    torch = pytest.importorskip("torch")
    for difference in record.differs:
        assert difference.example is None or differs(torch, record, difference.example), difference.what


# ---------------------------------------------------------------------------------------------- any shape, any layout


@records(lambda record: record.draws is not None)
@given(data=st.data())
def test_any_shape_and_memory_layout(record: Record, data: Any) -> None:
    sample, dtype = data.draw(record.draws), data.draw(st.sampled_from(tuple(EXACT)))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    plain, strided = run(record, sample, dtype), run(record, sample, dtype, lambda array: laid_out(array, rng))
    for actual, expected in zip(values(strided[0]), values(plain[0]), strict=True):
        equal(actual, expected, dtype, sample)
    for actual, expected in zip(gradients(*strided), gradients(*plain), strict=True):
        equal(actual, expected, dtype, sample)


# ---------------------------------------------------------------------------------------------- mistakes

MISTAKES = [(record, error) for record in RECORDS.values() for error in record.errors]


@pytest.mark.parametrize(("record", "error"), MISTAKES, ids=[f"{r.name}-{e.text[:40]}" for r, e in MISTAKES])
def test_mistakes_are_told_in_words(record: Record, error: Any) -> None:
    with pytest.raises(error.kind) as caught:
        run(record, error.sample)
    assert error.text in str(caught.value)
