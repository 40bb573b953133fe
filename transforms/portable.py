"""The SQL of a model as another engine reads it: DuckDB's own dialect in, Spark's out.

Models use only what both read alike; tests/transform/test_portable.py refuses the rest. What is left
to mend here is what one cannot write alike: parameters, literals and instants.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Mapping


def spark_sql(text: str, values: Mapping[str, object]) -> str:
    """The query `text` in Spark's dialect, with `values` in place of its parameters.

    Raises KeyError for a parameter without a value.
    """
    query = sqlglot.parse_one(text, dialect="duckdb").transform(_alike, values)
    return query.sql(dialect="spark", comments=False)


def _alike(node: exp.Expr, values: Mapping[str, object]) -> exp.Expr:
    if isinstance(node, exp.Placeholder):
        return _value(values[node.name])
    if isinstance(node, exp.Literal):
        return _literal(node)
    if isinstance(node, exp.TimeToUnix):  # Spark's own counts whole seconds
        instant = exp.cast(node.this.transform(_alike, values), "timestamptz")
        return exp.paren(exp.Div(this=exp.func("unix_micros", instant), expression=_double("1e6")))
    return node


def _value(value: object) -> exp.Expr:
    if type(value) is date:  # sqlglot writes the year 1 as 1
        return exp.cast(exp.Literal.string(value.isoformat()), "date")
    return _literal(exp.convert(value))


def _literal(node: exp.Expr) -> exp.Expr:
    """A number with a point is a DOUBLE: as DECIMAL, Spark would round what is computed with it."""
    is_number = isinstance(node, exp.Literal) and not node.is_string
    return _double(node.name) if is_number and not node.is_int else node


def _double(number: str) -> exp.Expr:
    return exp.cast(exp.Literal.number(number), "double")
