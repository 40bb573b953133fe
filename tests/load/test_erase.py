"""People taken out of what is loaded leave what loading without them gives, under any key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.load.test_load import KEY, PEOPLE, contents, exports, load_file
from tests.network import empty_warehouse
from transforms.people import Counted, keyed_id, renewed
from warehouse import load, rekey, schema
from warehouse.erase import erase, files_with

if TYPE_CHECKING:
    from collections.abc import Iterable

MORE = KEY + b"\n" + b"m" * 32


def ids(people: Iterable[str]) -> pl.Series:
    return pl.Series("address_id", [keyed_id(p, KEY) for p in people], pl.Int64)


def views(con: duckdb.DuckDBPyConnection) -> list[list]:
    """What every file showed, and who showed what."""
    return [
        con.execute(f"FROM {name} ORDER BY ALL").fetchall()
        for name in ("observed_event", "observed_participation", "observation", "source_file")
    ]


@settings(max_examples=25)
@given(exports, st.sets(st.sampled_from(PEOPLE), min_size=1, max_size=2))
def test_erasing_gives_what_loading_without_them_gives(files: dict, who: set[str]) -> None:
    there, without = empty_warehouse(), empty_warehouse()
    for name in sorted(files):
        load_file(there, name, files[name])
        load_file(without, name, files[name], Counted(ids(who)))
    whole = empty_warehouse()
    for name in sorted(files):
        load_file(whole, name, files[name])
    there.execute("DELETE FROM stale_day")
    erased = erase(there, ids(who))
    assert contents(there) == contents(without)
    # The ledger still counts what the file held.
    assert views(there)[:3] == views(without)[:3]
    before, after = (dict_of_days(con) for con in (whole, there))
    changed = {day for day in before.keys() | after.keys() if before.get(day) != after.get(day)}
    stale = {day for (day,) in there.execute("FROM stale_day").fetchall()}
    assert stale == changed
    assert erased.stale_days == len(stale)
    assert erase(there, ids(who)) == load.Loaded(0, 0)
    # A later export with them brings nothing back.
    for name in sorted(files):
        load_file(there, name, files[name], Counted(ids(who)))
    assert contents(there) == contents(without)


def dict_of_days(con: duckdb.DuckDBPyConnection) -> dict:
    events, seats = contents(con)
    days: dict = {}
    for row in events:
        days.setdefault(row[3], []).append(row)
    for row in seats:
        days.setdefault(row[0], []).append(row)
    return days


@settings(max_examples=15)
@given(exports)
def test_a_renewed_key_gives_what_loading_under_it_gives(files: dict) -> None:
    there, under = empty_warehouse(), empty_warehouse()
    for name in sorted(files):
        load_file(there, name, files[name])
        load_file(under, name, files[name], key=MORE)
    rekey.renew_warehouse(there, lambda n: renewed(n, [b"m" * 32]), "the new one")
    assert contents(there) == contents(under)
    assert views(there) == views(under)
    assert rekey.mark(there) == "the new one"


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = empty_warehouse()
    mail = {
        "key": "m1", "day": 1, "revision": 0, "cancelled": False, "reply": None,
        "people": {PEOPLE[1]: ("to", "none", False), PEOPLE[2]: ("to", "none", False)},
    }  # fmt: skip
    load_file(con, "f1", [mail])
    return con


def test_memberships_aliases_and_refused_rows_go_too(con: duckdb.DuckDBPyConnection) -> None:
    b, c, d = (keyed_id(p, KEY) for p in PEOPLE[1:])
    con.execute("INSERT INTO boundary VALUES ('organisation')")
    con.executemany(
        "INSERT INTO membership VALUES (?, 'organisation', 'X', DATE '0001-01-01', DATE '9999-12-31', 1, 'directory')",
        [[b], [c]],
    )
    con.executemany("INSERT INTO address_alias VALUES (?, ?)", [[d, b]])
    con.executemany(
        "INSERT INTO quarantine VALUES (1, ?, 'position', 'validate', 'why', ?)",
        [(1, f'{{"address_id":{d},"role":"to"}}'), (2, f'{{"event_id":{d},"initiator":{b}}}'),
         (3, f'{{"event_id":{d},"initiator":{c}}}'), (4, None)],
    )  # fmt: skip
    con.execute("UPDATE source_file SET path = 'incoming/b.bakker@x.example.ics'")
    found = ids(PEOPLE[1:2]).append(ids(PEOPLE[3:]))
    assert files_with(con, found) == ["incoming/b.bakker@x.example.ics"]
    erase(con, found)
    assert con.execute("SELECT person_id FROM membership").fetchall() == [(c,)]
    assert con.execute("FROM address_alias").fetchall() == []
    assert con.execute("SELECT position FROM quarantine ORDER BY 1").fetchall() == [(3,), (4,)]
    assert con.execute("SELECT path FROM source_file").fetchall() == [("incoming/…@x.example.ics",)]


def test_a_renewal_that_fails_changes_nothing(con: duckdb.DuckDBPyConnection) -> None:
    def fails(_: int) -> int:
        raise KeyboardInterrupt

    before = contents(con)
    with pytest.raises(KeyboardInterrupt):
        rekey.renew_warehouse(con, fails, "new")
    assert contents(con) == before
    assert rekey.mark(con) is None


def test_numbers_in_refused_rows_are_renewed(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        """INSERT INTO quarantine VALUES (1, 2, 'position', 'validate', 'why', '{"file_id":5,"address_id":7,"role":"x"}')"""
    )
    rekey.renew_warehouse(con, lambda n: n + 100, "new")
    assert con.execute("SELECT record FROM quarantine").fetchall() == [
        ('{"file_id":5,"address_id":107,"role":"x"}',)
    ]


def test_every_keyed_column_is_known() -> None:
    """A column that was forgotten would keep numbers of the old key."""
    keyed = {
        column.name
        for table in schema.WAREHOUSE
        for column in table.columns
        if column.type == "BIGINT"
        and any(
            word in column.description.lower()
            for word in ("hash of one", "keyed", "address_id of", "event_id")
        )
    }
    assert keyed <= set(schema.KEYED)
