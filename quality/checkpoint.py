"""Great Expectations on the staged tables of one batch, through our own DuckDB connection."""

from __future__ import annotations

import os
import warnings
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from quality.data_docs import write
from quality.suites import FILE, SUITES, FileRule, Limits, Rule, described, file_rules, row_rules
from warehouse.schema import MEMBERSHIP, QUALITY_RESULT, STAGE, polars_schema, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import duckdb
    from duckdb_sqlalchemy import ConnectionWrapper
    from great_expectations import ExpectationSuite
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )


class ExpectationError(Exception):
    """An expectation could not be evaluated, or its answer is not the one that SQL gives."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An export file that is refused whole, and why."""

    file_id: int
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What the checks found. `outcomes`: as QUALITY_RESULT, a row per rule, counts exact."""

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
    data_docs: Path | None,
    run_id: str,
    batch: int,
) -> Report:
    """Check the committed tables of schema `stage`; nothing in the warehouse is changed.

    Pages go to the folder `data_docs`, unless it is None. Raises ExpectationError when a rule
    cannot be evaluated, or when Great Expectations and our own count disagree.
    """
    suites = _staged_suites(con, (*row_rules(limits), *file_rules(limits)))
    results = _run(con, suites, run_id)
    outcomes = pl.DataFrame(
        [
            (run_id, batch, SUITES[table], rule.name, failed == 0, rows, failed)
            for table, rules in suites.items()
            for rule, rows, failed in _counts(con, table, rules, results[table])
        ],
        schema=polars_schema(QUALITY_RESULT),
        orient="row",
    )
    report = Report(outcomes, _refused(con, file_rules(limits)))
    if data_docs is not None:
        write(data_docs, {SUITES[table]: result for table, result in results.items()}, report)
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


def _run(
    con: duckdb.DuckDBPyConnection, suites: Mapping[str, tuple[Rule, ...]], run_id: str
) -> dict[str, ExpectationSuiteValidationResult]:
    """Every suite on its table, in one checkpoint of Great Expectations. Staged table → result."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # read at import
    with warnings.catch_warnings(), ExitStack() as cursors:
        warnings.simplefilter("ignore")
        import great_expectations as gx  # noqa: PLC0415 - takes seconds
        from duckdb_sqlalchemy import ConnectionWrapper  # noqa: PLC0415 - imports SQLAlchemy
        from great_expectations.data_context.types.base import (  # noqa: PLC0415
            DataContextConfig,
            InMemoryStoreBackendDefaults,
            ProgressBarsConfig,
        )

        def connect() -> ConnectionWrapper:
            return ConnectionWrapper(cursors.enter_context(con.cursor()))

        context = gx.get_context(
            mode="ephemeral",
            project_config=DataContextConfig(
                store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
                progress_bars=ProgressBarsConfig(globally=False),
                analytics_enabled=False,
            ),
        )
        source = context.data_sources.add_sql(
            "warehouse",
            connection_string="duckdb://",
            kwargs={  # type: ignore[call-arg]  # its stub does not know them
                "creator": connect,
                "isolation_level": "AUTOCOMMIT",
                "skip_autocommit_rollback": True,
            },
        )
        try:
            validations = [
                context.validation_definitions.add(
                    gx.ValidationDefinition(
                        name=table,
                        data=source.add_table_asset(
                            table, table_name=table, schema_name=STAGE
                        ).add_batch_definition_whole_table(table),
                        suite=context.suites.add(_suite(table, rules)),
                    )
                )
                for table, rules in suites.items()
            ]
            outcome = context.checkpoints.add(
                gx.Checkpoint(
                    name="batch", validation_definitions=validations, result_format="BASIC"
                )
            ).run(run_id=gx.RunIdentifier(run_name=run_id))
        finally:
            # A pooled cursor would keep the warehouse file open after our connection is closed.
            source.get_engine().dispose()
    return {result.suite_name: result for result in outcome.run_results.values()}


def _suite(table: str, rules: tuple[Rule, ...]) -> ExpectationSuite:
    from great_expectations import ExpectationSuite  # noqa: PLC0415
    from great_expectations.expectations.core.unexpected_rows_expectation import (  # noqa: PLC0415
        UnexpectedRowsExpectation,
    )

    return ExpectationSuite(
        name=table,
        expectations=[
            UnexpectedRowsExpectation(
                unexpected_rows_query=f"SELECT * FROM {{batch}} WHERE {_escaped(rule.broken)}",
                description=described(rule),
                meta={"rule": rule.name},
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
) -> list[tuple[Rule, int, int]]:
    """Rule, rows examined, rows that broke it: our own counts, which must be those of `result`."""
    found = dict(_observed(one) for one in result.results)
    columns = ", ".join(f"count(*) FILTER (WHERE {rule.broken})" for rule in rules)
    counted = con.execute(f"SELECT count(*), {columns} FROM {STAGE}.{table}").fetchone() or ()
    rows, *failed = counted
    for rule, count in zip(rules, failed, strict=True):
        if found[rule.name] != count:
            message = (
                f"{STAGE}.{table}, rule {rule.name}: Great Expectations finds {found[rule.name]}"
                f" rows, our own count {count}; is every staged row committed?"
            )
            raise ExpectationError(message)
    return [(rule, rows, count) for rule, count in zip(rules, failed, strict=True)]


def _observed(one: ExpectationValidationResult) -> tuple[str, int]:
    """Rule, rows that Great Expectations saw break it; no answer is an error, not a failure."""
    config = one.expectation_config
    name = str(((config and config.meta) or {}).get("rule"))
    if "observed_value" not in one.result or one.success != (one.result["observed_value"] == 0):
        raise ExpectationError(f"rule {name} could not be evaluated: {_cause(one.exception_info)}")
    return name, int(one.result["observed_value"])


def _cause(info: Mapping[str, Any] | None) -> str:
    """First line of the exception; Great Expectations nests it under each metric's id, or not."""
    found = info or {}
    message = next(
        (str(one["exception_message"]) for one in (found, *found.values())
         if isinstance(one, dict) and one.get("exception_message")),
        "Great Expectations does not say why",
    )  # fmt: skip
    return message.strip().splitlines()[0]


def _refused(con: duckdb.DuckDBPyConnection, rules: tuple[FileRule, ...]) -> tuple[Refused, ...]:
    broken = " UNION ALL ".join(
        f"SELECT {place} AS place, file_id, {quoted(rule.words)} || ': ' || detail AS reason"
        f" FROM ({rule.query})"
        for place, rule in enumerate(rules)
    )
    rows = con.execute(
        "SELECT file_id, path, string_agg(reason, '; ' ORDER BY place)"
        f" FROM ({broken}) JOIN {STAGE}.{FILE} USING (file_id) GROUP BY ALL ORDER BY path"
    ).fetchall()
    return tuple(Refused(*row) for row in rows)
