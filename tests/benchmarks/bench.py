"""Speed and memory, as ratios within one run: `make bench`, or `python -m tests.benchmarks`.

Seconds are CPU seconds of all threads, the least of several runs; every run is a process of its own.
Nothing here fails for being slow; a night that does not do what it should fails.
"""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb
import numpy as np
import polars as pl

from tests.benchmarks import full, graphs, history, memory, peers, people, ties
from tests.benchmarks.exports import (
    write_archive,
    write_home,
    write_ics,
    write_jira,
    write_log,
    write_mbox,
    write_trace,
)
from tests.benchmarks.multiplied import write_multiplied
from tests.benchmarks.network import Network, make_network, participations
from tests.benchmarks.processes import Ran, run, table

PEOPLE = 600
ROWS = 1_000_000
NIGHTS_ROWS = 120_000  # in 36 months; most of a night is what is computed, which grows with them
PER_PERSON = 800  # participations in 36 months
PER_ORGANISATION = 30_000
MONTHS_ROWS = (
    100_000  # in three months: what the script in pandas and networkx does in a quarter of a minute
)
TODAY = date.today()  # noqa: DTZ011
SINCE = {
    n: TODAY - timedelta(days=n * 1096 // 36) for n in (1, 6, 36)
}  # months of history → first day
# Yesterday is measured, after a night that was usual too. Of long ago it would be late: closed months change then.
NEW_DAYS: list[date] = np.busday_offset(np.datetime64(TODAY), [-2, -1], roll="forward").tolist()
TIMES = 2
PEER_ROWS = 500_000
ONE_CORE = {"POLARS_MAX_THREADS": "1"}
INGEST = ("open", "read", "pseudonymise", "stage", "people", "validate", "load", "other")


def first_night(folder: Path) -> Ran:
    """Load a whole history and build everything on it."""
    ran = run("tests.benchmarks.nightly", str(folder))
    assert not ran.told["refused"], ran.told["refused"]
    assert not ran.told["quarantined"]
    return ran


def one_day(history: Path, new_days: Sequence[Path], *options: str) -> Ran:
    """A night with one more day, the last of `new_days`, on a copy of `history`; the least of `TIMES`."""
    ran = []
    for _ in range(TIMES):
        copy = history.with_name("night")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(history, copy, symlinks=True)
        for new_day in new_days:
            shutil.copy(new_day, copy / "incoming")
            night = run("tests.benchmarks.nightly", str(copy), *options)
            assert night.told["days"] == 1, night.told
            assert not night.told.get("rebuilt"), night.told
            assert not night.told["refused"], night.told
        ran.append(night)
    return min(ran, key=lambda one: one.told["total"])


def write_all(folder: Path, network: Network, log: pl.DataFrame) -> dict[int, Path]:
    """Homes with so many months of history; mbox and ics in the longest alone."""
    day = pl.col("time").dt.date()
    homes = {}
    for months, since in SINCE.items():
        homes[months] = folder / f"months-{months}"
        history = log.filter((day >= since) & (day < NEW_DAYS[0]))
        write_home(homes[months], network.people, history, native=months == max(SINCE))
        if months == max(SINCE):
            write_mbox(homes[months] / "incoming" / "mails.mbox", history, 10)
            write_ics(homes[months] / "incoming" / "meetings.ics", history, 10)
    for new in NEW_DAYS:
        write_log(folder / f"{new}.ndjson", log.filter(day == new))
    return homes


def write_exports(folder: Path, log: pl.DataFrame) -> None:
    """Single files, each for a reader."""
    folder.mkdir()
    write_mbox(folder / "mails.mbox", log, 40)
    write_ics(folder / "meetings.ics", log, 3)
    write_archive(folder / "archive.ndjson", log, 60)
    write_log(folder / "log.ndjson", log.head(100_000))
    write_log(folder / "log.csv", log.head(100_000))
    write_log(folder / "log.parquet", log)
    write_jira(folder / "board.json", log, 20)
    write_trace(folder / "trace.csv", log, 25)
    write_multiplied(folder, 3)


def main(nights_rows: int = NIGHTS_ROWS) -> None:
    """Print everything; whole nights are of so many participations."""
    begun = perf_counter()
    print(machine())
    with tempfile.TemporaryDirectory(prefix="tieline-bench-") as name:
        folder = Path(name)
        first, days_in_all = SINCE[max(SINCE)], (TODAY - SINCE[max(SINCE)]).days
        log = participations(make_network(PEOPLE), ROWS, first, days_in_all)
        write_exports(folder / "readers", log)
        organisations = max(2, nights_rows // PER_ORGANISATION)
        network = make_network(nights_rows // PER_PERSON, organisations)
        lived = participations(network, nights_rows, first, days_in_all)
        homes = write_all(folder, network, lived)
        print(
            heading(
                f"1. {lived.height:,} participations of {network.people.height} people in "
                f"{network.people['team'].n_unique()} teams and 36 months, first night"
            )
        )
        nights = {months: first_night(home) for months, home in homes.items()}
        print(stages(nights[max(homes)]))
        print(heading("2. A night with one new day, by the length of the history"))
        new = [folder / f"{day}.ndjson" for day in NEW_DAYS]
        days = {months: one_day(home, new) for months, home in homes.items()}
        print(nightly(days))
        print(heading("   What Prefect adds to the night on 1 month"))
        plain, flow = days[1], one_day(homes[1], new, "--prefect")
        print(
            table(
                [
                    ["", "CPU s", "wall s"],
                    *(
                        [n, f"{r.cpu:.1f}", f"{r.wall:.1f}"]
                        for n, r in (("plain functions", plain), ("with Prefect", flow))
                    ),
                ]
            )
        )
        print(heading("   Models on 36 months, the one-day night"))
        print(models(days[max(days)]))
        print(heading("3. Readers and their peers"))
        print(
            readers(
                run("tests.benchmarks.readers", str(folder / "readers"), settings=ONE_CORE).told
            )
        )
        print(heading("4. Events to ties"))
        print(ties.measure(ROWS))
        print(heading(f"5. Memory while reading files of {memory.MEGABYTES} MB"))
        print(memory.measure(memory.MEGABYTES, log))
        print(heading("6. Addresses to people"))
        print(people.line(people.resolving()))
    print(heading("7. Metrics 1-9, 11 and 12 against a script, and against bare ties"))
    print(full.measure(MONTHS_ROWS))
    print(heading("8. One stale week of them, by the length of the history"))
    print(history.measure(MONTHS_ROWS))
    print(heading("9. Metrics of the whole graph against networkx"))
    print(graphs.measure())
    print(heading("10. Beside what people could pick instead"))
    print(peers.measure(PEER_ROWS))
    print(f"\nTook {(perf_counter() - begun) / 60:.1f} minutes.")


def machine() -> str:
    """What this ran on."""
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
        f"DuckDB {duckdb.__version__}, polars {pl.__version__}, {date.today()}"  # noqa: DTZ011
    )


def heading(text: str) -> str:
    return f"\n{text}\n"


def stages(ran: Ran) -> str:
    """CPU seconds, participations per CPU second and peak memory of each stage."""
    told = ran.told
    rows = told["rows"]["read"]
    lines = [["stage", "CPU s", "rows/s", "peak MB"]]
    for name, seconds in told["seconds"].items():
        lines.append(
            [name, f"{seconds:.2f}", _rate(rows, seconds), f"{told['peaks_mb'][name]:.0f}"]
        )
        if name == "transform":
            lines += [
                [
                    f"  {model}",
                    f"{spent:.2f}",
                    _rate(rows, spent),
                    f"{told['model_peaks_mb'][model]:.0f}",
                ]
                for model, spent in told["models"].items()
            ]
    lines.append(["all", f"{told['total']:.1f}", _rate(rows, told["total"]), f"{ran.peak_mb:.0f}"])
    sizes = ", ".join(f"{name} {count:,}" for name, count in told["rows"].items())
    return f"{table(lines)}\nRows: {sizes}."


def nightly(days: Mapping[int, Ran]) -> str:
    """Stage by stage for each length of history, and the ratio to the shortest."""
    parts = {name: (name,) for name in (*INGEST, "transform", "publish")}
    sums = {
        "ingest + transform": (*INGEST, "transform"),
        "all": (*INGEST, "transform", "publish", "close"),
    }
    lines = [["stage", *(f"{m} mo, s" for m in days), *(f"{m} : 1" for m in list(days)[1:])]]
    for name, inside in {**parts, **sums}.items():
        spent = [sum(ran.told["seconds"].get(part, 0) for part in inside) for ran in days.values()]
        ratios = [f"{one / spent[0]:.2f}" if spent[0] else "" for one in spent[1:]]
        lines.append([name, *(f"{one:.2f}" for one in spent), *ratios])
    lines.append(
        ["peak MB", *(f"{ran.peak_mb:.0f}" for ran in days.values()), *[""] * (len(days) - 1)]
    )
    return table(lines)


def models(ran: Ran) -> str:
    """Where the time of the transform goes."""
    spent: dict[str, float] = ran.told["models"]
    whole = sum(spent.values())
    rows = sorted(spent.items(), key=lambda one: -one[1])
    return table(
        [["model", "CPU s", "share"], *([n, f"{s:.3f}", f"{s / whole:.0%}"] for n, s in rows)]
    )


def readers(told: Mapping[str, Any]) -> str:
    """Megabytes and events per CPU second of each reader, and its peers' part of that."""
    lines = [["reader", "file", "MB", "events", "events/s", "MB/s", "peer MB/s", "ratio", "peer"]]
    for one in told["readers"]:
        size, spent, peer = one["megabytes"], one["seconds"], one["peer_seconds"]
        lines.append([
            one["reader"], one["file"], f"{size:.1f}", f"{one['events']:,}", _rate(one["events"], spent),
            f"{size / spent:.1f}", f"{size / peer:.1f}" if peer else "",
            f"{peer / spent:.2f}" if peer else "", one["peer"],
        ])  # fmt: skip
    return (
        f"{table(lines)}\nTwo processes read {told['two_at_once']:.2f} times what one reads (mbox, by CPU time). "
        f"Load of the machine: {told['load']:.1f}."
    )


def _rate(rows: int, seconds: float) -> str:
    return f"{rows / seconds:,.0f}" if seconds else ""


if __name__ == "__main__":
    main()
