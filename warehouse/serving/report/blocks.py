"""The report's numbers in blocks: one for what is new, and one for each time that periods closed.

Rows of closed periods stay as they are in every release (see closed.py), and so does the text that tells
of them: it waits in a file beside theirs. A block says by name what its numbers stand for, so it stays true
when other units, metrics or periods come.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from warehouse.schema import ALL
from warehouse.serving.report.content import GRAINS, names, number_names
from warehouse.serving.report.embedded import embedded
from warehouse.serving.report.series import cells, lines, short

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from warehouse.serving.closed import Begin
    from warehouse.serving.report.series import Added

FORMAT: Final = 1  # raised when blocks are written otherwise

# "channels" that have numbers, "weights" of the lines as JSON [boundary, unit, other].
Told = dict[str, Any]
_NOTHING: Final[Told] = {"channels": [], "weights": {}}


@dataclass(frozen=True, slots=True)
class Blocks:
    """Texts of all blocks, and what they tell together."""

    texts: list[str]
    told: Told


def read_blocks(con: duckdb.DuckDBPyConnection, begin: Begin | None = None) -> Blocks:
    """The blocks of the release that `con` is open on; those of what it began with are made once."""
    content = names(con)
    number_names(con, content)
    if begin is None:
        return _with(Blocks([], _NOTHING), _block(con, content, _rows({}, None)))
    kept, since = _kept(begin)
    new = _block(con, content, _rows(since, begin.holds))
    if any(new["cells"][grain] or new["lines"][grain] for grain in GRAINS):
        kept = _with(kept, new)
    _keep(begin, kept)
    return _with(kept, _block(con, content, _rows(begin.holds, None)))


def _with(blocks: Blocks, new: dict[str, Any]) -> Blocks:
    """`blocks` and one more."""
    used = {key.split("/")[1] for grain in GRAINS for key in new["cells"][grain]}
    channels = {new["channels"][int(place)] for place in used} | {*blocks.told["channels"]}
    weights = dict(blocks.told["weights"])
    for key, weight in new.pop("weights").items():
        weights[key] = weights.get(key, 0.0) + weight
    listed = [channel for channel in new["channels"] if channel in channels]
    return Blocks([*blocks.texts, embedded(new)], {"channels": listed, "weights": weights})


def _rows(since: Mapping[str, int], until: Mapping[str, int] | None) -> Added:
    """Which rows of a table a block tells of, by their places in it."""

    def added(table: str) -> str:
        end = "" if until is None else f" AND rowid < {until[table]}"
        return f"(FROM mart.{table} WHERE rowid >= {since.get(table, 0)}{end})"

    return added


def _kept(begin: Begin) -> tuple[Blocks, Mapping[str, int]]:
    """Blocks that were made of the same file a release ago, and how many rows they tell of."""
    try:
        with begin.report.open(encoding="utf-8") as file:
            header = json.loads(file.readline())
            texts = [line.rstrip("\n") for line in file]
    except (OSError, ValueError):
        header = None
    if header is None or header["mark"] != [FORMAT, begin.was, dict(begin.checked)]:
        return Blocks([], _NOTHING), {}
    return Blocks(texts, header["told"]), begin.checked


def _keep(begin: Begin, blocks: Blocks) -> None:
    header = {"mark": [FORMAT, begin.token, dict(begin.holds)], "told": blocks.told}
    lines_of = (json.dumps(header), *blocks.texts)
    new = begin.report.with_name(f"{begin.report.name}.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text("".join(f"{line}\n" for line in lines_of), encoding="utf-8")
    new.replace(begin.report)


def _block(con: duckdb.DuckDBPyConnection, content: dict[str, Any], added: Added) -> dict[str, Any]:
    """What these rows tell; places of periods are counted from `first` on.

    `part`: [boundary, channel, unit, other, period, part that could be seen, missing sources].
    `hidden`: [grain, boundary, channel, period, reason or -1 where shown, cells].
    """
    statuses: dict[str, int] = {}
    return {
        **{name: content[name] for name in ("boundaries", "channels", "units", "reasons")},
        "metrics": [row[0] for row in content["metrics"]],
        "first": {
            grain: content["periods"][grain][0][1] for grain in GRAINS if content["periods"][grain]
        },
        "cells": {grain: cells(con, content, added, grain, statuses) for grain in GRAINS},
        "statuses": list(statuses),
        "lines": {grain: lines(con, content, added, grain) for grain in GRAINS},
        "part": {grain: _part(con, content, added, grain) for grain in GRAINS},
        "hidden": _hidden(con, content, added),
        "weights": _weights(con, added),
    }


def _weights(con: duckdb.DuckDBPyConnection, added: Added) -> dict[str, float]:
    """Weight of each line over all months together."""
    rows = con.execute(
        f"""
SELECT boundary, unit, other_unit, sum(value) FROM {added("metric_value")}
WHERE metric = 'flow' AND measure = 'weight' AND grain = 'month' AND channel = $all
  AND unit < other_unit AND unit <> $all AND other_unit <> $all AND value IS NOT NULL
GROUP BY ALL ORDER BY ALL""",
        {"all": ALL},
    ).fetchall()
    return {json.dumps(names, ensure_ascii=False): weight for *names, weight in rows}


def _part(
    con: duckdb.DuckDBPyConnection, content: dict[str, Any], added: Added, grain: str
) -> list[list[Any]]:
    """[boundary, channel, unit, other, period, part that could be seen, missing sources]."""
    rows = con.execute(
        f"""
WITH period AS (
  SELECT period, row_number() OVER (ORDER BY period) - 1 AS idx
  FROM mart.calendar WHERE grain = $grain
)
SELECT c.boundary, c.channel, u.n, o.n, idx, c.completeness, c.missing_sources
FROM {added("completeness")} AS c
JOIN period p USING (period)
JOIN unit_number u ON u.a = c.boundary AND u.b = c.unit
JOIN unit_number o ON o.a = c.boundary AND o.b = c.other_unit
WHERE c.grain = $grain AND c.completeness < 1 ORDER BY ALL""",
        {"grain": grain},
    ).fetchall()
    return [
        [
            content["boundaries"].index(boundary),
            content["channels"].index(channel),
            *rest,
            short(part),
            missing,
        ]
        for boundary, channel, *rest, part, missing in rows
    ]


def _hidden(
    con: duckdb.DuckDBPyConnection, content: dict[str, Any], added: Added
) -> list[list[Any]]:
    """[grain, boundary, channel, period, reason or -1 where shown, cells]."""
    rows = con.execute(
        f"""
WITH period AS (
  SELECT grain, period, row_number() OVER (PARTITION BY grain ORDER BY period) - 1 AS idx
  FROM mart.calendar
)
SELECT grain, boundary, channel, idx, hidden_reason, count(*)
FROM {added("metric_value")} JOIN period USING (grain, period)
WHERE grain IN ('month', 'quarter') GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    reasons = content["reasons"]
    return [
        [
            grain,
            content["boundaries"].index(boundary),
            content["channels"].index(channel),
            period,
            reasons.index(reason) if reason is not None else -1,
            cells,
        ]
        for grain, boundary, channel, period, reason, cells in rows
        if boundary in content["boundaries"]
    ]
