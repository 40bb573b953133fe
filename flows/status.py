"""Did the last run work, is anything missing, what needs a person?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.directories import directory_files
from flows.plan import file_id
from warehouse.connection import WarehouseBusyError, open_readonly

if TYPE_CHECKING:
    from flows.config import Config


def report(config: Config) -> tuple[list[str], bool]:
    """Lines to print, and whether all is well."""
    if not config.warehouse.exists():
        return [f"{config.warehouse}: nothing has run yet; run `tieline run`"], False
    try:
        con = open_readonly(config.warehouse)
    except WarehouseBusyError as error:
        return [f"A run is busy: {error}"], True
    with con:
        if ("run",) not in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            return [f"{config.warehouse}: the first run was ended early; run `tieline run`"], False
        last = con.execute(
            "SELECT run_id, started_at, state, message, files, events, rejected, stale_days,"
            " seconds_read + seconds_transform + seconds_publish FROM run ORDER BY run_id DESC LIMIT 1"
        ).fetchone()
        good = con.execute("SELECT max(ended_at) FROM run WHERE state = 'succeeded'").fetchall()[0][
            0
        ]
        totals = con.execute("SELECT count(*), min(day), max(day) FROM event").fetchall()[0]
        sources = con.execute(
            "SELECT source, count(*), max(last_day), sum(rejected)::BIGINT FROM source_file GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        refused = con.execute(
            "SELECT file_id, reason FROM quarantine WHERE stage = 'batch' ORDER BY ALL"
        ).fetchall()
        waiting = con.execute(
            "SELECT count(*) FROM stale_day WHERE day < ?", [config.today()]
        ).fetchall()[0][0]
    lines = []
    fine = last is not None and last[2] == "succeeded"
    if last:
        lines.append(
            f"Last run    {last[0]} {last[2]}"
            + (f": {last[3]}" if last[3] else f", {last[8]:.1f} s")
        )
        lines.append(
            f"            {last[4]:,} files read, {last[5]:,} events, {last[6]:,} refused, {last[7]:,} days restated"
        )
    lines.append(f"Last good   {good:%Y-%m-%d %H:%M} UTC" if good else "Last good   none yet")
    lines.append(
        f"Warehouse   {totals[0]:,} events" + (f", {totals[1]} to {totals[2]}" if totals[0] else "")
    )
    lines.append(f"Published   {config.current if config.current.exists() else 'nothing yet'}")
    if waiting:
        lines.append(f"Waiting     {waiting:,} days to be computed; `tieline run` does it")
        fine = False
    labels = {
        file_id(source.name, label): label
        for source in config.settings.source
        for label in map(config.relative, config.files(source.files))
    } | {file_id("directory", label): label for label in directory_files(config)}
    lines += [
        f"Refused     {labels.get(number, 'a file that is gone')}: {reason}"
        for number, reason in refused
    ]
    lines.append("Sources")
    lines += [
        f"  {name:<24} {count:>5,} files, last day {day or 'none'}"
        + (f", {rejects:,} rejects" if rejects else "")
        for name, count, day, rejects in sources
    ]
    missing = {s.name for s in config.settings.source} - {row[0] for row in sources}
    lines += [f"  {name:<24}  nothing loaded; `tieline check` says why" for name in sorted(missing)]
    return lines, fine and not refused and not missing
