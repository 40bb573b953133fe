"""The stages of a run as Prefect tasks: what is transient is tried again, and nothing hangs for ever.

Everything they do is in plain functions of the modules beside this one.
"""

from __future__ import annotations

import logging
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext

from flows import ingest
from flows.engines import spark_of
from flows.fetch import Fetched, fetch, let_go
from flows.journal import note
from flows.judging import judge_sources
from flows.lakes import write_lake
from flows.mirror import mirror
from flows.plan import (
    ExportFile,
    Found,
    LeftAside,
    found_files,
    known_files,
    renamed,
    renamed_sources,
    to_read,
)
from flows.progress import steps
from flows.publish import release
from flows.readers import side_by_side
from flows.remote import RemoteError
from flows.session import Done, Open
from flows.spool import Spooled
from flows.transform import bring_up_to_date
from flows.transient import retried
from quality.quarantine import now_in_reach
from quality.suites import Limits
from transforms.model import Model
from transforms.runner import Built
from warehouse import ledger, window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

HOUR = 3600
STAGE_TIMEOUT = 6 * HOUR  # no file and no stage of 100 million participations comes near it
FLOW_TIMEOUT = 20 * HOUR  # before the next night

# Whatever the settings of the machine: a stage is never taken from a cache.
_LIMITS: dict[str, Any] = {"timeout_seconds": STAGE_TIMEOUT, "cache_policy": NO_CACHE}
P = ParamSpec("P")
R = TypeVar("R")
Days = tuple["date", "date"]  # first and last


@task(task_run_name="fetch {address}", **_LIMITS, **retried(times=2, seconds=10))
def fetch_copies(held: Open, address: str) -> Fetched:
    """Bring the copies of files elsewhere up to date."""
    return fetch(held.config, address)


@task(task_run_name="read {file.shown}", **_LIMITS, **retried())
def read_file(held: Open, file: ExportFile, spooled: Spooled | None) -> ingest.Read:
    """Read one export file into the staging tables, or take over what a worker read."""
    return ingest.stage_file(
        held.con, held.identity, held.config, file, held.key, held.run_id, held.counted, held.since,
        spooled, held.staging,
    )  # fmt: skip


@task(task_run_name="check and load batch {batch}", **_LIMITS, **retried())
def check_and_load(held: Open, batch: int) -> ingest.Checked:
    """Validate the staged batch with the memberships of now; load it in one transaction."""
    told = ingest.read_directories(held.con, held.identity, held.config, held.key, held.counted)
    found = ingest.stage_people(held.con, held.identity, held.config, told, held.key, held.counted)
    return ingest.check_and_load(
        held.con,
        held.config,
        found,
        run_id=held.run_id,
        batch=batch,
        unread=told.refused,
        owns=held.owns,
    )


@task(task_run_name="judge the sources", **_LIMITS, **retried())
def judge_night(held: Open) -> None:
    """Hold what each source brought against what is usual for it."""
    judge_sources(held)


@task(task_run_name="lake", **_LIMITS, **retried())
def write_events(held: Open) -> None:
    """Bring the event lake up to date, if there is one."""
    write_lake(held.con, held.config, held.run_id)


@task(task_run_name="transform", **_LIMITS)
def transform(held: Open, models: list[Model], *, rebuild: bool = False) -> Built:
    """Restate every stale period."""
    today = held.config.today()
    with steps("transform", len(models)) as show:
        return bring_up_to_date(
            held.con, held.config, models, today=today, rebuild=rebuild, progress=show,
            spark=spark_of(held.config, models, held.run_id),
        )  # fmt: skip


@task(task_run_name="publish", **_LIMITS, **retried())
def publish(held: Open, models: list[Model]) -> Path | None:
    """Release the thresholded tables."""
    return release(held.con, held.config, models, run_id=held.run_id, today=held.config.today())


@task(task_run_name="copy to PostgreSQL", timeout_seconds=STAGE_TIMEOUT, **retried())
def copy_out(held: Open) -> int | None:
    """Copy the current release to PostgreSQL, where the settings ask for it and it is not there yet."""
    return mirror(held.config)


def _done(stage: Task[P, R], *arguments: P.args, **named: P.kwargs) -> R:
    """The task within a flow run; without Prefect, in tests and benchmarks, what it does."""
    return (stage if FlowRunContext.get() else stage.fn)(*arguments, **named)


def ingest_new(held: Open, done: Done) -> None:
    """Read what is new or changed, check and load it."""
    bring(held, done)
    there, aside = there_now(held)
    ingest.forget_refusals(held.con, there)
    due = now_in_reach(held.con, Limits(held.config.today()))
    ingest_files(held, done, to_read(held.con, there, due), aside)
    let_go(held.config, ingest.refused_paths(held.con, there))
    _done(judge_night, held)


def there_now(held: Open) -> Found:
    """Which files there are; the ledger follows those, and the sources, that got another name."""
    found = found_files(held.config, known_files(held.con))
    ledger.follow(held.con, *renamed_sources(held.con, held.config, found.files))
    ledger.follow(held.con, renamed(held.con, found.files))
    return found


def bring(held: Open, done: Done) -> None:
    """Fetch what is elsewhere; a place that cannot be reached is told, and keeps nothing else waiting."""
    for address in held.config.remote:
        with held.watch.stage("read"):
            try:
                missing = _done(fetch_copies, held, address).missing
            except RemoteError as error:
                missing = str(error).removeprefix(f"{address}: ")
        if missing:
            note("refused", f"{address}: {missing}", level=logging.WARNING, file=address)
            done.refused.append(f"{address}: {missing}")
            ingest.note_missing(held.con, held.config, address, missing)
            for source in held.config.settings.source:
                if source.files == address:  # such a night does not tell what the source delivers
                    held.watch.source(source.name).refused += 1


def ingest_files(
    held: Open,
    done: Done,
    files: Sequence[ExportFile],
    aside: Iterable[LeftAside] = (),
    days: Days | None = None,
) -> None:
    """Read `files`, check and load them; with `days` only what lies in these."""
    ingest.note_left_aside(held.con, aside)
    for read, checked in _batches(held, files, days):
        done.files += len(read)
        done.events += sum(one.events for one in read)
        done.quarantined += checked.quarantined
        told = (f"{one.file.shown}: {one.refused}" for one in read if one.refused)
        done.refused = list(dict.fromkeys((*done.refused, *told, *checked.refused)))


def compute(held: Open, done: Done, models: list[Model], *, rebuild: bool = False) -> None:
    """Restate what is stale; other engines find the events in the lake."""
    if held.config.settings.lake.path:
        _done(write_events, held)
    with held.watch.stage("transform") as stage:
        built = _done(transform, held, models, rebuild=rebuild)
        stage.amount += built.periods
    done.days, done.periods, done.rebuilt = built.days, built.periods, len(built.rebuilt)


def publish_new(held: Open, done: Done, models: list[Model]) -> None:
    """Publish, unless the current release is up to date."""
    with held.watch.stage("publish") as stage:
        released = _done(publish, held, models)
        stage.amount += released is not None
        done.release = str(released) if released else None
        if held.config.settings.publish.postgres:
            done.copied = _done(copy_out, held)


def _batches(
    held: Open, files: Sequence[ExportFile], days: Days | None
) -> Iterator[tuple[list[ingest.Read], ingest.Checked]]:
    """Read in batches of so many rows, each checked and loaded before the next is read."""
    batch: list[ingest.Read] = []
    rows, number = 0, 1
    with steps("read", len(files)) as show:
        spooled = side_by_side(held.config, files, held.counted, held.since)
        for file, read in zip(files, spooled, strict=True):
            show(file.shown)
            batch.append(_read(held, file, read))
            rows += batch[-1].participations
            if rows >= ingest.STAGE_ROWS:
                yield batch, _load(held, number, days)
                batch, rows, number = [], 0, number + 1
    if (
        batch
        or ingest.sources_changed(held.con, held.config)
        or ingest.people_changed(held.con, held.identity, held.config, held.key, held.counted)
        or ingest.is_refusal_staged(held.con)
    ):
        yield batch, _load(held, number, days)


def _read(held: Open, file: ExportFile, spooled: Spooled | None) -> ingest.Read:
    begun = perf_counter()
    with held.watch.stage("read") as stage:
        read = _done(read_file, held, file, spooled)
        stage.amount += file.size
    brought = held.watch.source(file.source.name)
    brought.files += 1
    brought.bytes += file.size
    brought.records += read.records
    brought.events += read.events
    brought.rejected += read.rejected
    brought.refused += read.refused is not None
    brought.seconds += perf_counter() - begun
    note(
        "refused" if read.refused else "file",
        f"{file.shown}: {read.refused or f'{read.events:,} events, {read.rejected:,} rejected'}",
        level=logging.WARNING if read.refused else logging.INFO,
        source=file.source.name, file=file.shown, bytes=file.size, records=read.records,
        events=read.events, rejected=read.rejected, seconds=round(perf_counter() - begun, 3),
    )  # fmt: skip
    return read


def _load(held: Open, batch: int, days: Days | None) -> ingest.Checked:
    with held.watch.stage("load") as stage:
        held.staging.flush()
        if days:
            window.keep_outside(held.con, *days)
        checked = _done(check_and_load, held, batch)
        stage.amount += checked.changed_events
    for source in checked.of_sources:
        held.watch.source(source).refused += 1
    return checked
