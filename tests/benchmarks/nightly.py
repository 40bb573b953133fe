"""One night in a process of its own: the functions that flows/nightly.py calls, with a stopwatch.

    python -m tests.benchmarks.nightly FOLDER [--prefect]

Prints one JSON object: CPU seconds per stage and per model, rows, and peak memory.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from flows import ingest
from flows.config import SETTINGS
from flows.config_read import read_config
from flows.key import read_key
from flows.plan import export_files, to_read
from flows.publish import release
from flows.transform import bring_up_to_date
from transforms import people
from transforms.model import read_models
from warehouse import identity, load, state
from warehouse.connection import open_warehouse, warehouse_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Stage → where the night finds its function. What is left of `stage_file` is reading.
STAGES = {
    "pseudonymise": [(people, "pseudonymise")],
    "stage": [(load, "stage"), (ingest, "remember")],
    "people": [(ingest, "read_directories"), (ingest, "stage_people")],
    "validate": [(ingest, "validate"), (ingest, "quarantine")],
    "load": [(load, "load"), (ingest, "load_memberships")],
}


class Stopwatch:
    """CPU seconds of all threads per name, without those of names inside it; memory's peak with."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.peak_mb: dict[str, float] = defaultdict(float)
        self._inside = [0.0]

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **named: Any) -> Any:
            with self.running(name):
                return function(*args, **named)

        return timed

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        begun = process_time()
        self._inside.append(0.0)
        try:
            yield
        finally:
            whole = process_time() - begun
            self.seconds[name] += whole - self._inside.pop()
            self._inside[-1] += whole
            self.peak_mb[name] = max(self.peak_mb[name], _peak_mb())


def _peak_mb() -> float:
    """Highest resident memory since the last call."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    Path("/proc/self/clear_refs").write_text("5")
    return int(found[1]) / 1024 if found else 0.0


def night(folder: Path) -> dict[str, Any]:
    """Do one night over `folder`; CPU seconds per stage, and what was done."""
    watch = Stopwatch()
    for name, places in STAGES.items():
        for module, function in places:
            setattr(module, function, watch.around(name, getattr(module, function)))
    config = read_config(folder / SETTINGS, folder)
    key, run_id = read_key(config), state.new_run_id(datetime.now(UTC))
    begun, seconds = process_time(), perf_counter()
    with ExitStack() as stack:
        stack.enter_context(warehouse_lock(config.warehouse, 0, run_id))
        con = stack.enter_context(open_warehouse(config.warehouse, reach=[config.published]))
        addresses = stack.enter_context(open_warehouse(config.identity))
        with watch.running("open"):
            load.create(con)
            identity.create(addresses)
            load.clear_stage(con)
            files = to_read(con, list(export_files(config)))
        with watch.running("read"):
            read = [ingest.stage_file(con, addresses, config, f, key, run_id) for f in files]
        with watch.running("other"):
            found = ingest.stage_people(
                con, addresses, config, ingest.read_directories(con, addresses, config), key
            )
            checked = ingest.check_and_load(con, config, found, run_id=run_id, batch=1)
        models: list[tuple[str, float, float]] = []  # name, CPU when it begins, peak before
        with watch.running("transform"):
            known = read_models()
            built = bring_up_to_date(
                con, config, known, today=config.today(),
                progress=lambda name: models.append((name, process_time(), _peak_mb())),
            )  # fmt: skip
            models.append(("commit", process_time(), _peak_mb()))
        with watch.running("publish"):
            release(con, config, known, run_id=run_id, today=config.today())
        with watch.running("close"):
            counts = {
                table: con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
                for table in ("event", "participation", "tie_day", "unit_tie", "metric_value")
            }
            con.close()
    peaks = {a[0]: b[2] for a, b in pairwise(models)}
    watch.peak_mb["transform"] = max([watch.peak_mb["transform"], *peaks.values()])
    return {
        "seconds": watch.seconds,
        "peaks_mb": watch.peak_mb,
        "models": {a[0]: b[1] - a[1] for a, b in pairwise(models)},
        "model_peaks_mb": peaks,
        "total": process_time() - begun,
        "wall": perf_counter() - seconds,
        "rows": {**counts, "read": sum(one.participations for one in read)},
        "refused": [one.refused for one in read if one.refused] + list(checked.refused),
        "quarantined": checked.quarantined,
        "days": built.days,
        "rebuilt": len(built.rebuilt),
    }


def with_prefect(folder: Path) -> dict[str, Any]:
    """The same night as `tieline run` does it."""
    from flows.prefect_settings import quiet

    config = read_config(folder / SETTINGS, folder)
    quiet(config.state)
    from flows.nightly import nightly

    done = nightly(str(config.path), home=str(config.home))
    return {"total": process_time(), "days": done.days, "refused": done.refused}


if __name__ == "__main__":
    place = Path(sys.argv[1])
    told = with_prefect(place) if "--prefect" in sys.argv else night(place)
    told["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(told))
