"""compile: the same numbers as operator by operator, whatever is done to what waits in between."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn
from chainrule.autograd import PRIMITIVES
from chainrule.deferring import Deferred
from chainrule.native import core
from chainrule.nn import functional as F
from chainrule.ops.stages import Stage

needs_native = pytest.mark.skipif(core is None, reason="the reference tier joins nothing")

NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "LeNet": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(6, 16, 5), nn.MaxPool2d(2), nn.ReLU(),
            nn.Flatten(), nn.Linear(256, 10),
        ),
        (37, 1, 28, 28),
    ),
    "activation before pooling": (
        lambda: nn.Sequential(nn.Conv2d(2, 5, 3, padding=1), nn.Sigmoid(), nn.MaxPool2d(2), nn.Tanh()), (5, 2, 9, 11)
    ),
    "no pooling, holes, no bias": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 4, 2, dilation=2, padding=(1, 2), bias=False), nn.Tanh(), nn.Conv2d(4, 3, 1)
        ),
        (17, 3, 6, 7),
    ),
    "in tiles": (
        lambda: nn.Sequential(nn.Conv2d(16, 20, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(20, 17, 3), nn.MaxPool2d(2)),
        (21, 16, 11, 10),
    ),
    "in tiles, odd padding": (
        lambda: nn.Sequential(nn.Conv2d(16, 16, 3, padding=(2, 1)), nn.MaxPool2d(2), nn.ReLU()), (8, 16, 7, 8)
    ),
    "dense": (
        lambda: nn.Sequential(
            nn.Linear(70, 33), nn.ReLU(), nn.Linear(33, 40, bias=False), nn.Sigmoid(), nn.Linear(40, 7),
            nn.Linear(7, 3), nn.Tanh(),
        ),
        (29, 70),
    ),
    "what does not join": (
        lambda: nn.Sequential(
            nn.Conv2d(2, 4, 3, stride=2), nn.MaxPool2d(2, 1), nn.Conv2d(4, 4, 3, groups=2, padding=1), nn.ReLU(),
            nn.GELU(), nn.Conv2d(4, 4, 1, padding=1), nn.MaxPool2d(3), nn.ReLU(inplace=True),
        ),
        (6, 2, 19, 18),
    ),
}  # fmt: skip


def run(f: Callable[[Any], Any], x: np.ndarray, parameters: list[Any], wants: bool = True) -> list[np.ndarray]:
    """The value, and the gradients of a weighted sum of it: of x, where wanted, and of the parameters."""
    for p in parameters:
        p.grad = None
    leaf = cr.tensor(x, requires_grad=wants)
    y = f(leaf)
    (y * cr.from_numpy(np.cos(np.arange(y.numel())).reshape(y.shape).astype(x.dtype))).sum().backward()
    assert type(y) is cr.Tensor
    return [y.detach().numpy(), *([leaf.grad.numpy()] if wants else []), *(p.grad.numpy() for p in parameters)]


def made(name: str, dtype: Any = np.float32) -> tuple[nn.Module, np.ndarray]:
    make, shape = NETWORKS[name]
    cr.manual_seed(1)
    return make().to(cr.float64 if dtype == np.float64 else cr.float32), np.random.default_rng(0).standard_normal(
        shape
    ).astype(dtype)


@pytest.mark.parametrize("wants", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NETWORKS)
def test_compiled_as_operator_by_operator(name: str, dtype: Any, wants: bool) -> None:
    model, x = made(name, dtype)
    parameters = list(model.parameters())
    eager, compiled = run(model, x, parameters, wants), run(cr.compile(model), x, parameters, wants)
    rtol = 1e-5 if dtype == np.float32 else 1e-13
    for a, b in zip(eager, compiled, strict=True):
        np.testing.assert_allclose(b, a, rtol=rtol, atol=rtol * max(1, np.abs(a).max()))
    if name != "LeNet":  # there the last layer's input lies in memory in another way, and is summed up in another order
        np.testing.assert_array_equal(eager[0], compiled[0])


@needs_native
def test_joined_are_those_that_the_names_promise() -> None:
    for name, expected in {
        "LeNet": {"stages": 1, "flatten": 1, "linear": 1},
        "activation before pooling": {"stages": 1, "tanh": 1},
        "in tiles": {"stages": 2},
        "in tiles, odd padding": {"stages": 1, "relu": 1},
        "dense": {"dense": 1},
    }.items():
        model, x = made(name)
        with cr.profile(quiet=True) as profile, cr.no_grad():
            cr.compile(model)(cr.from_numpy(x))
        assert {row.name: row.calls for row in profile.rows} == expected, name


@needs_native
@pytest.mark.parametrize(
    "name", ["LeNet", "activation before pooling", "no pooling, holes, no bias", "in tiles", "dense"]
)
def test_the_profile_counts_the_same_products(name: str) -> None:
    model, x = made(name)
    leaf = cr.tensor(x, requires_grad=True)
    counts = []
    for f in (model, cr.compile(model)):
        with cr.profile(quiet=True) as profile:
            f(leaf).sum().backward()
        counts.append(
            [sum(row.flops or 0 for row in profile.rows if (row.way == "forward") == forward) for forward in (1, 0)]
        )
    assert counts[0] == counts[1]
    assert counts[0][0] > 0


@needs_native
def test_threads_change_no_bit() -> None:
    for name in NETWORKS:
        model, x = made(name)
        found = []
        for threads in (1, 2, 3):
            cr.set_num_threads(threads)
            found.append(run(cr.compile(model), x, list(model.parameters())))
        for other in found[1:]:
            for a, b in zip(found[0], other, strict=True):
                np.testing.assert_array_equal(a, b)


def test_lanes_without_an_image_count_nowhere() -> None:
    """Infinity in one image stays in its own value, whatever the number of images in its block."""
    model, x = made("LeNet")
    x[3] = np.inf
    y = cr.compile(model)(cr.from_numpy(x)).detach().numpy()
    assert np.isfinite(y).all(1).tolist() == [n != 3 for n in range(len(x))]


def test_nan_wins_and_ties_go_to_the_first() -> None:
    w = cr.ones(1, 1, 1, 1, requires_grad=True)
    for pixels in ([[1, np.nan], [3, 2]], [[0, 0], [0, 0]], [[-1, 5], [5, 5]]):
        x = np.array(pixels, np.float32)[None, None]

        def f(x: Any) -> Any:
            return F.max_pool2d(F.conv2d(x, w), 2)

        for a, b in zip(run(f, x, [w]), run(cr.compile(f), x, [w]), strict=True):
            np.testing.assert_array_equal(a, b)


# ---------------------------------------------------------------------------------------------- reference


JOINED: dict[str, tuple[Any, list[tuple[int, ...]]]] = {
    "stages.stages": (
        (Stage((1, 0), (1, 2), 2, 1), Stage((0, 0), (1, 1), 1, 3)),
        [(5, 2, 9, 12), (3, 2, 3, 2), (3,), (4, 3, 2, 2), (4,)],
    ),
    "dense.dense": ((2, 0, 1), [(9, 50), (20, 50), (20,), (17, 20), (17,), (40, 17), (40,)]),
}  # fmt: skip


@needs_native
@pytest.mark.parametrize("name", JOINED)
def test_one_kernel_as_its_parts(name: str) -> None:
    """The primitive's reference is the composition of the references of its operators."""
    rng = np.random.default_rng(2)
    settings, shapes = JOINED[name]
    x, *weights = (rng.standard_normal(shape) for shape in shapes)
    operator = PRIMITIVES[name]
    (y, pull), (z, push) = (f(x, True, settings, *weights) for f in (operator.reference, operator.override))  # type: ignore[misc]
    np.testing.assert_allclose(z, y, rtol=1e-12, atol=1e-12)
    dy = rng.standard_normal(y.shape)
    for a, b in zip(pull(dy), push(dy), strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(b, a, rtol=1e-11, atol=1e-11)


@needs_native
@pytest.mark.parametrize("name", JOINED)
def test_kernels_refuse_what_does_not_fit(name: str) -> None:
    """Whatever the arrays are, nothing outside of them is read."""
    settings, shapes = JOINED[name]
    arrays = [np.ones(shape) for shape in shapes]
    kernel, back = (getattr(core, name.partition(".")[2] + end) for end in ("", "_grad"))
    wrong = [
        (arrays[0], settings, tuple(arrays[2:])),
        (arrays[0], settings[:1], tuple(arrays[1:])),
        (arrays[0], (), ()),
        (arrays[0], (9, 9, 9), tuple(arrays[1:])),
        (arrays[0][:, :1], settings, tuple(arrays[1:])),
        (arrays[0].astype(np.float32), settings, tuple(arrays[1:])),
        (arrays[0].astype(int), settings, tuple(arrays[1:])),
        (None, settings, tuple(arrays[1:])),
        (arrays[0], settings, tuple(a[:1] for a in arrays[1:])),
    ]
    for arguments in wrong:
        with pytest.raises((TypeError, IndexError)):
            kernel(*arguments)
    if name == "stages.stages":
        y, *kept = kernel(arrays[0], settings, tuple(arrays[1:]))
        for given in (
            (y[:2], y, *kept),
            (y, y[:, :1], *kept),
            (y, y, kept[0][:, :5], kept[1]),
            (y, y, kept[0], kept[1][:0]),
        ):
            with pytest.raises(TypeError):
                back(arrays[0], settings, tuple(arrays[1:]), *given, True)
    else:
        values = kernel(arrays[0], settings, tuple(arrays[1:]))
        for known, dy in ((values[:2], values[-1]), (values, values[0]), ([v[:3] for v in values], values[-1])):
            with pytest.raises(TypeError):
                back(arrays[0], settings, tuple(arrays[1:]), known, dy, True)


# ---------------------------------------------------------------------------------------------- above an embedding

LOOKS = ["never", "before", "after", "in the gradient's way"]


def above_an_embedding(
    kind: str, dtype: Any = np.float64, padding_idx: int | None = None, **settings: Any
) -> tuple[Any, Any, Any]:
    """Of seven words, looked up 36 times."""
    cr.manual_seed(5)
    words = cr.from_numpy(np.random.default_rng(0).integers(0, 7, (9, 4)))
    return words, nn.Embedding(7, 64, padding_idx, dtype=dtype), getattr(nn, kind)(64, 6, dtype=dtype, **settings)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_recurrent_layers_take_the_table(kind: str, bidirectional: bool, look: str) -> None:
    """Whenever somebody looks at the vectors in between, their values and gradients are those without compile."""
    settings = {"num_layers": 2, "bidirectional": bidirectional, "padding_idx": 3 if bidirectional else None}
    words, embedding, layer = above_an_embedding(kind, **settings)
    parameters = [*embedding.parameters(), *layer.parameters()]

    def found(compiled: Callable[..., Any]) -> list[np.ndarray]:
        kept: list[Any] = []

        def f(words: Any) -> Any:
            x = embedding(words)
            if look == "before":
                x.retain_grad()
            y, state = layer(x)
            if look != "never":
                kept.append(x)
            if look == "after":
                x.retain_grad()
            last = state[0] if kind == "LSTM" else state
            return (y * y).sum() + last.sum() + ((x * x).sum() if look == "in the gradient's way" else 0)

        for p in parameters:
            p.grad = None
        loss = compiled(f)(words)
        loss.backward()
        seen = [x.grad.numpy() for x in kept if x.grad is not None] + [x.detach().numpy() for x in kept]
        assert len(seen) == {"never": 0, "in the gradient's way": 1}.get(look, 2)
        return [loss.detach().numpy(), *(p.grad.numpy() for p in parameters), *seen]

    for a, b in zip(found(lambda f: f), found(cr.compile), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-11, atol=1e-12)


@needs_native
def test_rows_are_multiplied_where_they_occur_often() -> None:
    words, embedding, layer = above_an_embedding("LSTM")
    for shown, table, expected in (
        (words, embedding, {"embedded_layer"}),
        (words, nn.Embedding(7, 64, padding_idx=0, dtype=np.float64), {"embedded_layer"}),
        (words[:1], embedding, {"embedding", "lstm_layer"}),
        (cr.arange(36).reshape(9, 4), nn.Embedding(40, 64, dtype=np.float64), {"embedding", "lstm_layer"}),
        (
            words,
            nn.Sequential(nn.Embedding(7, 40, dtype=np.float64), nn.Linear(40, 64, dtype=np.float64)),
            {"embedding", "linear", "lstm_layer"},
        ),
        (words, nn.Embedding(7, 64, scale_grad_by_freq=True, dtype=np.float64), {"embedding", "lstm_layer"}),
    ):

        @cr.compile
        def f(words: Any, table: Any = table) -> Any:
            return layer(table(words))[0]

        with cr.profile(quiet=True) as profile:
            f(shown)
        assert {row.name for row in profile.rows} - {"stack"} == expected


@needs_native
def test_a_frozen_table_and_no_grad() -> None:
    words, embedding, layer = above_an_embedding("GRU")
    embedding.weight.requires_grad_(False)
    model = nn.Sequential(embedding, layer)
    compiled = cr.compile(model)
    grads = []
    for f in (model, compiled):
        layer.weight_ih_l0.grad = None
        f(words)[0].sum().backward()
        grads.append(layer.weight_ih_l0.grad.numpy())
    np.testing.assert_allclose(grads[1], grads[0], rtol=1e-12)
    assert embedding.weight.grad is None
    with cr.no_grad():
        y = compiled(words)[0]
    assert not y.requires_grad
    np.testing.assert_array_equal(y.numpy(), model(words)[0].detach().numpy())


@needs_native
def test_who_looks_after_a_walk_back_is_in_the_next() -> None:
    words, embedding, layer = above_an_embedding("LSTM")
    kept: list[Any] = []

    def f(words: Any) -> Any:
        kept.append(embedding(words))
        return layer(kept[-1])[0].sum()

    loss = cr.compile(f)(words)  # at its end x is computed, for it is held
    loss.backward(retain_graph=True)
    first = embedding.weight.grad.numpy().copy()
    kept[0].retain_grad()
    loss.backward()
    np.testing.assert_allclose(embedding.weight.grad.numpy(), 2 * first, rtol=1e-12)
    assert kept[0].grad is not None


@needs_native
def test_rows_that_are_not_looked_up_count_nowhere() -> None:
    words, embedding, layer = above_an_embedding("LSTM")
    words[words == 6] = 5
    with cr.no_grad():
        embedding.weight[6] = float("nan")
    cr.compile(nn.Sequential(embedding, layer))(words)[0].sum().backward()
    assert np.isfinite(layer.weight_ih_l0.grad.numpy()).all()
    assert np.isfinite(embedding.weight.grad.numpy()).all()


WRITES: dict[str, Callable[[Any, Any], Any]] = {
    "a row": lambda words, table: table.__setitem__(0, 100.0),
    "the numbers": lambda words, table: words.__setitem__(0, 3),
    "all": lambda words, table: table.mul_(3),
    "a greatest norm": lambda words, table: F.embedding(words, table, max_norm=0.5),
    "a state_dict": lambda words, table: nn.Embedding(7, 64, _weight=table).load_state_dict({"weight": table * 2}),
}


@pytest.mark.parametrize("when", ["between the two", "before the way back"])
@pytest.mark.parametrize("what", WRITES)
def test_what_is_written_later_is_not_seen(what: str, when: str) -> None:
    found = []
    for compiled in (lambda f: f, cr.compile):
        words, embedding, layer = above_an_embedding("LSTM")

        def write(words: Any = words, embedding: Any = embedding) -> None:
            with cr.no_grad():
                WRITES[what](words, embedding.weight)

        def f(x: Any, embedding: Any = embedding, layer: Any = layer, write: Any = write) -> Any:
            x = embedding(x)
            if when == "between the two":
                write()
            return layer(x)[0].sum()

        loss = compiled(f)(words)
        if when == "before the way back":
            write()
        loss.backward()
        found.append([loss.detach().numpy(), layer.weight_ih_l0.grad.numpy()])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-11, atol=1e-12)


@needs_native
def test_an_error_of_ones_own_stays_what_it_is() -> None:
    """Another one, of what still waits then, does not take its place."""
    layer = nn.Linear(3, 2)

    @cr.compile
    def f(x: Any) -> Any:
        y = layer(x)
        raise ValueError(f"of my own: {type(y).__name__}")

    with cr.autograd.detect_anomaly(), pytest.raises(ValueError, match="of my own") as caught:
        f(cr.full((2, 3), float("nan")))
    assert caught.value.__context__ is None


@needs_native
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_the_table_multiplied_as_its_parts(kind: str) -> None:
    """The reference is that of the layer, on what the reference of the embedding looks up."""
    words, embedding, layer = above_an_embedding(kind)
    operator, part = (
        PRIMITIVES[f"recurrent_{name}"] for name in ("embedded.embedded_layer", f"{kind.lower()}.{kind.lower()}_layer")
    )
    state = [np.random.default_rng(i).standard_normal((4, 6)) for i in range(1 + (kind == "LSTM"))]
    last = (False,) if kind == "RNN" else ()
    arguments = (
        None, embedding.weight.array, np.arange(7), words.array, 2, part, "tanh" if kind == "RNN" else kind.lower(),
        *state, *(p.array for p in layer.parameters()), None, True, *last,
    )  # fmt: skip
    (new, pull), (mine, pulls) = operator.reference(*arguments), operator.override(*arguments)  # type: ignore[misc]
    dnew = [np.cos(a) for a in new]
    cotangents = pull(*dnew)
    for a, b in zip(new, mine, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-13)
    for a, g in zip(cotangents, pulls, strict=True):
        if a is not None:
            np.testing.assert_allclose(g(*dnew), a, rtol=1e-11, atol=1e-12)


# ---------------------------------------------------------------------------------------------- what waits


@pytest.fixture
def parts() -> tuple[Any, Any, np.ndarray]:
    cr.manual_seed(3)
    conv = nn.Conv2d(1, 4, 3)
    return conv, conv.weight, np.random.default_rng(1).standard_normal((3, 1, 8, 8)).astype(np.float32)


@needs_native
def test_a_value_waits_for_the_next_operator_and_no_longer(parts: Any) -> None:
    conv, _, x = parts

    @cr.compile
    def f(x: Any) -> Any:
        a = conv(x)
        assert type(a) is Deferred
        assert (a.shape, a.ndim, a.dtype) == ((3, 4, 6, 6), 4, cr.float32)
        b = F.max_pool2d(a, 2)
        assert type(b) is type(a) is Deferred  # joined, not computed
        assert b.shape == (3, 4, 3, 3)
        c = b + 1
        assert type(c) is type(b) is cr.Tensor
        return c

    f(cr.from_numpy(x))
    assert type(conv(cr.from_numpy(x))) is cr.Tensor  # outside nothing waits


def test_what_somebody_holds_is_a_value_of_its_own(parts: Any) -> None:
    """A hook on it, its gradient and its other uses see what they would without compile."""
    conv, weight, x = parts

    def found(compiled: Callable[..., Any]) -> list[np.ndarray]:
        seen: list[np.ndarray] = []
        kept: list[Any] = []

        def f(x: Any) -> Any:
            a = conv(x)
            b = F.relu(F.max_pool2d(a, 2))
            a.register_hook(lambda dy: seen.append(dy.numpy()))  # after it was joined
            a.retain_grad()
            kept.append(a)
            return b.sum() + (a * a).sum()

        return [*run(compiled(f), x, [weight, conv.bias]), *seen, kept[0].grad.numpy()]

    expected = found(lambda f: f)
    assert len(expected) == 6
    np.testing.assert_array_equal(expected[4], expected[5])
    for a, b in zip(expected, found(cr.compile), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-5)


def test_writing_in_place_waits_for_those_who_wait(parts: Any) -> None:
    conv, weight, x = parts
    before = conv(cr.from_numpy(x)).detach().numpy()
    optimizer = cr.optim.SGD([weight], lr=1.0)
    weight.grad = cr.ones_like(weight)

    def changed(change: Callable[[], Any]) -> np.ndarray:
        start = weight.detach().clone()

        @cr.compile
        def f(x: Any) -> Any:
            a = conv(x)
            with cr.no_grad():
                change()
            return a

        y: np.ndarray = f(cr.from_numpy(x)).detach().numpy()
        with cr.no_grad():
            weight.copy_(start)
        return y

    np.testing.assert_array_equal(changed(lambda: weight.zero_()), before)
    np.testing.assert_array_equal(changed(lambda: weight.mul_(2)), before)
    np.testing.assert_array_equal(changed(lambda: nn.init.ones_(weight)), before)
    np.testing.assert_array_equal(changed(optimizer.step), before)
    other = cr.zeros_like(weight)
    np.testing.assert_array_equal(changed(lambda: setattr(weight, "data", other)), before)


def test_gradients_are_recorded_as_where_the_operator_was_called(parts: Any) -> None:
    conv, _, x = parts

    @cr.compile
    def f(x: Any) -> Any:
        with cr.no_grad():
            a = conv(x)
        b = F.relu(a)  # outside again: of what has no history
        c = conv(x)
        with cr.no_grad():
            c.sum()  # computed here, recorded all the same
        return b, c

    b, c = f(cr.from_numpy(x))
    assert (b.requires_grad, c.requires_grad) == (False, True)


def test_whatever_comes_out_was_computed(parts: Any) -> None:
    conv, weight, x = parts
    a, b, c = cr.compile(lambda x: (conv(x), (y := conv(x)), F.relu(y)))(cr.from_numpy(x))
    with cr.no_grad():
        weight.zero_()
    assert [type(y) for y in (a, b, c)] == [cr.Tensor] * 3
    assert np.abs(b.detach().numpy()).max() > 0
    np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())
    np.testing.assert_array_equal(c.detach().numpy(), np.maximum(b.detach().numpy(), 0))


def test_a_copy_is_of_what_was_computed(parts: Any) -> None:
    conv, _, x = parts
    a, b, c = cr.compile(lambda x: (y := conv(x), copy.copy(y), copy.deepcopy(conv(x).detach())))(cr.from_numpy(x))
    assert [type(y) for y in (a, b, c)] == [cr.Tensor] * 3
    for y in (b, c):
        np.testing.assert_array_equal(y.detach().numpy(), a.detach().numpy())


def test_threads_do_not_wait_for_each_other(parts: Any) -> None:
    """Only those inside of a compiled function wait."""
    conv, _, x = parts
    inside, seen = threading.Event(), threading.Event()
    found: list[type] = []

    def other() -> None:
        inside.wait(10)
        found.append(type(conv(cr.from_numpy(x))))
        seen.set()

    thread = threading.Thread(target=other)
    thread.start()

    @cr.compile
    def f(x: Any) -> Any:
        a = conv(x)
        inside.set()
        assert seen.wait(10)
        return F.relu(a)

    y = f(cr.from_numpy(x))
    thread.join()
    assert found == [cr.Tensor]
    np.testing.assert_array_equal(y.detach().numpy(), np.maximum(conv(cr.from_numpy(x)).detach().numpy(), 0))


def test_an_error_inside_leaves_nothing_waiting(parts: Any) -> None:
    conv, _, x = parts
    held: list[Any] = []

    @cr.compile
    def f(x: Any) -> Any:
        held.append(conv(x))
        raise KeyError("on purpose")

    with pytest.raises(KeyError, match="on purpose"):
        f(cr.from_numpy(x))
    assert type(held[0]) is type(conv(cr.from_numpy(x))) is cr.Tensor
    with pytest.raises(ValueError, match="channels"):
        cr.compile(conv)(cr.from_numpy(np.zeros((2, 3, 8, 8), np.float32)))


# ---------------------------------------------------------------------------------------------- modules, functions


def test_a_module_stays_a_module() -> None:
    model, x = made("LeNet")
    compiled = cr.compile(model)
    assert isinstance(compiled, nn.Module)
    assert list(compiled.state_dict()) == [f"_orig_mod.{name}" for name in model.state_dict()]
    compiled.eval()
    assert not model.training
    compiled.train()
    loss = nn.CrossEntropyLoss()
    optimizer = cr.optim.SGD(compiled.parameters(), lr=0.05)
    target = cr.from_numpy(np.arange(len(x)) % 10)
    values = []
    for _ in range(5):
        optimizer.zero_grad()
        value = loss(compiled(cr.from_numpy(x)), target)
        value.backward()
        optimizer.step()
        values.append(value.item())
    assert values[-1] < values[0]


def test_compile_as_a_decorator_and_of_what_cannot_be_called() -> None:
    @cr.compile
    def twice(x: Any) -> Any:
        """Two of it."""
        return x + x

    assert twice.__doc__ == "Two of it."
    assert twice(cr.ones(2)).tolist() == [2, 2]
    with pytest.raises(TypeError, match="a module or a function is needed, not int"):
        cr.compile(3)
