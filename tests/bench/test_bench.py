"""The benchmark runs each engine in a process of its own and compares within rounds. No test here asserts a time."""

import json

import pytest

from chainrule import bench
from chainrule.bench import works


def test_every_engine_is_measured_in_every_round(tmp_path, capsys):
    file = tmp_path / "times.json"
    assert bench.main(["lenet", "--peers", "--batch", "4", "--rounds", "2", "--json", str(file)]) == 0
    measured = json.loads(file.read_text())
    assert list(measured) == ["chainrule"]
    times = measured["chainrule"]["LeNet-5 step, batch 4"]
    assert len(times) == 2
    assert min(times) > 0
    assert "2 rounds in turns" in capsys.readouterr().out


def test_a_peer_is_compared_and_one_that_is_not_installed_is_left_out():
    pytest.importorskip("torch")
    found = bench.measure(bench.Settings("tape", peers=("torch", "no_such_engine"), rounds=1, threads=1))
    assert list(found) == ["chainrule", "torch"]
    assert {"relu of 8 numbers, forward", "relu of 8 numbers, backward"} <= found["torch"].keys()


def test_a_pass_of_the_loader_is_timed_on_both_engines():
    for name in ("chainrule", "torch"):
        times = works.loader(pytest.importorskip(name), 16, rows=64)()
        assert list(times) == ["MNIST, uint8, batch 16", "MNIST, float32, batch 16"]
        assert min(times.values()) > 0


def test_a_worker_that_dies_is_an_error():
    with pytest.raises(RuntimeError, match="ended early"):
        bench.measure(bench.Settings("lenet", peers=(), batch=-1, rounds=1))
