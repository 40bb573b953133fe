"""Did last night work, is anything missing, what needs a person? One screen, and codes for monitoring."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flows import retention
from flows.directories import directory_files
from flows.health import Finding, findings, missing, overdue
from flows.options import FAILED, OK, REFUSED
from flows.plan import ASIDE, file_id, found_files, known_files, masked
from warehouse.connection import WarehouseBusyError, lock_holder, open_readonly

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from flows.config import Config

NIGHTS = 5  # runs that are listed
STUCK_HOURS = 20  # a run is stopped before it has lasted so long


@dataclass(slots=True)
class Status:
    """What there is to know. `broken` says why the last night did not do its work; `needs` what needs a person."""

    broken: list[str] = field(default_factory=list)
    needs: list[Finding] = field(default_factory=list)
    busy: str = ""
    runs: list[dict[str, Any]] = field(default_factory=list)  # newest first
    last_good: datetime | None = None
    events: int = 0
    first_day: str | None = None
    last_day: str | None = None
    kept: list[str] = field(default_factory=list)  # what is let go of after some time, in sentences
    published: str | None = None
    waiting_days: int = 0
    aside: int = 0  # folders and archives of which files are left aside
    sources: list[dict[str, Any]] = field(default_factory=list)

    @property
    def code(self) -> int:
        """Exit code: 0 all well, 1 the last night did not do its work, 3 it did, but something needs a person."""
        return FAILED if self.broken else REFUSED if self.needs else OK

    def facts(self) -> dict[str, Any]:
        """All of it, for JSON."""
        verdict = {OK: "ok", FAILED: "broken", REFUSED: "needs you"}[self.code]
        needs = [{"kind": one.kind, "words": one.words} for one in self.needs]
        return {"verdict": verdict, "exit_code": self.code, **asdict(self), "needs": needs}


def status(config: Config, hours: float | None = None, now: datetime | None = None) -> Status:
    """Look at the warehouse; `hours` is how old the last good run may be, if not by its own rhythm."""
    now = now or datetime.now(UTC)
    found = Status(published=str(config.current) if config.current.exists() else None)
    if not config.warehouse.exists():
        found.broken.append(f"{config.warehouse}: nothing has run yet; run `tieline run`")
        return found
    try:
        con = open_readonly(config.warehouse)
    except WarehouseBusyError as error:
        found.busy = str(error)
        since = lock_holder(config.warehouse)
        if since and (now - since).total_seconds() > (hours or STUCK_HOURS) * 3600:
            found.broken.append(
                f"a run has been busy since {since:%Y-%m-%d %H:%M} UTC; stop it and run again"
            )
        return found
    with con:
        if ("run",) not in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            found.broken.append(
                f"{config.warehouse}: the first run was ended early; run `tieline run`"
            )
            return found
        _runs(con, config, found, now, hours)
        _contents(con, config, found)
    return found


def report(config: Config, hours: float | None = None) -> tuple[list[str], int]:
    """Lines to print, and the exit code."""
    found = status(config, hours)
    return list(_lines(found)), found.code


def _runs(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    found: Status,
    now: datetime,
    hours: float | None,
) -> None:
    known = _table(con, "run_stage")
    memory = "(SELECT max(memory_mb) FROM run_stage AS s WHERE s.run_id = run.run_id)"
    rows = con.execute(
        "SELECT run_id, started_at, state, message, files, events, rejected, stale_days,"
        f" seconds_read + seconds_transform + seconds_publish, {memory if known else 'NULL'}"
        " FROM run ORDER BY run_id DESC LIMIT ?",
        [NIGHTS],
    ).fetchall()
    names = ("run_id", "started_at", "state", "message", "files", "events", "rejected", "stale_days",
             "seconds", "memory_mb")  # fmt: skip
    found.runs = [dict(zip(names, row, strict=True)) for row in rows]
    found.last_good = con.execute(
        "SELECT max(ended_at) FROM run WHERE state = 'succeeded'"
    ).fetchall()[0][0]
    last = found.runs[0] if found.runs else None
    if last is None or last["state"] != "succeeded":
        found.broken.append("the last run did not succeed; mend the cause and run `tieline run`")
    if not known:
        return  # written by an earlier release, and not opened by this one yet
    good = con.execute(
        "SELECT started_at FROM run JOIN run_origin USING (run_id)"
        " WHERE flow IN ('nightly', 'ingest') AND state = 'succeeded' ORDER BY run_id DESC LIMIT 30"
    ).fetchall()
    late = overdue([started for (started,) in good], now, config.time_zone, hours)
    if late:
        found.broken.append(late.words)
    found.needs += findings(con, config)


def _contents(con: duckdb.DuckDBPyConnection, config: Config, found: Status) -> None:
    found.events, first, last = con.execute(
        "SELECT count(*), min(day), max(day) FROM event"
    ).fetchall()[0]
    found.first_day, found.last_day = (str(day) if day else None for day in (first, last))
    found.kept = retention.told(con)
    found.waiting_days = con.execute(
        "SELECT count(*) FROM stale_day WHERE day < ?", [config.today()]
    ).fetchall()[0][0]
    if found.waiting_days:
        found.broken.append("days wait to be computed; `tieline run` does it")
    rows = con.execute(
        "SELECT source, count(*), max(last_day), sum(rejected)::BIGINT FROM source_file GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    found.sources = [
        {
            "source": name,
            "files": files,
            "last_day": str(day) if day else None,
            "rejected": rejected,
        }
        for name, files, day, rejected in rows
    ]
    found.aside = con.execute(
        "SELECT count(DISTINCT file_id) FROM quarantine WHERE starts_with(reason, ?)", [ASIDE]
    ).fetchall()[0][0]
    refused = con.execute(
        "SELECT file_id, reason FROM quarantine WHERE stage = 'batch' ORDER BY ALL"
    ).fetchall()
    labels = {
        file_id(source.name, label): label
        for source in config.settings.source
        for label in (*map(config.relative, config.files(source.files)), source.files.rstrip("/"))
    } | {
        file_id("directory", label): label
        for label in (*directory_files(config), *config.settings.people.directories)
    }
    if any(number not in labels for number, _ in refused):  # within a folder or an archive
        labels |= {f.file_id: f.label for f in found_files(config, known_files(con)).files}
    found.needs += dict.fromkeys(  # once, where several sources are refused one file
        Finding("refused", f"{masked(labels.get(number, 'a file that is gone'))}: {reason}")
        for number, reason in refused
    )
    found.needs += missing(con, config)


_HEADS = {"refused": "Refused", "missing": "Missing"}


def _lines(found: Status) -> Iterator[str]:
    if found.busy:
        yield f"A run is busy: {found.busy}"
    for words in found.broken:
        yield f"BROKEN      {words}"
    for one in found.needs:
        yield f"{_HEADS.get(one.kind, 'Look at'):<11} {one.words}"
    if found.busy or not found.runs:
        return
    if not found.broken and not found.needs:
        yield "All is well."
    last = found.runs[0]
    yield f"Last run    {last['run_id']} {last['state']}" + (
        f": {last['message']}" if last["message"] else f", {last['seconds']:.1f} s"
    )
    yield (
        f"            {last['files']:,} files read, {last['events']:,} events,"
        f" {last['rejected']:,} refused, {last['stale_days']:,} days restated"
    )
    yield (
        f"Last good   {found.last_good:%Y-%m-%d %H:%M} UTC"
        if found.last_good
        else "Last good   none yet"
    )
    yield f"Warehouse   {found.events:,} events" + (
        f", {found.first_day} to {found.last_day}" if found.events else ""
    )
    yield from found.kept
    yield f"Published   {found.published or 'nothing yet'}"
    if found.waiting_days:
        yield f"Waiting     {found.waiting_days:,} days to be computed"
    if found.aside:
        yield (
            f"Left aside  files of {found.aside:,} folder{'s' * (found.aside != 1)} or archive"
            f"{'s' * (found.aside != 1)}; `tieline quarantine list` says which and why"
        )
    yield "Runs"
    for run in found.runs:
        memory = f" {run['memory_mb']:>7,.0f} MB" if run["memory_mb"] else ""
        yield (
            f"  {run['started_at']:%Y-%m-%d %H:%M} {run['state']:<9} {run['files']:>5,} files"
            f" {run['events']:>9,} events {run['seconds']:>8,.1f} s{memory}"
        )
    yield "Sources"
    for source in found.sources:
        rejects = f", {source['rejected']:,} rejects" if source["rejected"] else ""
        yield (
            f"  {source['source']:<24} {source['files']:>5,} files,"
            f" last day {source['last_day'] or 'none'}{rejects}"
        )


def _table(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    return bool(
        con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = ?", [name]).fetchall()
    )
