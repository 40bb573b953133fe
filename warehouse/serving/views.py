"""The wide views of `mart`, for charts without a join: a row per period and line, unit or network.

Measures stand in columns for channel (all); the weight also per channel. A view names tables without
a schema, so it holds under whatever name the file is attached.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from warehouse.schema import ALL, Column, quoted
from warehouse.serving.measures import LINES, NETWORK, UNITS, UNKNOWN_SHARE, Measure

UNKNOWN_OF_LINES: Final = (
    "Part of the network's weight that touches people whom no directory knows, of the same period, channel"
    " and boundary: any of it may belong to this line."
)
GRAINS: Final = {"weekly": "week", "monthly": "month", "quarterly": "quarter"}


@dataclass(frozen=True, slots=True)
class View:
    """A view of `mart`: its SELECT names tables without a schema, so any file name will do."""

    name: str
    description: str
    columns: tuple[Column, ...]
    query: str


def _column(name: str, kind: str, words: str) -> Column:
    return Column(name, kind, words, nullable=True)


def _frame(main: str) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    """Columns before and behind the measures of a subject, in the order of `_query`."""
    before = (
        Column("period", "DATE", "First day of the period."),
        Column("period_end", "DATE", "Last day of the period, included."),
        Column("label", "VARCHAR", "Name of the period: 2026-W07, 2026-02 or 2026-Q1."),
        Column("boundary", "VARCHAR", "What the units are: organisation, team, ... Choose one."),
    )
    behind = (
        _column(f"{main}_previous", "DOUBLE", f"{main} of the period before."),
        _column(f"{main}_change", "DOUBLE", f"{main} less that of the period before."),
        _column(f"{main}_change_share", "DOUBLE", "That change as a part; empty where the base is small."),
        _column(f"{main}_median", "DOUBLE", f"Median {main} of this and the four periods before."),
        _column(f"{main}_z", "DOUBLE", "Distance from that median in robust deviations."),
        _column("hidden_reason", "VARCHAR", f"Why {main} is hidden; empty where it is shown."),
        Column("is_hidden", "BOOLEAN", f"Whether {main} is hidden."),
        _column("hidden_columns", "VARCHAR", "Measures of this row that are hidden; others that are empty have no meaning here."),
        Column("completeness", "DOUBLE", "Part of the period and its interaction that the exports could show."),
        Column("is_complete", "BOOLEAN", "Whether that is all of it: compare complete periods only."),
        Column("missing_sources", "BIGINT", "Sources of which the export seems to be missing."),
        Column("holidays", "BIGINT", "Public holidays on weekdays."),
        _column("vacation_days", "BIGINT", "Weekdays of school vacation, in the region with most; empty where not known."),
    )  # fmt: skip
    return before, behind


_UNIT: Final = Column(
    "unit",
    "VARCHAR",
    "Name of the unit; (unknown) for people in no directory, (other) for all units of one person.",
)
_LINE: Final = (
    Column("unit", "VARCHAR", "First unit, in the order of the alphabet."),
    Column("other_unit", "VARCHAR", "Second unit; the same as the first for what stays inside it."),
    Column("line", "VARCHAR", "Both names in one."),
    Column(
        "is_inside", "BOOLEAN", "Whether this is the inside of one unit and no line between two."
    ),
    _column(
        "state",
        "VARCHAR",
        "closed, lost, quiet, revived, new, growing, weakening, steady or early; see mart.line.",
    ),
)
_PEOPLE: Final = (
    _column("people", "BIGINT", "Active people of the first unit."),
    _column("other_people", "BIGINT", "Active people of the second."),
    _column(UNKNOWN_SHARE.column, "DOUBLE", UNKNOWN_OF_LINES),
)


def _pivot(grain: str, measures: tuple[Measure, ...], which: str, *, sides: bool) -> str:
    """SELECT of a row per key with a column per measure, and facts of the first one.

    With `sides` a line told in both directions is one row: what the second unit does ends in `_back`.
    """
    asked = ", ".join(
        f"({quoted(m.metric)}, {quoted(m.measure)}, {quoted(m.channel)}, {quoted(m.column)})"
        for m in measures
        if not m.column.endswith("_back")
    )
    name, ends = "name", ("unit", "other_unit")
    if sides:
        name = "CASE WHEN unit > other_unit THEN name || '_back' ELSE name END"
        ends = ("least(unit, other_unit)", "greatest(unit, other_unit)")
    main = measures[0].column
    columns = ",\n    ".join(
        f"max(value) FILTER (WHERE name = {quoted(m.column)}) AS {m.column}" for m in measures
    )
    return f"""
  SELECT period, boundary, {ends[0]} AS unit, {ends[1]} AS other_unit,
    {columns},
    bool_or(name = {quoted(main)}) AS has_main,
    max(people) FILTER (WHERE name = {quoted(main)}) AS first_people,
    max(other_people) FILTER (WHERE name = {quoted(main)}) AS first_other_people,
    max(hidden_reason) FILTER (WHERE name = {quoted(main)}) AS hidden_reason,
    string_agg(name, ', ' ORDER BY name) FILTER (WHERE hidden_reason IS NOT NULL) AS hidden_columns
  FROM (
    SELECT period, boundary, unit, other_unit, value, people, other_people, hidden_reason, {name} AS name
    FROM metric_value JOIN (VALUES {asked}) AS asked (metric, measure, channel, name)
      USING (metric, measure, channel)
    WHERE grain = {quoted(grain)} AND {which}
  ) AS told
  GROUP BY ALL"""


def _selected(
    columns: tuple[Column, ...], measures: tuple[Measure, ...], told: tuple[str, ...], grain: str
) -> str:
    """The SELECT over a table `wide`: period, `told`, and what stands behind, named as `columns`."""
    main = measures[0]
    keys = ("period", "boundary", "unit", "other_unit")

    def same(table: str) -> str:
        return " AND ".join(
            [f"{table}.grain = {quoted(grain)}", f"{table}.channel = {quoted(ALL)}"]
            + [f"{table}.{key} = wide.{key}" for key in keys]
        )

    seen = "least(calendar.completeness, coalesce(seen.completeness, 1))"
    expressions = (
        "wide.period", "calendar.last_day", "calendar.name", "wide.boundary",
        *told,
        "trend.previous", "trend.change", "trend.change_share", "trend.rolling_median",
        "trend.robust_z",
        "wide.hidden_reason", "wide.hidden_reason IS NOT NULL", "wide.hidden_columns",
        seen, f"{seen} >= 1", "coalesce(seen.missing_sources, 0)",
        "calendar.holidays",
        "greatest(calendar.vacation_north, calendar.vacation_middle, calendar.vacation_south)",
    )  # fmt: skip
    named = ",\n  ".join(
        f"{expression} AS {column.name}"
        for expression, column in zip(expressions, columns, strict=True)
    )
    return f"""
SELECT {named}
FROM wide
JOIN calendar ON calendar.period = wide.period AND calendar.grain = {quoted(grain)}
LEFT JOIN trend ON {same("trend")}
  AND trend.metric = {quoted(main.metric)} AND trend.measure = {quoted(main.measure)}
LEFT JOIN completeness AS seen ON {same("seen")}"""


def _measured(measures: tuple[Measure, ...]) -> tuple[Column, ...]:
    return tuple(_column(m.column, "DOUBLE", m.words) for m in measures)


def _wide(measures: tuple[Measure, ...]) -> tuple[str, ...]:
    return tuple(f"wide.{m.column}" for m in measures)


def _lines(name: str, grain: str) -> View:
    """Lines also have rows while they are silent: those come from `line`."""
    before, behind = _frame("weight")
    columns = (*before, *_LINE, *_measured(LINES), *_PEOPLE, *behind)
    both = "wide.unit || ' - ' || wide.other_unit"
    told = (
        "wide.unit", "wide.other_unit",
        f"CASE WHEN wide.unit = wide.other_unit THEN wide.unit ELSE {both} END",
        "wide.unit = wide.other_unit", "wide.state",
        *_wide(LINES), "wide.first_people", "wide.first_other_people",
        f"wide.{UNKNOWN_SHARE.column}",
    )  # fmt: skip
    keys = ("period", "boundary", "unit", "other_unit")
    main = "CASE WHEN told.has_main THEN told.{0} ELSE standing.{0} END AS {0}"
    return View(
        f"{name}_lines",
        f"The lines between units, and the inside of units, per {grain}: also while a line is silent.",
        columns,
        f"""
WITH told AS ({_pivot(grain, LINES, f"other_unit <> {quoted(ALL)}", sides=True)}
), standing AS (
  SELECT * FROM line WHERE grain = {quoted(grain)} AND channel = {quoted(ALL)}
), whole AS (
  SELECT period, boundary, value AS {UNKNOWN_SHARE.column} FROM metric_value
  WHERE metric = {quoted(UNKNOWN_SHARE.metric)} AND measure = {quoted(UNKNOWN_SHARE.measure)}
    AND grain = {quoted(grain)} AND channel = {quoted(ALL)} AND unit = {quoted(ALL)}
), wide AS (
  SELECT {", ".join(f"coalesce(told.{key}, standing.{key}) AS {key}" for key in keys)},
    standing.state, {main.format("weight")}, {main.format("hidden_reason")},
    {", ".join(f"told.{m.column}" for m in LINES[1:])},
    told.first_people, told.first_other_people, told.hidden_columns, whole.{UNKNOWN_SHARE.column}
  FROM told FULL JOIN standing USING ({", ".join(keys)})
  LEFT JOIN whole ON whole.period = coalesce(told.period, standing.period)
    AND whole.boundary = coalesce(told.boundary, standing.boundary)
){_selected(columns, LINES, told, grain)}""",
    )


def _units(name: str, grain: str) -> View:
    before, behind = _frame("weight")
    columns = (*before, _UNIT, *_measured(UNITS), *behind)
    which = f"unit <> {quoted(ALL)} AND other_unit = {quoted(ALL)}"
    return View(
        f"{name}_units",
        f"The units of every boundary, per {grain}.",
        columns,
        f"""
WITH wide AS ({_pivot(grain, UNITS, which, sides=False)}
){_selected(columns, UNITS, ("wide.unit", *_wide(UNITS)), grain)}""",
    )


def _of_boundary(name: str, grain: str, boundary: str) -> View:
    units = _units(name, grain)
    columns = tuple(column for column in units.columns if column.name != "boundary")
    return View(
        f"{name}_{boundary}",
        f"{name}_units of boundary {boundary} alone.",
        columns,
        f"SELECT {', '.join(c.name for c in columns)} FROM {units.name}"
        f" WHERE boundary = {quoted(boundary)}",
    )


def _network(name: str, grain: str) -> View:
    before, behind = _frame("weight")
    columns = (*before, *_measured(NETWORK), *behind)
    which = f"unit = {quoted(ALL)} AND other_unit = {quoted(ALL)}"
    return View(
        f"{name}_network",
        f"The network as a whole, measured across each boundary, per {grain}.",
        columns,
        f"""
WITH wide AS ({_pivot(grain, NETWORK, which, sides=False)}
){_selected(columns, NETWORK, _wide(NETWORK), grain)}""",
    )


VIEWS: Final = tuple(
    view
    for name, grain in GRAINS.items()
    for view in (
        _lines(name, grain),
        _units(name, grain),
        *(_of_boundary(name, grain, boundary) for boundary in ("organisation", "team")),
        _network(name, grain),
    )
)
