"""What the sources brought tonight, held against what was learnt of each, by Great Expectations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from quality.data_docs import KEEP, Page, write
from quality.engine import ExpectationError, Suite, cause, evaluate, expectation, name_of
from quality.own import NIGHT, groups, own_pages
from quality.own import outcomes as outcomes_of
from warehouse.load import stage
from warehouse.schema import QUALITY_RESULT, SOURCE_NIGHT, STAGE, polars_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import duckdb
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
    )
    from great_expectations.expectations.expectation import Expectation

    from quality.learnt import Learnt
    from quality.own import Own

LEARNT: Final = "learnt"
BATCH: Final = 0  # of the night as a whole


def judge(
    con: duckdb.DuckDBPyConnection,
    tonight: pl.DataFrame,
    expected: Mapping[str, Sequence[Learnt]],
    owns: Iterable[Own] = (),
    *,
    data_docs: Path | None,
    run_id: str,
    keep: int = KEEP,
) -> pl.DataFrame:
    """Outcomes, as QUALITY_RESULT. `tonight` has the columns of SOURCE_NIGHT, a row per source.

    Call outside a transaction: Great Expectations sees what is committed.
    """
    known = {source: rules for source, rules in expected.items() if rules}
    table = f"{STAGE}.{SOURCE_NIGHT.name}"
    con.execute(f"DELETE FROM {table}")
    stage(con, SOURCE_NIGHT, tonight)
    suites = {
        _key(source): Suite(_of(table, source), _suite(rules)) for source, rules in known.items()
    }
    own = groups(owns, {NIGHT}, set(tonight["source"]))
    suites |= {group.key: group.suite() for group in own}
    results = evaluate(con, suites, run_id) if suites else {}
    found = [one for group in own for one in outcomes_of(con, group, results[group.key])]
    con.execute(f"DELETE FROM {table}")
    outcomes = pl.DataFrame(
        [
            row
            for source, rules in known.items()
            for row in _rows(run_id, source, rules, results[_key(source)])
        ]
        + [one.row(run_id, BATCH) for one in found],
        schema=polars_schema(QUALITY_RESULT),
        orient="row",
    )
    if data_docs is not None and results:
        pages = [
            Page.of(
                f"source-{number}",
                source,
                results[_key(source)],
                outcomes.filter(source=source, suite=LEARNT),
            )
            for number, source in enumerate(sorted(known), 1)
        ] + own_pages(own, results, found)
        write(data_docs, pages, run_id=run_id, batch=BATCH, keep=keep)
    return outcomes


def words(rule: Learnt) -> str:
    """What is expected, in words."""
    bound = f"at least {rule.least:,.0f}" if rule.least is not None else f"at most {rule.most:,.0f}"
    return f"{bound}, usually {rule.usual:,.0f}"


def _key(source: str) -> str:
    return f"{LEARNT} {source}"


def _of(table: str, source: str) -> str:
    """The rows of a source. Its name may hold anything, so it is written as the bytes it has."""
    return f"SELECT * FROM {table} WHERE source = decode(unhex('{source.encode().hex()}'))"


def _suite(rules: Sequence[Learnt]) -> list[Expectation]:
    return [
        expectation(
            "expect_column_max_to_be_between",
            {"column": rule.column, "min_value": rule.least, "max_value": rule.most},
            name=rule.name,
            severity=rule.severity,
            description=f"{rule.name} ({rule.severity}): {rule.column} is {words(rule)}",
        )
        for rule in rules
    ]


def _rows(
    run_id: str, source: str, rules: Sequence[Learnt], result: ExpectationSuiteValidationResult
) -> list[tuple[object, ...]]:
    found = {name_of(one): one for one in result.results}
    for name, one in found.items():
        if "observed_value" not in one.result:
            raise ExpectationError(
                f"{source}: {name} could not be evaluated: {cause(one) or 'no answer'}"
            )
    return [
        (run_id, BATCH, source, LEARNT, rule.name, rule.severity, bool(found[rule.name].success), 1,
         int(not found[rule.name].success), float(found[rule.name].result["observed_value"]), words(rule))
        for rule in rules
    ]  # fmt: skip
