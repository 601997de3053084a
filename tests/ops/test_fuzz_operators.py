"""Hostile calls of operators and kernels: a thousand, 20,000 with CHAINRULE_THOROUGH=1. See fuzz_operators.py."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from typing import Any

import fuzz_operators
import numpy as np
import pytest
from fuzz_operators import Broken, Target, in_children, value_of
from hostile import ARRAYS, mutated

import chainrule as cr
from chainrule.conformance.record import Record, s
from thorough import THOROUGH

COUNT = 20_000 if THOROUGH else 1_000
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@needs_fork
def test_no_call_breaks_an_operator(capsys: pytest.CaptureFixture[str]) -> None:
    words = [sys.executable, fuzz_operators.__file__, "--count", str(COUNT), "--draws", str(10 if THOROUGH else 0)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broke" in done.stdout
    if THOROUGH:
        with capsys.disabled():
            print(f"\n{done.stdout}", end="")


def test_mutations_depend_on_the_seed_alone() -> None:
    sound = s(np.arange(6.0).reshape(2, 3), (1, 2), keepdim=True)
    once, again, other = ([repr(mutated(rng, sound)) for _ in range(50)] for rng in map(random.Random, (1, 1, 2)))
    assert once == again != other
    assert len(set(once)) > 20


@pytest.mark.parametrize("array", [np.arange(6.0).reshape(2, 3), np.zeros(()), np.zeros((0, 2)), np.arange(4)])
def test_every_mutation_takes_every_array(array: np.ndarray) -> None:
    before = array.tobytes()
    for mutation in ARRAYS:
        for seed in range(5):
            mutation(random.Random(seed), array)  # noqa: S311
    assert array.tobytes() == before


# ---- what would break is noticed


def _run(f: Any, *args: Any) -> bool:
    return value_of(Record("relu", (), call=f), random.Random(1), s(*args))  # noqa: S311


def _refuse(error: Exception) -> Any:
    def f(x: Any) -> Any:
        raise error

    return f


@pytest.mark.parametrize("error", [ValueError("bad"), AttributeError("relu(): no"), KeyError("relu(): no")])
def test_an_error_not_in_words_is_noticed(error: Exception) -> None:
    with pytest.raises(Broken, match="is not refused in words"):
        _run(_refuse(error), np.ones(2))


def test_a_refusal_is_none() -> None:
    assert not _run(cr.relu, "text")
    assert _run(cr.relu, np.ones(2))


def test_a_changed_argument_is_noticed() -> None:
    with pytest.raises(Broken, match="changes its arguments"):
        _run(lambda x: x.detach().fill_(3), np.ones(2))


def test_a_pullback_that_fails_is_noticed() -> None:
    @cr.autograd.primitive
    def broken(x: Any) -> Any:
        return x + 0, lambda dy: dy[5]

    with pytest.raises(Broken, match="gives a value, and then fails"):
        _run(broken, np.ones(2))


@needs_fork
def test_a_process_that_ends_is_noticed_and_the_other_calls_are_tried() -> None:
    def attempt(rng: random.Random, sample: Any) -> bool:
        if sample.args[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return True

    bad, good = Target("bad", [s(True)], attempt), Target("good", [s(False)], attempt)
    result = in_children([(good, 0), (bad, 0), (bad, 1), (good, 1)], 0)
    assert result == (4, 2, 0, ["bad --call 0: the process ended with -9", "bad --call 1: the process ended with -9"])
