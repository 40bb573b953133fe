"""Users' own metrics: files beside tieline.toml, read as the built-in ones are.

A query of theirs is one SELECT over the models and nothing else: it opens no file, runs no other
statement and gives the same every night. Python can do anything, so it is read only where allowed.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from transforms.model import EXTENT, FOLDERS, METRIC_TABLE, Model, ModelError, read_model
from warehouse import schema

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

TABLES = (
    schema.EVENT, schema.PARTICIPATION, schema.OBSERVATION, schema.MEMBERSHIP, schema.BOUNDARY,
    schema.CALENDAR, schema.SCOPE,
)  # fmt: skip
TABLE_FUNCTIONS = frozenset({"generate_series", "range", "unnest"})
# What asks the database or the moment, not the data: the same day would not give the same number.
REFUSED_FUNCTIONS = frozenset({
    "current_connection_id", "current_database", "current_date", "current_localtime",
    "current_localtimestamp", "current_query", "current_query_id", "current_schema",
    "current_schemas", "current_setting", "current_time", "current_timestamp",
    "current_transaction_id", "currval", "error", "gen_random_uuid", "get_current_time",
    "get_current_timestamp", "getenv", "getvariable", "in_search_path", "localtime",
    "localtimestamp", "nextval", "now", "random", "setseed", "sleep_ms", "stats", "today",
    "transaction_timestamp", "txid_current", "uuid", "uuidv4", "uuidv7", "write_log",
})  # fmt: skip
NEEDED = ("measure", "grain", "period", "channel", "boundary", "unit", "other_unit", "value")
COLUMNS = tuple(schema.METRIC_VALUE.names()[1:])


def is_own(model: Model) -> bool:
    """Whether a user wrote it."""
    return model.path is not None and model.path.parent not in FOLDERS


def own_metrics(
    folder: Path, built_in: Sequence[Model], *, parameters: Collection[str], python: bool
) -> list[Model]:
    """The metrics in `folder`, none if it does not exist; folders in it are left alone.

    Raises ModelError, naming file, cause and cure, for one that cannot be used.
    """
    if not folder.is_dir():
        return []
    return [
        _own(path, built_in, parameters, python=python)
        for path in sorted(folder.iterdir())
        if path.is_file() and path.suffix in {".sql", ".py"} and not path.name.startswith(".")
    ]


def _own(
    path: Path, built_in: Sequence[Model], parameters: Collection[str], *, python: bool
) -> Model:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", path.stem):
        raise ModelError(f"{path}: a metric is named with small letters, digits and _; rename it")
    if path.stem in {model.name for model in built_in}:
        raise ModelError(f"{path}: Tieline has a {path.stem} of its own; rename the file")
    if path.suffix == ".py" and not python:
        raise ModelError(
            f"{path}: Python runs as code; set folders.allow_python_metrics = true, or remove the file"
        )
    known = {table.name for table in TABLES} | _tables(built_in)
    try:
        if path.suffix == ".sql":
            _check_query(path, known)
        model = read_model(path)
    except ModelError:
        raise
    except Exception as error:  # whatever a file may hold
        raise ModelError(f"{path}: cannot be read ({error}); mend it or remove it") from error
    wrong = next(_problems(model, known, parameters), None)
    if wrong:
        raise ModelError(f"{path}: {wrong}")
    return model


def _tables(models: Sequence[Model]) -> set[str]:
    """Tables of models that rest on no metric: what a metric can read."""
    after = {METRIC_TABLE}
    for model in models:  # each stands after those that it reads
        if model.header is None and after.intersection(model.reads):
            after.add(model.name)
    return {model.name for model in models if model.header is None} - after


def _problems(model: Model, known: set[str], parameters: Collection[str]) -> Iterator[str]:
    if model.header is None:
        yield "has no header; begin with one as docs/adding.md shows"
    if model.grain == "day":
        yield "has no period; a metric has a row per grain and period, so write -- period: grain"
    for table in sorted(set(model.reads) - known):
        yield _unknown_table(table, known)
    looks = {word for word in (model.lookback, model.lookahead) if isinstance(word, str)} - {"all"}
    for name in sorted({*model.parameters, *looks}.difference(parameters, EXTENT)):
        yield f"${name} is not known; write {name} = NUMBER under [parameters.own] of tieline.toml"


def _check_query(path: Path, known: set[str]) -> None:
    text = path.read_text(encoding="utf-8")
    try:
        statements = sqlglot.parse(text, dialect="duckdb")
    except sqlglot.errors.SqlglotError as error:
        where = error.errors[0] if isinstance(error, sqlglot.errors.ParseError) else {}
        cause = f"line {where['line']}: {where['description']}" if where else "odd signs"
        raise ModelError(f"{path}: not SQL that can be read ({cause}); mend the query") from error
    if not text.lstrip().startswith("/*"):
        raise ModelError(f"{path}: has no header; begin with one as docs/adding.md shows")
    if len(statements) != 1 or not isinstance(statements[0], exp.Select | exp.SetOperation):
        raise ModelError(f"{path}: is not one SELECT and nothing else; keep that alone")
    if wrong := next(_refused(statements[0], known), None):
        raise ModelError(f"{path}: {wrong}")


def forbidden(query: exp.Select | exp.SetOperation, known: set[str]) -> Iterator[str]:
    """What a query of a user's may not hold: it reads the tables `known`, and changes nothing."""
    for node in query.find_all(exp.DDL, exp.DML, exp.Command, exp.Into):
        yield f"holds {node.key.upper()}; keep to one SELECT, which changes nothing"
    named = {cte.alias for cte in query.find_all(exp.CTE)}
    for table in query.find_all(exp.Table):
        yield from _refused_table(table, known | named)
    for call in query.find_all(exp.Func):
        if (function := _function(call)) in REFUSED_FUNCTIONS:
            yield f"calls {function}(), which is not the same every night; use the data's own days"


def _refused(query: exp.Select | exp.SetOperation, known: set[str]) -> Iterator[str]:
    """What a metric may not hold, and what it must."""
    yield from forbidden(query, known)
    columns = query.named_selects
    if "*" not in columns:
        for name in NEEDED:
            if name not in columns:
                yield f"gives no column {name}; it needs {', '.join(NEEDED)}"
        for name in set(columns).difference(COLUMNS):
            yield f"gives a column {name!r}; there are: {', '.join(COLUMNS)}"


def _refused_table(table: exp.Table, known: set[str]) -> Iterator[str]:
    if not isinstance(table.this, exp.Identifier):
        if (function := _function(table.this)) not in TABLE_FUNCTIONS:
            yield f"reads {function}(); read tables alone, no files and no settings"
    elif table.db or table.catalog:
        yield f"reads {table.sql(dialect='duckdb')}; name tables without a schema"
    elif table.name not in known:
        yield _unknown_table(table.name, known)


def _function(call: exp.Expr) -> str:
    return call.sql(dialect="duckdb").partition("(")[0].strip().lower()


def _unknown_table(name: str, known: set[str]) -> str:
    near = get_close_matches(name, known, 3) or sorted(known)
    return f"reads {name!r}, which cannot be read here; nearest: {', '.join(near)}"
