"""One engine in a process of its own: `python -m chainrule.bench.worker WORK ENGINE BATCH THREADS`.

Prepares the work and prints a line; then, for each line that it reads, measures one round and prints it as JSON.
Between rounds it waits for input and leaves the cores to the others.
"""

from __future__ import annotations

import importlib
import json
import sys

from chainrule.bench.works import WORKS


def main(work: str, name: str, batch: str, threads: str) -> None:
    engine = importlib.import_module(name)
    engine.set_num_threads(int(threads))
    measure = WORKS[work](engine, int(batch))
    print("ready", flush=True)
    for _ in sys.stdin:
        print(json.dumps(measure()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
