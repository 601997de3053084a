"""The promises of the native tier: same bits on any number of threads, safe after fork, no memory asked for twice."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import chainrule as cr
from chainrule import native

needs_core = pytest.mark.skipif(native.core is None, reason="the native kernels are not built")


@pytest.fixture
def threads():
    """Sets the number of threads, and back again afterwards."""
    before = cr.get_num_threads()
    yield cr.set_num_threads
    cr.set_num_threads(before)


def lenet() -> cr.nn.Module:
    nn = cr.nn
    cr.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(6, 16, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten(),
        nn.Linear(256, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


class Training:
    """LeNet-5 on random images, 40 of them so that the last block of lanes is not full."""

    def __init__(self) -> None:
        draw = np.random.default_rng(0)
        self.x = cr.from_numpy(draw.standard_normal((40, 1, 28, 28)).astype("f4"))
        self.target = cr.from_numpy(draw.integers(0, 10, 40))
        self.model = lenet()
        self.optimizer = cr.optim.SGD(self.model.parameters(), lr=0.05, momentum=0.9)
        self.loss = cr.nn.CrossEntropyLoss()

    def step(self) -> float:
        self.optimizer.zero_grad()
        loss = self.loss(self.model(self.x), self.target)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def weights(self) -> list[np.ndarray]:
        return [p.detach().numpy() for p in self.model.parameters()]


def test_weights_after_training_are_the_same_bits_on_any_number_of_threads(threads):
    trained = []
    for n in (1, 2, 5):
        threads(n)
        training = Training()
        losses = [training.step() for _ in range(10)]
        assert losses[-1] < losses[0]
        trained.append(training.weights())
    for weights in trained[1:]:
        for one, other in zip(trained[0], weights, strict=True):
            np.testing.assert_array_equal(one, other)


def test_products_of_matrices_have_the_same_bits_on_any_number_of_threads(threads):
    draw = np.random.default_rng(0)
    a, b = (cr.tensor(draw.standard_normal(shape, dtype=np.float32)) for shape in ((300, 150), (150, 400)))
    found = []
    for n in (1, 2, 5):
        threads(n)
        found.append((a @ b).numpy())
    assert all(np.array_equal(y, found[0]) for y in found)


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize(("N", "H"), [(70, 40), (3, 256), (40, 300)])
def test_recurrent_layers_have_the_same_bits_however_threads_share_the_work(name, N, H, threads):
    """Rows of a large batch, units of a small one or of a large layer; with rows that end early."""
    x = np.random.default_rng(0).standard_normal((6, N, 20)).astype("f4")
    lengths = np.random.default_rng(1).integers(1, 7, N)
    results = []
    for n in (1, 2, 5):
        threads(n)
        cr.manual_seed(1)
        layer = getattr(cr.nn, name)(20, H)
        packed = cr.nn.utils.rnn.pack_padded_sequence(cr.from_numpy(x), lengths.tolist(), enforce_sorted=False)
        y, _ = cr.nn.utils.rnn.pad_packed_sequence(layer(packed)[0])
        (y * y).sum().backward()
        results.append([y.detach().numpy(), *(p.grad.numpy() for p in layer.parameters())])
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(one, two)


@needs_core
def test_a_training_step_asks_the_system_for_no_memory_after_warm_up(threads):
    threads(1)  # with more, how much scratch is in use at once depends on their timing
    training = Training()
    for _ in range(3):
        training.step()
    before = native.core.system_allocations()
    assert before > 0
    for _ in range(10):
        training.step()
    assert native.core.system_allocations() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # 3.12 warns of fork beside threads
def test_kernels_run_in_a_forked_child(threads):
    threads(2)
    x, w = cr.randn(64, 6, 12, 12), cr.randn(16, 6, 5, 5)
    expected = cr.conv2d(x, w).numpy()
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(cr.conv2d(x, w).numpy(), expected) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    np.testing.assert_array_equal(cr.conv2d(x, w).numpy(), expected)


def test_kernels_run_from_several_python_threads_at_once(threads):
    threads(2)
    x, w = cr.randn(64, 6, 12, 12), cr.randn(16, 6, 5, 5)
    expected = cr.conv2d(x, w).numpy()
    right = []

    def work():
        right.append(all(np.array_equal(cr.conv2d(x, w).numpy(), expected) for _ in range(20)))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert right == [True] * 4


def test_an_array_outlives_the_tensor_that_it_came_from():
    array = cr.relu(cr.tensor([-1.0, 2.0])).numpy()
    for _ in range(100):
        cr.relu(cr.tensor([5.0, 5.0]))
    assert array.tolist() == [0, 2]
    assert array.flags.writeable


@pytest.mark.parametrize("n", [0, -1, 1.5, "2"])
def test_an_impossible_number_of_threads_is_refused(n):
    with pytest.raises(ValueError, match="a whole number of at least 1 is needed"):
        cr.set_num_threads(n)


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | environment, check=False
    )


def test_the_environment_chooses_the_tier_and_the_threads():
    show = "from chainrule import native; print(native.isa, native.get_num_threads())"
    assert run(show, CHAINRULE_ISA="none").stdout == "none 1\n"
    for isa in native.available():
        assert run(show, CHAINRULE_ISA=isa, CHAINRULE_NUM_THREADS="3").stdout == f"{isa} 3\n"


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"CHAINRULE_ISA": "v5"}, "CHAINRULE_ISA='v5': choose one of none, generic, v3, v4"),
        ({"CHAINRULE_NUM_THREADS": "many"}, "CHAINRULE_NUM_THREADS='many': a whole number of at least 1 is needed"),
    ],
)
def test_a_mistake_in_the_environment_is_named(environment, message):
    assert message in run("import chainrule", **environment).stderr


@needs_core
def test_python_ends_while_a_daemon_thread_is_in_a_kernel() -> None:
    code = """
import threading, time
import chainrule as cr
a = cr.ones(300, 300)
def loop():
    while True:
        a @ a
for _ in range(3):
    threading.Thread(target=loop, daemon=True).start()
time.sleep(0.1)
"""
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
