"""Rows of many files wait together: what is staged is what the files that were not taken back show."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.network import empty_warehouse
from warehouse import identity, schema, staging
from warehouse.connection import open_scratch
from warehouse.staging import Staging

WAREHOUSE = empty_warehouse()
PEOPLE = open_scratch()
identity.create(PEOPLE)


def quarantine(file: int, count: int) -> pl.DataFrame:
    rows = [
        {"file_id": file, "position": n, "place": "line", "stage": "read", "reason": "x", "record": None}
        for n in range(count)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema.polars_schema(schema.QUARANTINE))


steps = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 5), st.booleans(), st.booleans()), max_size=12
)


@given(steps=steps, most=st.integers(1, 8))
@settings(max_examples=60)
def test_what_is_staged_is_what_was_not_taken_back(
    steps: list[tuple[int, int, bool, bool]], most: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staging, "MOST_ROWS", most)
        WAREHOUSE.execute("DELETE FROM stage.quarantine")
        PEOPLE.execute("DELETE FROM identity")
        held, expected, seen = Staging(WAREHOUSE, PEOPLE), {}, set()
        for file, count, is_broken, is_flushed in steps:
            held.forget(file)  # a second reading of a file starts afresh
            expected[file] = 0 if is_broken else 2 * count
            for _ in range(2):
                held.add(file, schema.QUARANTINE, quarantine(file, count))
                held.seen(pl.DataFrame({"address_id": [file], "address": [f"{file}@x.example"]}))
            seen.add(file)
            if is_broken:
                held.forget(file)
            if is_flushed:
                held.flush()
        held.flush()
    found = WAREHOUSE.execute(
        "SELECT file_id, count(*) FROM stage.quarantine GROUP BY ALL"
    ).fetchall()
    assert dict(found) == {file: count for file, count in expected.items() if count}
    assert {number for number, _ in identity.addresses(PEOPLE).rows()} == seen
