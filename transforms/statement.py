"""What a query reads, as DuckDB itself parses it."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterator


class Statement(NamedTuple):
    """The tables that one SELECT reads, and the parameters that it names."""

    tables: frozenset[str]
    parameters: frozenset[str]


def parsed(text: str) -> Statement:
    """The SELECT `text`. Raises ValueError, with the cause, where it is none or cannot be parsed."""
    quoted = text.replace("'", "''")  # bound as a parameter, it would cost an import of pandas
    rows = _parser().cursor().execute(f"SELECT json_serialize_sql('{quoted}')").fetchall()
    tree = json.loads(rows[0][0])
    if tree["error"]:
        raise ValueError(tree["error_message"])
    if len(tree["statements"]) != 1:
        raise ValueError("not one SELECT")
    tables, own, parameters = set[str](), set[str](), set[str]()
    for node in _nodes(tree):
        if node.get("type") == "BASE_TABLE":
            tables.add(node["table_name"])
        elif node.get("type") == "VALUE_PARAMETER":
            parameters.add(node["identifier"])
        own.update(named["key"] for named in node.get("cte_map", {}).get("map", ()))
    return Statement(frozenset(tables - own), frozenset(parameters))


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    """Opened once: that takes as long as many queries."""
    return duckdb.connect()


def _nodes(tree: object) -> Iterator[dict[str, Any]]:
    """Every object within `tree`."""
    left = [tree]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            yield one
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)
