"""Great Expectations on the staged tables of one batch, through our own DuckDB connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from quality.data_docs import KEEP, Page, write
from quality.engine import ExpectationError, Suite, cause, evaluate, expectation, name_of
from quality.own import NIGHT, TABLES, Outcome, groups, own_pages
from quality.own import outcomes as outcomes_of
from quality.suites import (
    CRITICAL,
    FILE,
    SUITES,
    FileRule,
    Limits,
    Rule,
    described,
    file_rules,
    row_rules,
)
from warehouse.schema import ALL, MEMBERSHIP, QUALITY_RESULT, STAGE, polars_schema, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import duckdb
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )

    from quality.own import Own


@dataclass(frozen=True, slots=True)
class Refused:
    """An export file that is refused whole, and why."""

    file_id: int
    path: str
    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class Report:
    """What the checks found. `outcomes`: as QUALITY_RESULT, a row per source and rule, counts exact."""

    outcomes: pl.DataFrame
    refused: tuple[Refused, ...]

    @property
    def success(self) -> bool:
        """Whether every rule was obeyed."""
        return bool(self.outcomes["success"].all())


def validate(
    con: duckdb.DuckDBPyConnection,
    limits: Limits,
    *,
    owns: Iterable[Own] = (),
    data_docs: Path | None,
    run_id: str,
    batch: int,
    keep: int = KEEP,
) -> Report:
    """Check the committed tables of schema `stage`; nothing in the warehouse is changed.

    `owns` are the users' own expectations. Pages go to the folder `data_docs`, where those of `keep`
    runs stay, unless it is None. Raises ExpectationError when a rule cannot be evaluated, or when
    Great Expectations and our own count disagree.
    """
    suites = _staged_suites(con, (*row_rules(limits), *file_rules(limits)))
    own = groups(owns, set(TABLES) - {NIGHT}, _sources(con))
    results = evaluate(
        con,
        {table: _suite(table, rules) for table, rules in suites.items()}
        | {group.key: group.suite() for group in own},
        run_id,
    )
    found = [one for group in own for one in outcomes_of(con, group, results[group.key])]
    outcomes = pl.DataFrame(
        [
            (run_id, batch, source, SUITES[table], rule.name, rule.severity,
             failed == 0, rows, failed, None, None)
            for table, rules in suites.items()
            for source, rule, rows, failed in _counts(con, table, rules, results[table])
        ] + [one.row(run_id, batch) for one in found],
        schema=polars_schema(QUALITY_RESULT),
        orient="row",
    )  # fmt: skip
    report = Report(outcomes, _refused(con, file_rules(limits), found))
    if data_docs is not None:
        pages = [
            Page.of(suite := SUITES[table], suite, result, outcomes.filter(suite=suite))
            for table, result in results.items()
            if table in suites
        ] + own_pages(own, results, found)
        write(data_docs, pages, run_id=run_id, batch=batch, refused=report.refused, keep=keep)
    return report


def _staged_suites(
    con: duckdb.DuckDBPyConnection, rules: tuple[Rule, ...]
) -> dict[str, tuple[Rule, ...]]:
    """Staged table → its rules. Only `membership` may be absent: not every batch brings people."""
    staged = {
        name
        for (name,) in con.execute(
            "SELECT table_name FROM duckdb_tables()"
            " WHERE schema_name = ? AND database_name = current_database()",
            [STAGE],
        ).fetchall()
    }
    missing = set(SUITES) - staged - {MEMBERSHIP.name}
    if missing:
        message = (
            f"schema {STAGE} has no table {', '.join(sorted(missing))}: no batch was staged;"
            " stage the export files before they are validated"
        )
        raise ExpectationError(message)
    return {
        table: tuple(rule for rule in rules if rule.table == table)
        for table in SUITES
        if table in staged
    }


def _suite(table: str, rules: tuple[Rule, ...]) -> Suite:
    return Suite(
        f"SELECT * FROM {STAGE}.{table}",
        [
            expectation(
                "unexpected_rows_expectation",
                {"unexpected_rows_query": f"SELECT * FROM {{batch}} WHERE {_escaped(rule.broken)}"},
                name=rule.name,
                severity=rule.severity,
                description=described(rule),
            )
            for rule in rules
        ],
    )


def _escaped(sql: str) -> str:
    """Braces are Great Expectations' own placeholders."""
    return sql.replace("{", "{{").replace("}", "}}")


def _counts(
    con: duckdb.DuckDBPyConnection,
    table: str,
    rules: tuple[Rule, ...],
    result: ExpectationSuiteValidationResult,
) -> Iterator[tuple[str, Rule, int, int]]:
    """Source, rule, rows examined, rows that broke it: our own counts, together those of `result`."""
    found = dict(_observed(one) for one in result.results)
    counts = ", ".join(f"count(*) FILTER (WHERE {rule.broken})" for rule in rules)
    if table == MEMBERSHIP.name:
        query = f"SELECT {quoted(ALL)}, count(*), {counts} FROM {STAGE}.{table}"
    else:
        columns = [f"n{number}" for number in range(len(rules) + 1)]
        query = f"""
WITH counted(file_id, {", ".join(columns)}) AS (
  SELECT file_id, count(*), {counts} FROM {STAGE}.{table} GROUP BY file_id
)
SELECT coalesce(source, {quoted(ALL)}) AS source, {", ".join(f"sum({name})::BIGINT" for name in columns)}
FROM counted LEFT JOIN (SELECT file_id, source FROM {STAGE}.{FILE}) USING (file_id)
GROUP BY ALL ORDER BY source"""
    counted = con.execute(query).fetchall() or [(ALL, *[0] * (len(rules) + 1))]
    for rule, *failed in zip(rules, *(row[2:] for row in counted), strict=True):
        if found[rule.name] != sum(failed):
            message = (
                f"{STAGE}.{table}, rule {rule.name}: Great Expectations finds {found[rule.name]}"
                f" rows, our own count {sum(failed)}; is every staged row committed?"
            )
            raise ExpectationError(message)
        for (source, rows, *_), count in zip(counted, failed, strict=True):
            yield source, rule, rows, count


def _observed(one: ExpectationValidationResult) -> tuple[str, int]:
    """Rule, rows that Great Expectations saw break it; no answer is an error, not a failure."""
    name = name_of(one)
    if "observed_value" not in one.result or one.success != (one.result["observed_value"] == 0):
        raise ExpectationError(f"rule {name} could not be evaluated: {cause(one) or 'no answer'}")
    return name, int(one.result["observed_value"])


def _sources(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Sources of which files are staged."""
    return {
        name for (name,) in con.execute(f"SELECT DISTINCT source FROM {STAGE}.{FILE}").fetchall()
    }


def _refused(
    con: duckdb.DuckDBPyConnection, rules: tuple[FileRule, ...], own: Iterable[Outcome]
) -> tuple[Refused, ...]:
    """Files that break a rule, and those of a source that does not meet what is critical for it."""
    parts = [
        f"SELECT {place} AS place, file_id, {quoted(rule.words)} || ': ' || detail AS reason"
        f" FROM ({rule.query})"
        for place, rule in enumerate(rules)
    ]
    parts += [
        f"SELECT {len(rules)}, file_id, {quoted(one.words)} FROM {STAGE}.{FILE}"
        f" WHERE source = {quoted(one.own.source)}"
        for one in own
        if one.own.severity == CRITICAL and not one.success
    ]
    rows = con.execute(
        "SELECT file_id, path, string_agg(reason, '; ' ORDER BY place, reason), source"
        f" FROM ({' UNION ALL '.join(parts)}) JOIN {STAGE}.{FILE} USING (file_id) GROUP BY ALL ORDER BY path"
    ).fetchall()
    return tuple(Refused(*row) for row in rows)
