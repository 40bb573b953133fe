"""What deserves attention, as sentences, from the published file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.trends import NothingToShowError
from warehouse.connection import open_readonly

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    import polars as pl

    from flows.config import Config

QUERY = """
SELECT c.name AS period, s.kind, s.boundary, s.unit, s.other_unit, s.score, s.sentence_en, s.sentence_nl
FROM mart.signal AS s
JOIN mart.calendar AS c ON c.grain = s.grain AND c.period = s.period
WHERE s.grain = $grain AND s.boundary IN ($boundary, '(all)') AND ($since IS NULL OR s.period >= $since)
ORDER BY s.period DESC, s.score DESC, s.kind, s.unit, s.other_unit
"""


def read_signals(
    config: Config, *, boundary: str | None, grain: str, since: date | None
) -> pl.DataFrame:
    """Signals of one boundary, the newest first and of each period the weightiest first.

    Columns: period (its name), kind, boundary, unit, other_unit, score, sentence_en, sentence_nl.
    """
    if not config.current.exists():
        raise NothingToShowError(
            f"{config.current}: nothing is published yet; run `tieline run` first"
        )
    wanted = {
        "boundary": boundary or config.settings.people.boundaries[0], "grain": grain, "since": since,
    }  # fmt: skip
    with open_readonly(config.current) as con:
        return con.sql(QUERY, params=wanted).pl()


def told_in(release: Path, boundary: str) -> list[tuple[str, str]]:
    """(period, sentence) of every signal per month in a published file, newest first."""
    wanted = {"boundary": boundary, "grain": "month", "since": None}
    with open_readonly(release) as con:
        rows = con.sql(QUERY, params=wanted).pl()
    return list(rows.select("period", "sentence_en").iter_rows())


def told(signals: pl.DataFrame, language: str) -> Iterator[str]:
    """Lines for a person: each period with its sentences."""
    period = None
    for row in signals.iter_rows(named=True):
        if row["period"] != period:
            period = row["period"]
            yield period
        yield f"  {row[f'sentence_{language}']}"
