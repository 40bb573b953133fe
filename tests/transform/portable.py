"""What a model may be written with so that DuckDB and Spark read it alike, as a check of its syntax tree.

What may be there is listed; what is not on the list is refused until somebody has shown that it carries
over. Some of what both engines have means something else in each: those have a reason of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

FUNCTIONS = (
    exp.Abs, exp.And, exp.Or, exp.Avg, exp.Case, exp.Cast, exp.Coalesce, exp.Count, exp.DenseRank, exp.Exists,
    exp.Exp, exp.Greatest, exp.If, exp.Lag, exp.LastValue, exp.Lead, exp.Least, exp.Ln, exp.Max, exp.Median,
    exp.Min, exp.Nullif, exp.Pow, exp.Round, exp.RowNumber, exp.Sqrt, exp.Sum, exp.TimeToUnix,
)  # fmt: skip
REASONS: Mapping[type[exp.Expression], str] = {
    exp.DayOfWeek: "dayofweek counts from another day: join calendar",
    exp.DayOfWeekIso: "isodow does not carry over: join calendar",
    exp.DateDiff: "date_diff counts borders here and whole months there: subtract calendar.idx",
    exp.TimestampTrunc: "date_trunc gives another type: join calendar",
    exp.DateTrunc: "date_trunc gives another type: join calendar",
    exp.Log: "log() is base 10 here and e there: ln()",
    exp.PercentileCont: "percentile_cont: median(), or row_number()",
    exp.PercentileDisc: "percentile_disc: row_number()",
    exp.Quantile: "quantile: median(), or row_number()",
    exp.ApproxQuantile: "approx_quantile: median(), or row_number()",
    exp.Pivot: "PIVOT: max(case when ... end)",
    exp.GenerateSeries: "generate_series does not carry over: join calendar",
    exp.TimeToStr: "strftime's letters differ (%G-W%V): join calendar",
    exp.IntDiv: "// floors here and truncates there: cast(floor(a / b) as bigint)",
    exp.Unnest: "unnest does not carry over: a row each",
    exp.Lambda: "lambdas and lists do not carry over: a row each",
    exp.ArrayAgg: "lists do not carry over: a row each",
    exp.Filter: "filter: count(case when ... end)",
    exp.Qualify: "qualify: a subquery with row_number()",
    exp.Interval: "intervals give a timestamp here and a date there: day + number",
    exp.TableSample: "a sample differs every night",
    exp.Anonymous: "a function that sqlglot does not know",
}


def strange(text: str, columns: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """What in the query `text` does not carry over; `columns`: table → column → DuckDB type."""
    query = sqlglot.parse_one(text, dialect="duckdb")
    for node in query.walk():
        yield from _strange(node)
    for select in query.find_all(exp.Select):
        yield from _alias_in_group(select)
    typed = annotate_types(
        qualify(query.copy().transform(_valued), schema=columns, dialect="duckdb"), schema=columns
    )
    for minus in typed.find_all(exp.Sub):
        if all(side.is_type("date") for side in (minus.this, minus.expression)):
            yield f"{minus.sql('duckdb')}: date - date is a number here and an interval there: subtract calendar.idx"


def _strange(node: exp.Expression) -> Iterator[str]:
    here = node.sql("duckdb")[:60]
    if reason := next((why for kind, why in REASONS.items() if isinstance(node, kind)), ""):
        yield f"{here}: {reason}"
    elif isinstance(node, exp.Func) and not isinstance(node, FUNCTIONS):
        yield f"{here}: not known to carry over; add it to FUNCTIONS with a test on both engines"
    if isinstance(node, exp.Join) and node.method.upper() == "ASOF":
        yield f"{here}: ASOF: an inequality and row_number()"
    if isinstance(node, exp.Star) and (node.args.get("except_") or node.args.get("replace")):
        yield f"{here}: a star with exclude or replace: name the columns"
    if isinstance(node, exp.WindowSpec) and node.args.get("exclude"):
        yield f"{here}: exclude current row: subtract the row's own"
    if isinstance(node, exp.Sub) and isinstance(node.this, exp.Window):
        yield f"{here}: Spark takes the minus behind a window's name for a part of it: parentheses"
    if isinstance(node, exp.Group) and node.args.get("all"):
        yield "group by all: name the columns"


def _alias_in_group(select: exp.Select) -> Iterator[str]:
    group = select.args.get("group")
    made = {
        one.alias
        for one in select.expressions
        if isinstance(one, exp.Alias)
        and not (isinstance(one.this, exp.Column) and one.this.name == one.alias)
    }
    for key in group.expressions if group else ():
        if isinstance(key, exp.Literal) or (
            isinstance(key, exp.Column) and not key.table and key.name in made
        ):
            yield f"group by {key.sql('duckdb')}: an alias or a place: group by what it stands for"


def _valued(node: exp.Expression) -> exp.Expression:
    """Parameters are numbers or, of the data's extent, days."""
    if not isinstance(node, exp.Placeholder):
        return node
    return (
        exp.cast(exp.Literal.string("2026-01-01"), "date")
        if node.name.endswith("_day")
        else exp.Literal.number(1)
    )
