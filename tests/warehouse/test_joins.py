"""While models are computed joins run in the order that they are written in; before and after they do not."""

from __future__ import annotations

import duckdb
import pytest

from warehouse.connection import joins_as_written, open_scratch

SETTING = "SELECT current_setting('disabled_optimizers')"


def test_only_within() -> None:
    con = open_scratch()
    with joins_as_written(con):
        assert con.execute(SETTING).fetchall() == [("join_order",)]
    assert con.execute(SETTING).fetchall() == [("",)]


def test_an_error_in_a_transaction_stays_the_error() -> None:
    con = open_scratch()
    con.execute("BEGIN")
    with pytest.raises(duckdb.ConversionException), joins_as_written(con):
        con.execute("SELECT 'x'::INTEGER")
    con.execute("ROLLBACK")
