"""What must hold after any fault, whatever it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.config import SETTINGS
from flows.config_read import read_config
from flows.status import report
from tests.flows.conftest import Tables, is_same, published, tables
from warehouse.connection import open_readonly, warehouse_lock
from warehouse.serving.releases import current

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# What one transaction writes: after a kill all of it is old, or all of it is new.
AT_ONCE = (
    (
        "event", "participation", "observation", "observed_event", "observed_participation",
        "source_file", "quarantine", "membership", "address_alias", "boundary",
    ),
    ("tie_day", "tie", "line", "metric_value", "trend", "model_state"),
)  # fmt: skip


def look(
    home: Path, *, before: Tables, after: Tables, release: Tables | None, released: Tables
) -> Tables | None:
    """What the next run and readers find; `released` is the good night's. Gives the release of now."""
    warehouse = home / "warehouse/tieline.duckdb"
    with warehouse_lock(warehouse, 0, "test"):
        pass
    if warehouse.exists():
        report(read_config(home / SETTINGS))
    if not (home / "warehouse/identity/identity.duckdb").exists():
        assert not before, "the identities are gone"  # the first night, before it made them
    else:
        found = tables(home, [name for names in AT_ONCE for name in names])
        for names in AT_ONCE:
            now = part(found, names)
            if all(rows.is_empty() for rows in now.values()):
                assert not before, names
            else:
                assert is_same(now, part(before, names)) or is_same(now, part(after, names)), names
    if current(home / "published") is None:
        assert release is None, "the release is gone"
        return None
    with open_readonly(home / "published/current/bi.duckdb") as con:
        assert con.execute("SELECT count(*) > 0 FROM mart.metric_value").fetchall() == [(True,)]
    seen = published(home)
    assert is_same(seen, released) or (release is not None and is_same(seen, release))
    return seen


def part(found: Tables, names: Iterable[str]) -> Tables:
    return {f"main.{name}": found[f"main.{name}"] for name in names if f"main.{name}" in found}
