"""What deserves attention, strongest first, from the published signals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import duckdb

SIGNAL: Final = """
SELECT kind, grain, period, channel, boundary, unit, other_unit, score, sentence_{0}, title_{0}
FROM mart.signal WHERE grain IN ('month', 'quarter')
ORDER BY score DESC, boundary, channel, unit, other_unit, grain, period, kind"""


def read_signals(con: duckdb.DuckDBPyConnection, language: str) -> list[tuple[Any, ...]]:
    """Rows of kind, grain, period, channel, boundary, unit, other_unit, score, sentence and title."""
    return con.execute(SIGNAL.format(language)).fetchall()
