"""Nights with retention: old events go from tables and bytes, published numbers stay, old exports bring nothing back."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from flows.config import SETTINGS
from flows.config_read import read_config
from flows.status import report
from tests.flows.conftest import assert_same, make_home, published, small_network, write_exports
from tests.plain_night import night

pytestmark = pytest.mark.slow

SHORT = """
[parameters]
introduction_days = 14
introduction_history = 14
conversion_days = 7
half_life_months = 1
"""


def test_old_events_go_and_published_numbers_stay(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", small_network(weeks=3))  # of January 2026
    path = home / SETTINGS
    path.write_text(path.read_text() + SHORT)
    night(home)
    config = read_config(path, home)
    today = config.today()
    shown = published(home)
    months = (today.year - 2026) * 12 + today.month - 1  # all but what is of January
    path.write_text(path.read_text() + f"[retention]\nmonths = {months}\n")
    kept = date(2026, 1, 1) if months == 0 else None
    assert kept is None
    (home / "more").mkdir()
    write_exports(home, small_network(weeks=7))  # a new export, with January in it and February
    night(home)
    config = read_config(path, home)
    with duckdb.connect(config.warehouse, read_only=True) as con:
        first = con.execute("SELECT min(day) FROM event").fetchall()[0][0]
        assert first >= date(2026, 1, 1)
        since, closed, began = con.execute("FROM retention").fetchall()[0]
        assert since == date(2026, 1, 1)
        assert closed > date(2026, 4, 1)
        assert began == date(2026, 1, 5)
    # A month later January goes.
    path.write_text(path.read_text().replace(f"months = {months}\n", f"months = {months - 1}\n"))
    before = published(home)
    night(home)
    with duckdb.connect(config.warehouse, read_only=True) as con:
        for table in ("event", "participation", "observed_event", "tie_day", "attendance"):
            old = con.execute(
                f"SELECT count(*) FROM {table} WHERE day < DATE '2026-02-01'"
            ).fetchall()
            assert old == [(0,)], table
        assert con.execute("SELECT count(*) FROM event").fetchall()[0][0] > 0
    assert_same(published(home), before)
    assert set(before) == set(shown)
    lines, _ = report(read_config(path, home))
    assert any("events since 2026-02-01" in line for line in lines)
    # The same export again, and longer retention, bring nothing back.
    path.write_text(path.read_text().replace(f"months = {months - 1}\n", "months = 0\n"))
    mail = home / "incoming" / "bosk-mail.mbox"
    mail.write_text(mail.read_text() + "\n")
    night(home)
    with duckdb.connect(config.warehouse, read_only=True) as con:
        assert con.execute("SELECT min(day) FROM event").fetchall()[0][0] >= date(2026, 2, 1)
    assert_same(published(home), before)
