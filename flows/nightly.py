"""The nightly flow: read what is new, check and load it, restate what it touches, publish.

Prefect sees a task per file and one per stage. Everything they do is in plain functions of the
modules beside this one; the warehouse's own lock and run log are what counts.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from prefect import flow, task
from prefect.tasks import exponential_backoff

from flows import ingest
from flows.config import read_config, read_key
from flows.plan import found_files, to_read
from flows.progress import steps
from flows.publish import release
from flows.transform import bring_up_to_date, models_of
from transforms.model import Model
from transforms.runner import Built
from warehouse import identity, load, state
from warehouse.connection import open_warehouse, warehouse_lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from flows.config import Config
    from flows.plan import ExportFile

# A share that is away for a moment deserves a second try; a broken file does not.
_RETRIES: dict[str, Any] = {
    "retries": 2,
    "retry_delay_seconds": exponential_backoff(backoff_factor=2),
    "retry_condition_fn": lambda _task, _run, state: isinstance(
        state.result(raise_on_failure=False), OSError
    ),
}


@dataclass(slots=True)
class Done:
    """What a run did, for whoever started it."""

    run_id: str
    files: int = 0
    events: int = 0
    quarantined: int = 0
    refused: list[str] = field(default_factory=list)
    days: int = 0
    periods: int = 0
    rebuilt: int = 0
    release: str | None = None
    seconds: float = 0.0
    seconds_read: float = 0.0
    seconds_transform: float = 0.0
    seconds_publish: float = 0.0


@dataclass(frozen=True, slots=True)
class Open:
    """What the stages of one run share."""

    config: Config
    con: duckdb.DuckDBPyConnection
    identity: duckdb.DuckDBPyConnection
    key: bytes
    run_id: str


@task(task_run_name="read {file.label}", **_RETRIES)
def read_file(held: Open, file: ExportFile) -> ingest.Read:
    """Read one export file into the staging tables."""
    return ingest.stage_file(held.con, held.identity, held.config, file, held.key, held.run_id)


@task(task_run_name="check and load batch {batch}")
def check_and_load(held: Open, batch: int) -> ingest.Checked:
    """Validate the staged batch with the memberships of now; load it in one transaction."""
    told = ingest.read_directories(held.con, held.identity, held.config)
    found = ingest.stage_people(held.con, held.identity, held.config, told, held.key)
    return ingest.check_and_load(
        held.con, held.config, found, run_id=held.run_id, batch=batch, unread=told.refused
    )


@task(task_run_name="transform")
def transform(held: Open, models: list[Model], *, rebuild: bool) -> Built:
    """Restate every stale period."""
    today = held.config.today()
    with steps("transform", len(models)) as show:
        return bring_up_to_date(
            held.con, held.config, models, today=today, rebuild=rebuild, progress=show
        )


@task(task_run_name="publish", **_RETRIES)
def publish(held: Open, models: list[Model]) -> Path | None:
    """Release the thresholded tables."""
    return release(held.con, held.config, models, run_id=held.run_id, today=held.config.today())


@flow(name="tieline-nightly", flow_run_name="nightly")
def nightly(
    settings: str = "tieline.toml", home: str | None = None, rebuild: bool = False, wait: int = 0
) -> Done:
    """Do the whole night once.

    Args:
        settings: path of tieline.toml.
        home: folder that relative paths start from, if not that of the settings.
        rebuild: compute every model anew.
        wait: seconds to wait while another run holds the warehouse.
    """
    config = read_config(Path(settings), Path(home) if home else None)
    models = models_of(config)
    now = datetime.now(UTC)
    done = Done(state.new_run_id(now))
    begun = perf_counter()
    with ExitStack() as stack:
        stack.enter_context(warehouse_lock(config.warehouse, wait, done.run_id))
        key = read_key(config)
        con = stack.enter_context(open_warehouse(config.warehouse, reach=[config.published]))
        people = stack.enter_context(open_warehouse(config.identity))
        load.create(con)
        identity.create(people)
        load.clear_stage(con)
        held = Open(config, con, people, key, done.run_id)
        state.begin_run(con, done.run_id, now)
        try:
            _night(held, done, models, rebuild=rebuild)
        except BaseException as error:
            state.end_run(con, done.run_id, "failed", f"{type(error).__name__}: {error}")
            raise
        done.seconds = perf_counter() - begun
        state.end_run(con, done.run_id, "succeeded")
    return done


def _night(held: Open, done: Done, models: list[Model], *, rebuild: bool) -> None:
    clock = perf_counter()
    for read, checked in _ingested(held):
        done.files += len(read)
        done.events += sum(one.events for one in read)
        done.quarantined += checked.quarantined
        done.refused += [f"{one.file.label}: {one.refused}" for one in read if one.refused]
        done.refused += [one for one in checked.refused if one not in done.refused]
    done.seconds_read, clock = perf_counter() - clock, perf_counter()
    built = transform(held, models, rebuild=rebuild)
    done.days, done.periods, done.rebuilt = built.days, built.periods, len(built.rebuilt)
    done.seconds_transform, clock = perf_counter() - clock, perf_counter()
    released = publish(held, models)
    done.release = str(released) if released else None
    done.seconds_publish = perf_counter() - clock
    facts = {
        "files": done.files, "events": done.events, "rejected": done.quarantined,
        "stale_days": done.days, "seconds_read": done.seconds_read,
        "seconds_transform": done.seconds_transform, "seconds_publish": done.seconds_publish,
    }  # fmt: skip
    state.note_run(held.con, held.run_id, facts)


def _ingested(held: Open) -> Iterator[tuple[list[ingest.Read], ingest.Checked]]:
    """Read in batches of so many rows, each checked and loaded before the next is read."""
    there, aside = found_files(held.config)
    ingest.note_left_aside(held.con, aside)
    ingest.forget_refusals(held.con, there)
    files = to_read(held.con, there)
    batch, rows, number = [], 0, 1
    with steps("read", len(files)) as show:
        for file in files:
            show(file.label)
            batch.append(read_file(held, file))
            rows += batch[-1].participations
            if rows >= ingest.STAGE_ROWS:
                yield batch, check_and_load(held, number)
                batch, rows, number = [], 0, number + 1
    if batch or ingest.people_changed(held.con, held.identity, held.config, held.key):
        yield batch, check_and_load(held, number)
