"""What the sources brought tonight, held against what is usual for each: noted, judged, kept."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import polars as pl

from quality.learnt import Night, delivered, learn, rest, working_days
from quality.night import judge
from quality.nights import NIGHTS, nights
from quality.own import NIGHT
from quality.usual import ENOUGH
from warehouse import state
from warehouse.schema import SOURCE_NIGHT, polars_schema

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import duckdb

    from flows.config import Config
    from flows.session import Open
    from flows.stopwatch import Brought


def judge_sources(held: Open) -> None:
    """Judge the night, once everything is loaded; a source that brought nothing is judged too."""
    today = held.config.today()
    names = [source.name for source in held.config.delivering(today)]
    past = nights(held.con, held.config.time_zone, today, names)
    newest = _newest(held.con, today)
    for name, events in state.broken_off(held.con, _midnight(held.config, today)).items():
        held.watch.source(name).events += events
    for name in names:
        known = max((one.newest for one in past[name] if one.newest), default=None)
        held.watch.source(name).newest = newest.get(name, known)
    tonight = {name: _tonight(past[name], today, held.watch.source(name)) for name in names}
    before = {name: [one for one in past[name] if one.day < today] for name in names}
    own = [one for one in held.owns if one.table == NIGHT]
    is_learnt = max(map(len, before.values()), default=0) >= ENOUGH and not _is_judged(held, past)
    if not own and not is_learnt:
        return  # before Great Expectations is imported, which takes seconds
    off = _off(held.config, today)
    rows = [
        _row(name, held.watch.source(name), [*before[name], tonight[name]], off) for name in names
    ]
    outcomes = judge(
        held.con,
        pl.DataFrame(rows, schema=polars_schema(SOURCE_NIGHT), orient="row"),
        learn(before, tonight, off),
        own,
        data_docs=held.config.docs,
        run_id=held.run_id,
        keep=held.config.settings.quality.docs_runs,
    )
    held.con.register("outcomes", outcomes)
    held.con.execute("INSERT INTO quality_result BY NAME FROM outcomes")
    held.con.unregister("outcomes")


def _is_judged(held: Open, past: Mapping[str, Sequence[Night]]) -> bool:
    """Whether a run of today was judged, and this one brought nothing that would change what it found."""
    today = held.config.today()
    return all(
        nights and nights[-1].day == today and not (brought.files or brought.refused)
        for name, nights in past.items()
        for brought in [held.watch.source(name)]
    )


def _midnight(config: Config, day: date) -> datetime:
    return datetime.combine(day, time(), config.time_zone)


def _newest(con: duckdb.DuckDBPyConnection, today: date) -> Mapping[str, date]:
    """Source → newest day until `today` with an event: meetings are planned ahead."""
    return dict(
        con.execute(
            "SELECT source, max(day) FROM observation WHERE day BETWEEN ? AND ? GROUP BY source",
            [today - timedelta(days=NIGHTS), today],
        ).fetchall()
    )


def _tonight(past: Sequence[Night], today: date, brought: Brought) -> Night:
    """This run together with the earlier ones of the day."""
    earlier = past[-1] if past and past[-1].day == today else Night(today, 0)
    events = earlier.events + brought.events
    return Night(today, events, brought.newest, earlier.whole and not brought.refused)


def _off(config: Config, today: date) -> Collection[date]:
    """Days on which few work, as far back as nights are known."""
    from warehouse.serving.days_off import days_off  # takes a second

    holidays = days_off(config.settings.network.country, today - timedelta(days=NIGHTS), today)
    return rest(holidays.filter(kind="public")["first_day"])


def _row(
    name: str, brought: Brought, known: Sequence[Night], off: Collection[date]
) -> tuple[object, ...]:
    tonight = known[-1]
    last = delivered(known)
    return (
        name, brought.files, brought.records, tonight.events, brought.rejected, brought.refused, tonight.newest,
        working_days(tonight.newest, tonight.day, off) if tonight.newest else None,
        working_days(last[-1][1], tonight.day, off) if last else None,
    )  # fmt: skip
