"""What deserves attention: the published signals, or the states of lines in a release without them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from warehouse.serving.report.words import words

if TYPE_CHECKING:
    import duckdb

SIGNAL: Final = """
SELECT kind, grain, period, channel, boundary, unit, other_unit, score, sentence_{language}
FROM mart.signal WHERE grain IN ('month', 'quarter') ORDER BY score DESC, boundary, channel, unit, other_unit, grain, period, kind"""

TURNED: Final = """
WITH step AS (
  SELECT *, lag(state) OVER series AS before, lag(weight) OVER series AS weight_before
  FROM mart.line WHERE grain = 'month'
  WINDOW series AS (PARTITION BY channel, boundary, unit, other_unit ORDER BY period)
)
SELECT state, grain, period, channel, boundary, unit, other_unit,
  greatest(coalesce(recent, 0), coalesce(base, 0), coalesce(weight, 0)) AS score
FROM step
WHERE state IN ('quiet', 'lost', 'closed', 'revived', 'new', 'growing', 'weakening')
  AND before IS NOT NULL AND state <> before
  OR state = 'new' AND before IS NULL
ORDER BY score DESC, boundary, channel, unit, other_unit, period, state"""


def read_signals(con: duckdb.DuckDBPyConnection, language: str) -> list[tuple[Any, ...]]:
    """Rows of kind, grain, period, channel, boundary, unit, other_unit, score and sentence."""
    has_signals = con.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'mart' AND table_name = 'signal'"
    ).fetchall()[0][0]
    if has_signals:
        return con.execute(SIGNAL.format(language=language)).fetchall()
    text = words(language)
    return [
        (
            state, grain, period, channel, boundary, unit, other, score,
            text[f"signal_{state}"].replace("{unit}", unit).replace("{other}", other),
        )
        for state, grain, period, channel, boundary, unit, other, score in con.execute(
            TURNED
        ).fetchall()
    ]  # fmt: skip
