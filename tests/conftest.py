"""What all tests share."""

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

import chainrule as cr
from thorough import THOROUGH

EXAMPLES = 200 if THOROUGH else 25  # of everything that Hypothesis draws
settings.register_profile("chainrule", deadline=None, max_examples=EXAMPLES, derandomize=True, database=None)
settings.load_profile("chainrule")


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> Iterator[None]:
    """Ctrl-C reaches the programs that tests start, which a background job would ignore, with all that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def same_start() -> Iterator[None]:
    """Every test begins with the same random numbers, and leaves threads and default dtype as they were."""
    threads, dtype = cr.get_num_threads(), cr.get_default_dtype()
    cr.manual_seed(0)
    yield
    cr.set_num_threads(threads)
    cr.set_default_dtype(dtype)
