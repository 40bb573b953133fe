"""The published schema `mart`: every table, view and column that a reader sees, and their rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from warehouse import schema
from warehouse.schema import (
    ALL,
    CHANNELS,
    GRAINS,
    METRIC_VALUE,
    TREND,
    Column,
    Table,
    one_of,
    quoted,
)
from warehouse.serving import views
from warehouse.serving.days_off import REGIONS, VACATIONS_KNOWN
from warehouse.serving.quality import QUALITY
from warehouse.serving.views import View

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

CATALOG = "bi"
MART = "mart"
VERSION = 1  # raised when a table, view or column goes or means something else; never for a new one

FEW_PEOPLE = "few people"
ONE_PERSON = "one person carries most"
PROTECTS = "protects another number"
NOT_OVER = "period not over"
REASONS = (FEW_PEOPLE, ONE_PERSON, PROTECTS, NOT_OVER)


def create(item: Table | View) -> str:
    """CREATE statement with every rule as a CHECK."""
    if isinstance(item, View):
        return f"CREATE VIEW {item.name} AS {item.query}"
    columns = [f"{c.name} {c.type}{'' if c.nullable else ' NOT NULL'}" for c in item.columns]
    checks = [f"CHECK ({column.rule})" for column in item.columns if column.rule]
    return f"CREATE TABLE {item.name} (\n  " + ",\n  ".join(columns + checks) + "\n)"


def comments(item: Table | View) -> list[str]:
    """COMMENT ON statements for a table or view and each of its columns."""
    if isinstance(item, Table):
        return schema.comments(item)
    return [
        f"COMMENT ON VIEW {item.name} IS {quoted(item.description)}",
        *(
            f"COMMENT ON COLUMN {item.name}.{column.name} IS {quoted(column.description)}"
            for column in item.columns
        ),
    ]


def calendar_rows(
    first_day: date | None,
    last_day: date | None,
    source: str = METRIC_VALUE.name,
    off: str = "holiday_to_publish",
) -> str:
    """SELECT of CALENDAR: each (grain, period) of `source`, measured against the days with data.

    `off` has the columns of HOLIDAY.
    """
    begin, end = (f"DATE '{day}'" if day else "NULL::DATE" for day in (first_day, last_day))
    known = " AND ".join(
        f"{day} {sign} DATE '{edge}'"
        for day, sign, edge in zip(
            ("period", "last_day"), (">=", "<="), VACATIONS_KNOWN, strict=True
        )
    )
    has_vacations = f"({known} AND EXISTS (FROM {off} WHERE kind = 'school'))"
    vacation_days = ",\n  ".join(
        f"CASE WHEN {has_vacations} THEN count(*) FILTER (is_weekday AND is_{region}) END"
        f" AS vacation_{region}"
        for region in REGIONS
    )
    in_region = ", ".join(
        f"coalesce(bool_or(off.region = {quoted(region)}), false) AS is_{region}"
        for region in REGIONS
    )
    return f"""
WITH span AS (
  SELECT DISTINCT grain, period,
    CASE grain
      WHEN 'day' THEN period
      WHEN 'week' THEN period + 6
      WHEN 'month' THEN last_day(period)
      ELSE last_day(CAST(period + INTERVAL 2 MONTH AS DATE)) END AS last_day
  FROM {source}
), day AS (
  SELECT grain, period, span.last_day, isodow(day) < 6 AS is_weekday,
    coalesce(bool_or(off.kind = 'public'), false) AS is_public, {in_region}
  FROM (
    SELECT *, CAST(unnest(generate_series(period, last_day, INTERVAL 1 DAY)) AS DATE) AS day FROM span
  ) AS span LEFT JOIN {off} AS off ON day BETWEEN off.first_day AND off.last_day
  GROUP BY grain, period, span.last_day, day
)
SELECT grain, period, period AS first_day, last_day,
  CASE grain
    WHEN 'day' THEN strftime(period, '%Y-%m-%d')
    WHEN 'week' THEN strftime(period, '%G-W%V')
    WHEN 'month' THEN strftime(period, '%Y-%m')
    ELSE strftime(period, '%Y') || '-Q' || quarter(period) END AS name,
  CASE WHEN {begin} IS NULL OR {end} IS NULL THEN 0.0
    ELSE greatest(0, date_diff('day', greatest(period, {begin}), least(last_day, {end})) + 1)
      / (date_diff('day', period, last_day) + 1) END AS completeness,
  count(*) FILTER (is_weekday) AS weekdays,
  count(*) FILTER (is_weekday AND is_public) AS holidays,
  {vacation_days}
FROM day GROUP BY grain, period, last_day"""


# Exact parts would say of how many events they are.
SEEN_STEP = 0.02
DELIVERED_STEP = 0.05


def seen_part(completeness: str) -> str:
    """SQL of a completeness as it is told: rounded down, so that what is not complete stays so."""
    return f"round(floor({completeness} / {SEEN_STEP} + 1e-9) * {SEEN_STEP}, 9)"


COMPLETENESS_ROWS = f"""
SELECT * REPLACE ({seen_part("completeness")} AS completeness) FROM completeness"""
DELIVERY_ROWS = f"""
SELECT d.grain, d.period, d.channel, d.source, s.partner,
  round(round(d.share / {DELIVERED_STEP}) * {DELIVERED_STEP}, 9) AS share, d.is_missing
FROM delivery AS d
JOIN (SELECT source, any_value(partner) AS partner FROM source_file GROUP BY source) AS s USING (source)
"""


def unit_rows(source: str = METRIC_VALUE.name) -> str:
    """SELECT of UNIT: every unit that stands on either side of a row of `source`."""
    sides = " UNION ".join(
        f"SELECT boundary, {side} AS unit FROM {source} WHERE {side} <> {quoted(ALL)}"
        for side in ("unit", "other_unit")
    )
    return f"SELECT boundary, unit FROM ({sides})"


RULES = {
    "grain": (f"grain IN {one_of(GRAINS)}", "grain is not day, week, month or quarter"),
    "channel": (f"channel IN {one_of((*CHANNELS, ALL))}", "channel is not one that Tieline knows"),
    "people": ("people >= 0", "people is negative"),
    "other_people": ("other_people >= 0", "other_people is negative"),
}


def _ruled(columns: Iterable[Column]) -> tuple[Column, ...]:
    return tuple(
        replace(column, rule=RULES[column.name][0], words=RULES[column.name][1])
        if column.name in RULES
        else column
        for column in columns
    )


def _hidden_reason(numbers: Iterable[str]) -> Column:
    empty = " AND ".join(f"{name} IS NULL" for name in numbers)
    known = f"hidden_reason IN {one_of(REASONS)}"
    return Column(
        "hidden_reason", "VARCHAR",
        f"Why the numbers are hidden: {'; '.join(REASONS)}. Empty where shown.",
        rule=f"hidden_reason IS NULL OR ({known} AND {empty})",
        words="a hidden row has a number, or a reason that Tieline does not know",
        nullable=True,
    )  # fmt: skip


_CELL = _ruled(column for column in METRIC_VALUE.columns if column.name != "top_share")
_STEP = _ruled(TREND.columns)
KEY = tuple(column.name for column in _CELL[:8])
CELL_NUMBERS = tuple(column.name for column in _CELL[8:])
TREND_NUMBERS = tuple(column.name for column in _STEP[8:] if column.name != "completeness")
_LINE_NUMBERS = (
    Column("state", "VARCHAR", nullable=True,
           description="closed, lost, quiet, revived, new, growing, weakening, steady or early."),
    Column("weight", "DOUBLE", "Weight of the interaction; empty where a source is missing.", nullable=True),
    Column("recent", "DOUBLE", "Weight per period over the last three.", nullable=True),
    Column("base", "DOUBLE", "Weight per period over the six before them.", nullable=True),
    Column("ratio", "DOUBLE", "recent / base.", nullable=True),
    Column("z", "DOUBLE", "How far that is beyond chance, in standard deviations of counts.", nullable=True),
    Column("silent", "BIGINT", "Periods that could be seen since the last with interaction worth the name.",
           nullable=True),
    Column("last_day", "DATE", "Last day with any interaction.", nullable=True),
    Column("people", "BIGINT", "Most people of the first unit in one of the last nine periods.", nullable=True),
    Column("other_people", "BIGINT", "The same of the second.", nullable=True),
)  # fmt: skip
LINE_NUMBERS = tuple(column.name for column in _LINE_NUMBERS)

CELL = Table(
    "metric_value",
    "Every metric over every period, boundary, unit and channel; small cells are hidden.",
    (*_CELL, _hidden_reason(CELL_NUMBERS)),
)
SERIES = Table(
    "trend",
    "Change, rolling median and deviation of every metric's series; small cells are hidden.",
    (*_STEP, _hidden_reason(TREND_NUMBERS)),
)
LINE = Table(
    "line",
    "How each line between two units fares, per whole week, month and quarter; also while it is silent.",
    (
        *_CELL[2:8],
        *_LINE_NUMBERS,
        _hidden_reason(LINE_NUMBERS),
        Column("unknown_share", "DOUBLE", views.UNKNOWN_OF_LINES, nullable=True),
    ),
)
DIRECTION = Table(
    "direction",
    "Does a series rise or fall over its last 24 periods, or is that chance? Shown cells only.",
    (
        *_CELL[:8],
        Column("periods", "BIGINT", "Periods with a value."),
        Column("mann_kendall", "BIGINT", "S: pairs of periods that rise less pairs that fall."),
        Column("slope", "DOUBLE", "Theil-Sen slope, per period."),
        Column("p_value", "DOUBLE", "How often chance alone gives so large an S, by permuting blocks of 4 periods."),
        Column("direction", "VARCHAR", "rising, falling, or steady: neither by more than chance, or too few periods to say.",
               rule="direction IN ('rising', 'falling', 'steady')", words="direction is not one that Tieline knows"),
    ),
)  # fmt: skip
COMPLETENESS = Table(
    "completeness",
    "Which lines and units could be seen only in part, because a source is missing. All others: whole.",
    (
        *_CELL[2:8],
        Column("completeness", "DOUBLE", "Part that could be seen, judged by who showed it before.",
               rule="completeness BETWEEN 0 AND 1", words="completeness is not between 0 and 1"),
        Column("missing_sources", "BIGINT", "Sources of which the export seems to be missing."),
    ),
)  # fmt: skip
DELIVERY = Table(
    "delivery",
    "Whether each source delivered what it usually does.",
    (
        *_CELL[2:5],
        Column("source", "VARCHAR", "Name of the source."),
        Column("partner", "VARCHAR", "Organisation that delivers it."),
        Column("share", "DOUBLE", "Delivered as a part of what was to be expected.", nullable=True),
        Column("is_missing", "BOOLEAN", "So little that an export seems to be missing."),
    ),
)  # fmt: skip
SIGHT = Table(
    "sight",
    "Which partners' exports showed a line, for each line that is shown; metric one_sided has what one side alone saw.",
    (
        *_CELL[2:8],
        Column("source", "VARCHAR", "Name of the source."),
        Column("partner", "VARCHAR", "Organisation that delivers it."),
        Column("share", "DOUBLE", "Part of the line's events that it showed, in steps of 0.02 where the audit is on.",
               rule="share > 0 AND share <= 1", words="share is not between 0 and 1"),
    ),
)  # fmt: skip
SIGNAL = Table(
    "signal",
    "What deserves attention: made from the other tables of this file, so it tells no more than they do.",
    (
        Column("kind", "VARCHAR", "Which signal: line_quiet, source_missing, ..."),
        Column("title_en", "VARCHAR", "What it is called, in English."),
        Column("title_nl", "VARCHAR", "What it is called, in Dutch."),
        *_CELL[2:8],
        Column("score", "DOUBLE", "Part of the network's interaction that is at stake, or of the change itself."),
        Column("value", "DOUBLE", "The number behind it.", nullable=True),
        Column("before", "DOUBLE", "What that was before.", nullable=True),
        Column("sentence_en", "VARCHAR", "The signal as a sentence, in English."),
        Column("sentence_nl", "VARCHAR", "The signal as a sentence, in Dutch."),
    ),
)  # fmt: skip
METRIC = Table(
    "metric",
    "The catalogue: what each metric and measure means.",
    (
        Column("metric", "VARCHAR", "Name of the metric."),
        Column("measure", "VARCHAR", "Which of its numbers."),
        Column("title_en", "VARCHAR", "Title, English."),
        Column("title_nl", "VARCHAR", "Title, Dutch."),
        Column("definition_en", "VARCHAR", "What it says, English."),
        Column("definition_nl", "VARCHAR", "What it says, Dutch."),
        Column("formula_en", "VARCHAR", "How it is computed, English."),
        Column("formula_nl", "VARCHAR", "How it is computed, Dutch."),
        Column("reading_en", "VARCHAR", "How to read it and how not, English.", nullable=True),
        Column("reading_nl", "VARCHAR", "How to read it and how not, Dutch.", nullable=True),
        Column("unit", "VARCHAR", "Unit of the value: weight, hours, people, ratio, ..."),
        Column("unit_en", "VARCHAR", "The unit in words, English."),
        Column("unit_nl", "VARCHAR", "The unit in words, Dutch."),
        Column("range", "VARCHAR", "What the value can be: 0 to 1, -1 to 1, >= 0, ..."),
        Column("direction", "VARCHAR", "up or down where that is good; context where neither is."),
        Column("question_en", "VARCHAR", "Question that the metric helps to answer, English."),
        Column("question_nl", "VARCHAR", "Question that the metric helps to answer, Dutch."),
        Column("grains", "VARCHAR", "Grains that it is told for: day, week, ...", nullable=True),
        Column("told_of", "VARCHAR", "What it is told of: network, unit, line.", nullable=True),
        Column("reference", "VARCHAR", "Where the metric comes from.", nullable=True),
        Column(
            "parameters",
            "VARCHAR",
            "Parameters and the values used, as name=value, ...",
            nullable=True,
        ),
    ),
)
UNIT = Table(
    "unit",
    "The units of each boundary.",
    (
        Column("boundary", "VARCHAR", "What the unit is one of: organisation, team, sector, ..."),
        Column(
            "unit",
            "VARCHAR",
            "Name of the unit; (unknown) for people in no directory, (other) for all units of one person.",
        ),
    ),
)
CALENDAR = Table(
    "calendar",
    "The periods of each grain: join by grain and period.",
    (
        *_ruled(METRIC_VALUE.columns[2:4]),
        Column("first_day", "DATE", "First day, in the network's time zone."),
        Column(
            "last_day", "DATE", "Last day, included.",
            rule="last_day >= first_day", words="last day is before the first",
        ),
        Column("name", "VARCHAR", "ISO name: 2026-02-09, 2026-W07, 2026-02 or 2026-Q1."),
        Column(
            "completeness", "DOUBLE",
            "Part of the period's days that lies between the first and the last day with data.",
            rule="completeness BETWEEN 0 AND 1", words="completeness is not between 0 and 1",
        ),
        Column("weekdays", "BIGINT", "Days from Monday to Friday."),
        Column("holidays", "BIGINT", "Of these, public holidays."),
        *(
            Column(f"vacation_{region}", "BIGINT",
                   f"Of the weekdays, those in a school vacation of region {dutch}, the Netherlands; empty where not known.",
                   nullable=True)
            for region, dutch in zip(REGIONS, ("Noord", "Midden", "Zuid"), strict=True)
        ),
    ),
)  # fmt: skip
HOLIDAY = Table(
    "holiday",
    "Public holidays and school vacations in the days that the calendar covers.",
    (
        Column("kind", "VARCHAR", "public or school.", rule="kind IN ('public', 'school')",
               words="kind is not public or school"),
        Column("region", "VARCHAR", "Region of a school vacation: north, middle or south; (all) for a public holiday."),
        Column("first_day", "DATE", "First day."),
        Column("last_day", "DATE", "Last day, included.",
               rule="last_day >= first_day", words="last day is before the first"),
        Column("name_en", "VARCHAR", "Name, English."),
        Column("name_nl", "VARCHAR", "Name, Dutch; English where there is none."),
    ),
)  # fmt: skip
PUBLICATION = Table(
    "publication",
    "Which run made this file, from what and with which settings. One row.",
    (
        Column("run_id", "VARCHAR", "The run."),
        Column("published_at", "TIMESTAMP", "Time of publication, UTC."),
        Column("data_first_day", "DATE", "First day with data, if any.", nullable=True),
        Column("data_last_day", "DATE", "Last day with data, if any.", nullable=True),
        Column("tieline_version", "VARCHAR", "Version of Tieline."),
        Column("duckdb_version", "VARCHAR", "Version of DuckDB that wrote the file."),
        Column(
            "k", "BIGINT", "Fewest people on a side for a cell to be shown.",
            rule="k >= 1", words="k is less than 1",
        ),
        Column(
            "dominance", "DOUBLE", "Largest part of a shown cell that one person may carry.",
            rule="dominance > 0 AND dominance <= 1", words="dominance is not between 0 and 1",
        ),
        Column(
            "protection", "DOUBLE",
            "Least width, as a part of a hidden number, of what can be worked out of it; 0: not audited.",
            rule="protection >= 0 AND protection <= 1", words="protection is not between 0 and 1",
        ),
        Column(
            "rounding", "DOUBLE",
            "Largest step to which weights and hours are rounded, as a part of them; 0: they are not.",
            rule="rounding >= 0 AND rounding < 1", words="rounding is not between 0 and 1",
        ),
        Column(
            "audit_version", "BIGINT",
            "Version of the audit that chose what is hidden; 0: not audited. Releases of another one are withdrawn.",
            rule="audit_version >= 0", words="audit_version is less than 0",
        ),
        Column("time_zone", "VARCHAR", "Time zone of days and periods."),
        Column("network", "VARCHAR", "Name of the network."),
        Column("mart_version", "BIGINT", "Version of this schema; see docs/published.md."),
        Column("parameters", "VARCHAR", "Parameters of models and metrics, and the values used, as JSON."),
    ),
)  # fmt: skip
DISCLOSURE = Table(
    "disclosure",
    "How much is shown and how much is hidden, and why: the price of protection.",
    (
        *_CELL[:3],
        _CELL[5],
        Column("hidden_reason", "VARCHAR", "Why hidden, as in metric_value; empty: shown.", nullable=True),
        Column("cells", "BIGINT", "Numbers of this metric, grain and boundary that are so."),
        Column("cell_share", "DOUBLE", "The same as a part of all of them."),
        Column("value_share", "DOUBLE", "Their part of the sum of all values; empty where that is 0.", nullable=True),
    ),
)  # fmt: skip
TABLES = (
    CELL, SERIES, DIRECTION, LINE, COMPLETENESS, DELIVERY, SIGHT, METRIC, UNIT, CALENDAR, HOLIDAY,
    PUBLICATION, SIGNAL, DISCLOSURE, QUALITY,
)  # fmt: skip
VIEWS = views.VIEWS
RELATIONS: tuple[Table | View, ...] = (*TABLES, *VIEWS)
