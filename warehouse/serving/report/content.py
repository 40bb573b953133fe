"""What the report shows, as plain data: SELECTs over the published schema `mart`, nothing else."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from warehouse.schema import ALL, CHANNELS, OTHER, UNKNOWN
from warehouse.serving.mart import REASONS
from warehouse.serving.report.layout import around
from warehouse.serving.report.quality import read_quality
from warehouse.serving.report.series import short
from warehouse.serving.report.signals import read_signals

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

GRAINS: Final = ("month", "quarter")

Row = tuple[Any, ...]


def read_content(
    con: duckdb.DuckDBPyConnection,
    language: str,
    told: Mapping[str, Any],
    other: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Everything that the report needs besides its blocks, in short form: names once, numbers by place in a list.

    Periods, units, metrics, channels and boundaries are numbered in the order of their lists; -1 is
    every unit together. `told` is what `read_blocks` says of all blocks together.

    Numbers are the same in every language: taken from the content in an `other` one, where it is there.
    """
    content = {**names(con, language), "channels": told["channels"]}
    content |= (
        {name: other[name] for name in other if name not in content}
        if other
        else _numbers(con, content, told)
    )
    content["signals"] = _signals(con, content, language)
    return content


def _numbers(
    con: duckdb.DuckDBPyConnection, content: dict[str, Any], told: Mapping[str, Any]
) -> dict[str, Any]:
    """What needs no words."""
    number_names(con, content)
    return {
        "price": price(con),
        "delivery": {grain: _delivery(con, grain) for grain in GRAINS},
        "quality": read_quality(con),
        "directions": _directions(con, content),
        "around": _around(content, told["weights"]),
    }


def names(con: duckdb.DuckDBPyConnection, language: str = "en") -> dict[str, Any]:
    """Names of everything, and what the release says of itself."""
    facts = [column[0] for column in con.execute("FROM mart.publication").description or ()]
    publication = dict(zip(facts, con.execute("FROM mart.publication").fetchall()[0], strict=True))
    # Of the network's own day: in the small hours it is another one.
    made = publication["published_at"].replace(tzinfo=UTC)
    publication["published_at"] = made.astimezone(ZoneInfo(publication["time_zone"]))
    boundaries = _column(
        con,
        "SELECT boundary FROM mart.unit GROUP BY boundary"
        " ORDER BY boundary <> 'organisation', count(*), boundary",
    ) or _column(con, "SELECT DISTINCT boundary FROM mart.metric_value ORDER BY 1")
    units = con.execute("SELECT boundary, unit FROM mart.unit ORDER BY boundary, unit").fetchall()
    periods = {
        grain: con.execute(
            "SELECT name, first_day, last_day, completeness FROM mart.calendar"
            " WHERE grain = ? ORDER BY period",
            [grain],
        ).fetchall()
        for grain in GRAINS
    }
    metrics = con.execute(
        f"SELECT metric || '.' || measure, title_{language}, definition_{language}, unit, unit_{language},"
        f" range, direction, coalesce(reading_{language}, ''), coalesce(reference, ''),"
        " coalesce(parameters, '') FROM mart.metric ORDER BY metric, measure"
    ).fetchall()
    return {
        "language": language,
        "publication": {name: _text(value) for name, value in publication.items()},
        "boundaries": boundaries,
        "channels": [ALL, *CHANNELS],
        "units": [
            [boundaries.index(boundary), unit] for boundary, unit in units if boundary in boundaries
        ],
        "metrics": metrics,
        "reasons": list(REASONS),
        "periods": {
            grain: [[name, str(first), str(last), short(part)] for name, first, last, part in rows]
            for grain, rows in periods.items()
        },
        "unknown": UNKNOWN,
        "other": OTHER,
        "all": ALL,
    }


def _text(value: object) -> object:
    return value if isinstance(value, str | int | float | None) else str(value)


def _column(con: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    return [row[0] for row in con.execute(query).fetchall()]


def number_names(con: duckdb.DuckDBPyConnection, content: dict[str, Any]) -> None:
    """Temporary tables that turn names into the numbers of `content`."""
    units = [(content["boundaries"][boundary], unit) for boundary, unit in content["units"]]
    everything = [(boundary, ALL) for boundary in content["boundaries"]]
    numbered = {
        "unit_number": [(*one, n) for n, one in enumerate(units)]
        + [(*one, -1) for one in everything],
        "metric_number": [(*row[0].split("."), n) for n, row in enumerate(content["metrics"])],
    }
    for name, rows in numbered.items():
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} (a VARCHAR, b VARCHAR, n INTEGER)")
        if rows:
            con.executemany(f"INSERT INTO {name} VALUES (?, ?, ?)", rows)


def _delivery(con: duckdb.DuckDBPyConnection, grain: str) -> list[list[Any]]:
    """[source, partner, [place, part of the usual, is it missing], ...], all channels together."""
    rows = con.execute(
        """
WITH period AS (
  SELECT period, row_number() OVER (ORDER BY period) - 1 AS idx
  FROM mart.calendar WHERE grain = $grain
)
SELECT source, partner, list([idx::DOUBLE, d.share, d.is_missing::DOUBLE] ORDER BY idx)
FROM mart.delivery d JOIN period p USING (period)
WHERE d.grain = $grain AND d.channel = $all GROUP BY ALL ORDER BY partner, source""",
        {"grain": grain, "all": ALL},
    ).fetchall()
    return [
        [source, partner, [[int(n), short(share), int(gone)] for n, share, gone in told]]
        for source, partner, told in rows
    ]


def price(con: duckdb.DuckDBPyConnection) -> list[list[Any]]:
    """[grain, boundary, reason or "" where shown, part of the numbers, part of the weight] of the flow.

    Over all periods and channels together. Releases of before the audit do not tell it: empty.
    """
    told = con.execute(
        "SELECT count(*) FROM information_schema.tables"
        " WHERE table_schema = 'mart' AND table_name = 'disclosure'"
    ).fetchall()
    if told == [(0,)]:
        return []
    rows = con.execute(
        "SELECT grain, boundary, coalesce(hidden_reason, ''), cell_share, value_share"
        " FROM mart.disclosure WHERE metric = 'flow' AND measure = 'weight'"
        " AND grain IN ('month', 'quarter') ORDER BY ALL"
    ).fetchall()
    return [[*names, short(cells), short(weight)] for *names, cells, weight in rows]


def _directions(con: duckdb.DuckDBPyConnection, content: dict[str, Any]) -> dict[str, list[Any]]:
    """Of how many people initiative rests on: "boundary/channel" → [period, grain, periods, direction], months last."""
    rows = con.execute(
        """
SELECT boundary, channel, CAST(period AS VARCHAR), grain, periods, direction
FROM mart.direction
WHERE metric = 'initiators' AND measure = 'effective' AND unit = $all AND other_unit = $all
  AND grain IN ('week', 'month') ORDER BY boundary, channel, grain DESC, period""",
        {"all": ALL},
    ).fetchall()
    found: dict[str, list[Any]] = {}
    for boundary, channel, *told in rows:
        if boundary in content["boundaries"]:
            of = f"{content['boundaries'].index(boundary)}/{content['channels'].index(channel)}"
            found.setdefault(of, []).append(told)
    return found


def _signals(
    con: duckdb.DuckDBPyConnection, content: dict[str, Any], language: str
) -> list[list[Any]]:
    """[kind, grain, period, channel, boundary, unit, other, score, sentence, title]."""
    numbers = {
        (grain, first): place
        for grain in GRAINS
        for place, (_, first, _, _) in enumerate(content["periods"][grain])
    }
    units = {(boundary, unit): place for place, (boundary, unit) in enumerate(content["units"])}
    found = []
    for kind, grain, period, channel, boundary, unit, other, score, *told in read_signals(
        con, language
    ):
        at = content["boundaries"].index(boundary) if boundary in content["boundaries"] else -1
        if (grain, str(period)) in numbers and at >= 0 and channel in content["channels"]:
            found.append([
                kind, grain, numbers[grain, str(period)], content["channels"].index(channel), at,
                units.get((at, unit), -1), units.get((at, other), -1), short(score), *told,
            ])  # fmt: skip
    return found


def _around(content: dict[str, Any], weights: Mapping[str, float]) -> list[list[int]]:
    """Per boundary its units in the order of the map; people of unknown units are not on it.

    `weights` are those of `read_blocks`.
    """
    number = {(content["boundaries"][at], unit): n for n, (at, unit) in enumerate(content["units"])}
    between = {
        (number[boundary, unit], number[boundary, other]): weight
        for key, weight in weights.items()
        for boundary, unit, other in [json.loads(key)]
    }
    return [
        around(
            [n for n, (at, unit) in enumerate(content["units"]) if at == place and unit != UNKNOWN],
            between,
        )
        for place in range(len(content["boundaries"]))
    ]
