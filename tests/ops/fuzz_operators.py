"""Hostile calls: every operator and every kernel with mutated arguments, thousands of times.

    python tests/ops/fuzz_operators.py [NAME ...] [--count 10000] [--seed 0] [--draws 10] [--call 123]

The calls are those of the records in `chainrule.conformance.operators`, with arrays of other shapes, dtypes, strides
and values, with indices out of range, and with other things where numbers are expected. An operator gives a value, and
then gradients too, or refuses in words of ours; native and reference tier do the same. A kernel, called directly with
what operators call it with, mutated, may refuse as it likes. No call may end the process, or hang: they run in a child,
in bounded memory. Run on kernels built with the address sanitizer, a read out of bounds ends it too.
A call that breaks this is named with its number; `--call` repeats it. The exit status is then 1.
"""

from __future__ import annotations

import argparse
import collections
import inspect
import json
import linecache
import os
import random
import re
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
from harness import Call, is_floating, pulled, recording
from hostile import mutated
from hypothesis import HealthCheck, Phase, given, settings

import chainrule as cr
from chainrule.conformance.compare import EXACT, cast, cotangent, listed, values
from chainrule.conformance.operators import RECORDS
from chainrule.conformance.record import Record, Sample, mapped
from chainrule.native import core, isa

SECONDS = 20  # for one call
MEMORY = 1 << 30  # bytes, for all of them
REFUSALS = (ValueError, TypeError, IndexError, RuntimeError, MemoryError, ZeroDivisionError)
IN_PLACE = ("batch_norm", "instance_norm", "embedding")  # which keep running statistics, or shorten rows
SOURCES = str(Path(cr.__file__).parent)


class Broken(Exception):
    """A call did what none may do."""


class Target(NamedTuple):
    """What is called, sound calls to start from, and what tries one of them mutated: True if it gave a value."""

    name: str
    calls: list[Sample]
    attempt: Callable[[random.Random, Sample], bool]


# ---------------------------------------------------------------------------------------------- operators


def operator(record: Record, draws: int, made: list[Call]) -> Target:
    """An operator by its record; `made` is where calls of primitives are noted down."""

    def attempt(rng: random.Random, sample: Sample) -> bool:
        dtype = rng.choice(tuple(EXACT))
        call = mutated(rng, Sample(*(mapped(part, lambda a: cast(a, dtype)) for part in (sample.args, sample.kwargs))))
        found = value_of(record, rng, call)
        while made:
            tiers_agree(*made.pop())
        return found

    return Target(record.name, [*record.samples, *drawn(record, draws)], attempt)


def drawn(record: Record, count: int) -> list[Sample]:
    """Some calls of those that the record draws, the same every time."""
    found: list[Sample] = []
    if record.draws is None or not count:
        return found

    @settings(
        max_examples=count, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )  # fmt: skip
    @given(record.draws)
    def collect(sample: Sample) -> None:
        found.append(sample)

    collect()
    return found


def value_of(record: Record, rng: random.Random, call: Sample) -> bool:
    """Run the call forwards and back; whether it gave a value. Raises Broken where it fails otherwise than in words."""
    tensors: list[cr.Tensor] = []

    def tensor(array: np.ndarray, wanted: bool) -> Any:
        if rng.random() < 0.05:
            return array
        x = cr.from_numpy(array)
        if array.dtype.kind == "f" and (wanted or rng.random() < 0.1):
            x.requires_grad_()
        tensors.append(x)
        return x

    before: list[bytes] = []
    try:
        made = record.converted(call, tensor)
        before = [x.array.tobytes() for x in tensors]
        outputs = listed(record.function(*made.args, **made.kwargs))
    except Exception as error:
        if not in_words(error):
            raise Broken(f"{record.name}{call} is not refused in words:\n{told(error)}") from error
        return False
    try:
        for array in values(outputs):
            array.tobytes()  # every element can be read
        for y in outputs[:20]:
            if isinstance(y, cr.Tensor) and y.requires_grad:
                y.backward(cr.Tensor(cotangent(y.shape, y.dtype)), retain_graph=True)
    except MemoryError:
        return True
    except Exception as error:
        raise Broken(f"{record.name}{call} gives a value, and then fails:\n{told(error)}") from error
    if (
        record.name not in IN_PLACE
        and not asked_in_place(record.function, made)
        and before != [x.array.tobytes() for x in tensors]
    ):
        raise Broken(f"{record.name}{call} changes its arguments")
    return True


def asked_in_place(function: Any, call: Any) -> bool:
    """Whether a call says inplace=True, or something else that is true."""
    try:
        return bool(inspect.signature(function).bind(*call.args, **call.kwargs).arguments.get("inplace"))
    except (TypeError, ValueError):
        return False


def in_words(error: Exception) -> bool:
    """Whether the error is a refusal: by a `raise` of ours, by Python at the call, or by the record, which calls it."""
    if isinstance(error, MemoryError):
        return True
    last = traceback.extract_tb(error.__traceback__)[-1]
    if last.filename.startswith(f"{SOURCES}/conformance/"):
        return True
    own = last.filename.startswith(SOURCES) and linecache.getline(last.filename, last.lineno or 0).strip()
    at_the_call = isinstance(error, TypeError) and re.search(r"missing|unexpected keyword|takes|multiple", str(error))
    return bool(at_the_call) or (type(error) in REFUSALS and str(own).startswith("raise"))


def told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)[-4:])


def tiers_agree(op: Any, args: tuple[Any, ...]) -> None:
    """Native and reference tier on the same arrays: equal values and cotangents, or both refuse."""
    if op.override is None or core is None:
        return
    what = f"{op.__name__}{Sample(args)}"
    try:
        native = op.override(*args)
    except (TypeError, MemoryError):  # it declines: Unsupported is a TypeError
        return
    except Exception as error:
        native = error
    try:
        with np.errstate(all="ignore"):
            reference = op.reference(*args)
    except MemoryError:
        return
    except Exception as error:
        if not isinstance(native, Exception):
            raise Broken(f"{what}: only the reference refuses it:\n{told(error)}") from error
        return
    if isinstance(native, Exception):
        raise Broken(f"{what}: only the native tier refuses it:\n{told(native)}")
    try:
        agree(op, args, native, reference)
    except AssertionError as error:
        raise Broken(f"{what}: the tiers differ:\n{error}") from error


def agree(op: Any, args: tuple[Any, ...], native: Any, reference: Any) -> None:
    with np.errstate(all="ignore"):
        pairs = list(zip(listed(native[0]), listed(reference[0]), strict=True))
        finite = all(ordinary(a) for a in args if isinstance(a, float) or is_floating(a))
        for actual, expected in pairs:
            alike(actual, expected, finite, "value")
        dys = tuple(cotangent(y.shape, y.dtype) for y in map(np.asarray, listed(reference[0])) if is_floating(y))
        if not dys:
            return
        both = zip(pulled(op, native[1], dys, args), pulled(op, reference[1], dys, args), strict=True)
        for i, (actual, expected) in enumerate(both):
            alike(actual, expected, finite, f"cotangent {i}")


def ordinary(a: Any) -> bool:
    """Whether an array is finite, and a number so, and not 0, in float32 too."""
    return bool(np.isfinite(a).all()) if is_floating(a) else a == 0 or 1e-30 < abs(a) < 1e30


def alike(actual: Any, expected: Any, finite: bool, what: str) -> None:
    """Equal up to rounding, which special values let grow.

    NaN or infinity depends on the order of steps, and out of what was not `finite` it comes to places where only a zero
    was multiplied by it: the padding of a convolution.
    """
    actual, expected = np.array(actual), np.array(expected)
    if actual.shape == expected.shape and actual.dtype.kind == expected.dtype.kind == "f":
        beyond = (~np.isfinite(actual), ~np.isfinite(expected))
        beyond = np.logical_and(*beyond) if finite else np.logical_or(*beyond)
        actual[beyond] = expected[beyond] = 0
    if (actual.dtype, actual.shape) != (expected.dtype, expected.shape):
        raise AssertionError(f"{what}: {actual.dtype} {actual.shape}, expected {expected.dtype} {expected.shape}")
    tolerance = 1e-3 if actual.dtype == np.float32 else 1e-8
    np.testing.assert_allclose(actual, expected, tolerance, tolerance * np.abs(expected).max(initial=1), err_msg=what)


# ---------------------------------------------------------------------------------------------- kernels


def kernels() -> list[Target]:
    """Every function of `core` that the records' calls reach, with what it was called with."""
    calls: dict[str, list[Sample]] = collections.defaultdict(list)
    homes = [module for name, module in sys.modules.items() if name.startswith("chainrule.") and "core" in vars(module)]
    for home in homes:
        vars(home)["core"] = _Recorder(calls)
    try:
        for record in RECORDS.values():
            for sample in record.samples:
                forwards_and_back(record, sample)
        for optimizer in (cr.optim.SGD, cr.optim.Adam):
            step(optimizer)
        joined()
    finally:
        for home in homes:
            vars(home)["core"] = core
    return [kernel(name, found) for name, found in sorted(calls.items())]


class _Recorder:
    """Stands for `core` and notes down calls."""

    def __init__(self, calls: dict[str, list[Sample]]) -> None:
        self.calls = calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(core, name)
        if not callable(found) or isinstance(found, type):
            return found

        def call(*args: Any) -> Any:
            if len(self.calls[name]) < 40:
                self.calls[name].append(Sample(plain(args)))
            return found(*args)

        return call


def plain(value: Any) -> Any:
    """Tuples without the names of their places."""
    return tuple(map(plain, value)) if isinstance(value, tuple) else value


def forwards_and_back(record: Record, sample: Sample) -> None:
    from chainrule.conformance.compare import gradients, run

    gradients(*run(record, sample, "float32"))


def step(optimizer: Any) -> None:
    x = cr.tensor([1.0, 2.0, 3.0]).requires_grad_()
    x.sum().backward()
    optimizer([x], lr=0.1).step()


def joined() -> None:
    """What compiled functions alone reach: convolution with pooling, in blocks and in tiles, and dense layers."""
    nn = cr.nn
    parts = nn.Conv2d(1, 6, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(6, 5, 2), nn.Tanh(), nn.Flatten()
    blocks = nn.Sequential(*parts, nn.Linear(45, 20), nn.Sigmoid(), nn.Linear(20, 3))
    tiles = nn.Sequential(nn.Conv2d(16, 17, 3, padding=1), nn.MaxPool2d(2))
    for model, shape in ((blocks, (19, 1, 8, 8)), (tiles, (9, 16, 7, 6))):
        for wanted in (True, False):
            cr.compile(model)(cr.ones(*shape, requires_grad=wanted)).sum().backward()


def kernel(name: str, calls: list[Sample]) -> Target:
    f = getattr(core, name)

    def attempt(rng: random.Random, sample: Sample) -> bool:
        call = mutated(rng, sample)
        try:
            outputs = f(*call.args)
        except Exception:
            return False
        for y in listed(outputs):
            if isinstance(y, np.ndarray):
                with np.errstate(all="ignore"):
                    y.any()  # reads all of it
        return True

    return Target(f"core.{name}", calls, attempt)


# ---------------------------------------------------------------------------------------------- trying

Job = tuple[Target, int]  # a target, and the number of the call


class Result(NamedTuple):
    calls: int
    values: int  # calls that gave a value
    slow: int  # calls that were given up, for they asked for much work; all others were refused
    broken: list[str]


def outcome(job: Job, seed: int) -> str:
    """What became of a call: "value", "refused", or what it broke."""
    target, number = job
    rng = random.Random(f"{seed}/{target.name}/{number}")  # noqa: S311
    try:
        return "value" if target.attempt(rng, rng.choice(target.calls)) else "refused"
    except Broken as error:
        return f"{target.name} --call {number}: {error}"
    except MemoryError:  # for the call itself
        return "refused"
    except Exception as error:
        return f"{target.name} --call {number} ends the fuzzer itself:\n{told(error)}"


def in_children(jobs: list[Job], seed: int) -> Result:
    """Try all jobs in a child of this process. Where it ends or hangs with a call, another goes on behind that."""
    outcomes: list[str] = []
    while len(outcomes) < len(jobs):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            report(jobs[len(outcomes) :], seed, writing)
        os.close(writing)
        with os.fdopen(reading) as lines:
            outcomes += [json.loads(line) for line in lines]
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code == -signal.SIGALRM:
            outcomes.append("slow")
        elif code:
            target, number = jobs[len(outcomes)]
            outcomes.append(f"{target.name} --call {number}: the process ended with {code}")
    broken = [text for text in outcomes if text not in ("value", "refused", "slow")]
    return Result(len(jobs), outcomes.count("value"), outcomes.count("slow"), broken)


def report(jobs: list[Job], seed: int, writing: int) -> NoReturn:
    """In the child: one line for each job that came to an end."""
    bound_memory(MEMORY)
    for job in jobs:
        signal.alarm(SECONDS)  # which ends the process, wherever it is
        os.write(writing, json.dumps(outcome(job, seed)).encode() + b"\n")
    os._exit(0)


def bound_memory(size: int) -> None:
    """No more memory for this process than it has, and `size` bytes: beyond them, MemoryError."""
    if sys.platform == "linux":
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + size
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="operators, and kernels as core.NAME; all if none is given")
    parser.add_argument("--count", type=int, default=10_000, help="mutated calls in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--draws", type=int, default=10, help="sound calls drawn for each operator, beside its samples")
    parser.add_argument("--call", type=int, help="only the one of this number, in this process")
    options = parser.parse_args()
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", "Data type alias")
    warnings.filterwarnings("ignore", ".* is broadcast against input")  # PyTorch warns of it, too
    known = kernels() if core else []
    with recording() as made:  # where every call of a primitive asks for its arrays, and none waits for another
        return run(options, known, made)


def run(options: argparse.Namespace, known: list[Target], made: list[Call]) -> int:
    start, wanted = time.perf_counter(), options.names
    targets = [operator(r, options.draws, made) for name, r in RECORDS.items() if not wanted or name in wanted]
    targets += [target for target in known if not wanted or target.name in wanted]
    made.clear()
    if options.call is not None:
        print(*[outcome((target, options.call), options.seed) for target in targets], sep="\n")
        return 0
    jobs = [(targets[i % len(targets)], i // len(targets)) for i in range(options.count)]
    result = in_children(jobs, options.seed)
    print(*result.broken, sep="\n")
    print(
        f"{isa}: {result.calls:,} mutated calls of {len(targets)} operators and kernels, {result.values:,} gave "
        f"a value, {result.slow} took too long, {len(result.broken)} broke, in {time.perf_counter() - start:.0f} s"
    )
    return 1 if result.broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
