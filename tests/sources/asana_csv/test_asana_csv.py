"""The reader of Asana's CSV against its golden table."""

from __future__ import annotations

from pathlib import Path

from tests.sources.golden import assert_golden, whole
from transforms.sources.asana_csv import SOURCE

HERE = Path(__file__).parent


def test_golden() -> None:
    batch = whole(SOURCE, HERE / "tasks.csv")
    assert_golden(batch, HERE)
    assert (batch.records, batch.skipped, batch.duplicates) == (7, 2, 1)
    for rows in (batch.events, batch.participations, batch.rejects):
        assert "SECRET" not in rows.write_csv()


def test_nobody_is_said_to_have_done_it() -> None:
    batch = whole(SOURCE, HERE / "tasks.csv")
    assert batch.events["initiator"].null_count() == batch.events.height
    assert set(batch.participations["role"]) == {"assignee"}
