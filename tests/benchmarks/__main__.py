"""`python -m tests.benchmarks`, all of it, or `python -m tests.benchmarks memory --megabytes 2000`."""

import argparse

from tests.benchmarks import lake, memory, people, ties
from tests.benchmarks.bench import machine, main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument(
        "part", nargs="?", choices=["all", "memory", "lake", "people", "ties"], default="all"
    )
    parser.add_argument("--megabytes", type=int, default=memory.MEGABYTES)
    parser.add_argument("--participations", type=int, default=1_000_000)
    told = parser.parse_args()
    if told.part == "all":
        main()
    elif told.part == "ties":
        print(machine())
        print(ties.measure(told.participations))
    elif told.part == "lake":
        print(machine())
        print(lake.measure(told.participations))
    elif told.part == "people":
        print(machine())
        print(people.line(people.resolving()))
    else:
        print(machine())
        print(memory.measure(told.megabytes, memory.invented()))
