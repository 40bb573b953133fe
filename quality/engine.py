"""Great Expectations on our own DuckDB connection: suites on queries, in one checkpoint."""

from __future__ import annotations

import os
import re
import warnings
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from warehouse.connection import new_cursor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb
    from duckdb_sqlalchemy import ConnectionWrapper
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )
    from great_expectations.expectations.expectation import Expectation

# Other errors of DuckDB tell the value that they are about.
_OF_THE_QUERY = ("Binder", "Catalog", "Parser")


class ExpectationError(Exception):
    """An expectation could not be evaluated, or its answer is not the one that SQL gives."""


@dataclass(frozen=True, slots=True)
class Suite:
    """What is expected of the rows of a query. `query` reads committed tables and holds no colon."""

    query: str
    expectations: Sequence[Expectation]


@contextmanager
def _silent() -> Iterator[None]:
    """No word to its maker, and none about what it is made of."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # read at import
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def expectation(
    kind: str, arguments: Mapping[str, Any], *, name: str, severity: str, description: str | None
) -> Expectation:
    """An expectation by its type, with our own name for it. Raises what Great Expectations does if it cannot be."""
    with _silent():
        from great_expectations.expectations.expectation_configuration import (  # noqa: PLC0415
            ExpectationConfiguration,
        )
        from great_expectations.expectations.metadata_types import FailureSeverity  # noqa: PLC0415

        return ExpectationConfiguration(
            type=kind,
            kwargs=dict(arguments),
            severity=FailureSeverity(severity),
            description=description,
            meta={"rule": name},
        ).to_domain_obj()


def evaluate(
    con: duckdb.DuckDBPyConnection, suites: Mapping[str, Suite], run_id: str
) -> dict[str, ExpectationSuiteValidationResult]:
    """Name of a suite → its result, which lists no value that broke an expectation."""
    with _silent(), ExitStack() as cursors:
        import great_expectations as gx  # noqa: PLC0415 - takes seconds
        from duckdb_sqlalchemy import ConnectionWrapper  # noqa: PLC0415 - imports SQLAlchemy
        from great_expectations.data_context.types.base import (  # noqa: PLC0415
            DataContextConfig,
            InMemoryStoreBackendDefaults,
            ProgressBarsConfig,
        )

        def connect() -> ConnectionWrapper:
            return ConnectionWrapper(cursors.enter_context(new_cursor(con)))

        context = gx.get_context(
            mode="ephemeral",
            project_config=DataContextConfig(
                store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
                progress_bars=ProgressBarsConfig(globally=False),
                analytics_enabled=False,
            ),
        )
        # It would be kept as JSON, which not every result can be: numpy's own booleans.
        context.validation_results_store.serialize = lambda _: ""  # type: ignore[method-assign]
        source = context.data_sources.add_sql(
            "warehouse",
            connection_string="duckdb://",
            create_temp_table=False,  # another cursor would not see it
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
                        name=name,
                        data=source.add_query_asset(
                            name, query=suite.query
                        ).add_batch_definition_whole_table(name),
                        suite=context.suites.add(
                            gx.ExpectationSuite(name=name, expectations=[*suite.expectations])
                        ),
                    )
                )
                for name, suite in suites.items()
            ]
            outcome = context.checkpoints.add(
                gx.Checkpoint(
                    name="batch",
                    validation_definitions=validations,
                    result_format={"result_format": "BASIC", "partial_unexpected_count": 0},
                )
            ).run(run_id=gx.RunIdentifier(run_name=run_id))
        finally:
            # A pooled cursor would keep the warehouse file open after our connection is closed.
            source.get_engine().dispose()
    return {result.suite_name: result for result in outcome.run_results.values()}


def name_of(one: ExpectationValidationResult) -> str:
    """What we call the expectation: its rule."""
    config = one.expectation_config
    return str(((config and config.meta) or {}).get("rule"))


def cause(one: ExpectationValidationResult) -> str | None:
    """Why it could not be evaluated, if so: the exception's first line, nested under a metric's id, or not.

    No value is in it.
    """
    found: Mapping[str, Any] = one.exception_info or {}
    raised = [
        each for each in (found, *found.values())
        if isinstance(each, dict) and each.get("raised_exception")
    ]  # fmt: skip
    if not raised:
        return None
    message = str(raised[0].get("exception_message") or "Great Expectations does not say why")
    line = message.strip().splitlines()[0]
    found_by = re.match(r"\(_duckdb\.(\w+)Exception\)", line)
    if found_by and found_by[1] not in _OF_THE_QUERY:
        return f"{line.partition(':')[0]} of a value"
    return line
