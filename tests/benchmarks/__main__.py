"""`python -m tests.benchmarks`, all of it, or one part: `python -m tests.benchmarks history --participations 4200000`."""

import argparse

from tests.benchmarks import (
    full,
    graphs,
    history,
    introductions,
    lake,
    memory,
    peers,
    people,
    ties,
)
from tests.benchmarks.bench import NIGHTS_ROWS, machine, main

PARTS = {
    "full": lambda told: full.measure(told.participations),
    "graphs": lambda _: graphs.measure(),
    "history": lambda told: history.measure(told.participations),
    "introductions": lambda _: introductions.measure(),
    "lake": lambda told: lake.measure(told.participations),
    "memory": lambda told: memory.measure(told.megabytes, memory.invented()),
    "peers": lambda told: peers.measure(told.participations),
    "people": lambda _: people.line(people.resolving()),
    "ties": lambda told: ties.measure(told.participations),
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("part", nargs="?", choices=["all", *PARTS], default="all")
    parser.add_argument("--megabytes", type=int, default=memory.MEGABYTES)
    parser.add_argument("--participations", type=int)
    told = parser.parse_args()
    told.participations = told.participations or (NIGHTS_ROWS if told.part == "all" else 1_000_000)
    if told.part == "all":
        main(told.participations)
    else:
        print(machine())
        print(PARTS[told.part](told))
