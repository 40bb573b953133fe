"""Expectations of a source in tieline.toml: any of Great Expectations', on the rows that came, or on the night.

What they hold is SQL's and Great Expectations' only: no value that broke one is listed anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlglot
from sqlglot import exp

from quality.data_docs import Page
from quality.engine import Suite, cause, expectation, name_of
from quality.suites import CRITICAL
from transforms.own import forbidden
from warehouse.schema import (
    KEYED,
    OBSERVED_EVENT,
    OBSERVED_PARTICIPATION,
    SOURCE_FILE,
    SOURCE_NIGHT,
    STAGE,
)

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    import duckdb
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )
    from great_expectations.expectations.expectation import Expectation

OWN: Final = "own"  # name of the suite
FILE: Final = "file"
NIGHT: Final = "night"
SQL: Final = "unexpected_rows_query"
TABLES: Final = {
    "event": OBSERVED_EVENT,
    "participation": OBSERVED_PARTICIPATION,
    FILE: SOURCE_FILE,
    NIGHT: SOURCE_NIGHT,
}


class OwnExpectationError(Exception):
    """An expectation that cannot be used; the message says cause and cure."""


@dataclass(frozen=True, slots=True)
class Own:
    """One expectation of one source. `table` is one of TABLES."""

    source: str
    name: str
    type: str
    table: str
    severity: str
    arguments: Mapping[str, Any]

    @property
    def words(self) -> str:
        """What is expected, as it stands in the settings."""
        told = (f"{name} {value}" for name, value in self.arguments.items())
        return f"{self.type.removeprefix('expect_').replace('_', ' ')}: {', '.join(told)}"


def check(owns: Iterable[Own]) -> None:
    """Raise OwnExpectationError for one that Great Expectations does not know or that does too much."""
    for own in owns:
        if wrong := next(_problems(own), None):
            raise OwnExpectationError(f"source {own.source!r}, expect {own.name!r}: {wrong}")


@dataclass(frozen=True, slots=True)
class Group:
    """What is expected of the staged rows of one table of one source."""

    source: str
    table: str
    owns: tuple[Own, ...]

    @property
    def title(self) -> str:
        """What its page is called."""
        return f"{self.source}: {self.table}"

    @property
    def key(self) -> str:
        """Name of its suite."""
        return f"{OWN} {self.title}"

    @property
    def query(self) -> str:
        """SELECT of its rows. The source's name may hold anything, so it is written as the bytes it has."""
        name = f"source = decode(unhex('{self.source.encode().hex()}'))"
        if self.table not in {FILE, NIGHT}:
            name = f"file_id IN (SELECT file_id FROM {STAGE}.{SOURCE_FILE.name} WHERE {name})"
        return f"SELECT * FROM {STAGE}.{TABLES[self.table].name} WHERE {name}"

    def suite(self) -> Suite:
        """The same for Great Expectations."""
        return Suite(self.query, [_built(own) for own in self.owns])


def groups(owns: Iterable[Own], tables: Container[str], sources: Container[str]) -> list[Group]:
    """The expectations of these tables and sources, each with its like."""
    found: dict[tuple[str, str], list[Own]] = {}
    for own in owns:
        if own.table in tables and own.source in sources:
            found.setdefault((own.source, own.table), []).append(own)
    return [Group(source, table, tuple(alike)) for (source, table), alike in found.items()]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one. `failed`: rows that broke it, or 1; `observed`: the number that was seen, if one was."""

    own: Own
    rows: int
    success: bool
    failed: int
    observed: float | None
    expected: str

    @property
    def words(self) -> str:
        """What is wrong, for who has to mend it."""
        seen = f", {self.observed:,.6g} seen" if self.observed is not None else ""
        return f"{self.own.name} is not met ({self.expected}; {self.failed:,} of {self.rows:,} rows{seen})"

    def row(self, run_id: str, batch: int) -> tuple[object, ...]:
        """As QUALITY_RESULT."""
        return (
            run_id, batch, self.own.source, OWN, self.own.name, self.own.severity, self.success, self.rows,
            self.failed, self.observed, self.expected,
        )  # fmt: skip


def outcomes(
    con: duckdb.DuckDBPyConnection, group: Group, result: ExpectationSuiteValidationResult
) -> list[Outcome]:
    """What Great Expectations found, of which `result` loses all values; what cannot be evaluated is not met."""
    rows = con.execute(f"SELECT count(*) FROM ({group.query})").fetchall()[0][0]
    found = {name_of(one): one for one in result.results}
    return [_outcome(own, rows, found[own.name]) for own in group.owns]


def own_pages(
    own: Sequence[Group],
    results: Mapping[str, ExpectationSuiteValidationResult],
    found: Sequence[Outcome],
) -> list[Page]:
    """A page of Data Docs per group."""
    return [
        Page(
            f"own-{number}", group.title, results[group.key], rules=len(group.owns),
            broken=sum(not one.success for one in found if one.own in group.owns),
            rows=max(one.rows for one in found if one.own in group.owns),
        )
        for number, group in enumerate(own, 1)
    ]  # fmt: skip


def _outcome(own: Own, rows: int, one: ExpectationValidationResult) -> Outcome:
    seen, failed = one.result.get("observed_value"), one.result.get("unexpected_count")
    if unknown := cause(one):
        words = f"could not be evaluated: {unknown}"
        one.exception_info = {
            "raised_exception": True,
            "exception_message": words,
            "exception_traceback": "",
        }
        return Outcome(own, rows, success=False, failed=1, observed=None, expected=words)
    if own.type == "unexpected_rows_expectation":
        seen, failed = None, seen
    told = (
        float(seen)
        if isinstance(seen, int | float) and own.arguments.get("column") not in KEYED
        else None
    )
    if told is None:
        one.result.pop("observed_value", None)
    one.result.pop("details", None)
    return Outcome(
        own,
        rows,
        success=bool(one.success),
        failed=int(not one.success) if failed is None else int(failed),
        observed=told,
        expected=own.words,
    )


def _built(own: Own) -> Expectation:
    return expectation(
        own.type,
        own.arguments,
        name=own.name,
        severity=own.severity,
        description=f"{own.name} ({own.severity}): {own.words}",
    )


def _problems(own: Own) -> Iterator[str]:
    if own.table == NIGHT and own.severity == CRITICAL:
        yield "a night is judged when all is loaded, too late to be critical; make it a warning"
    for argument in own.arguments:
        if argument.endswith("query") and argument != SQL:
            yield f"{argument} is not taken; write SQL as unexpected_rows_expectation"
    if SQL in own.arguments:
        yield from _problems_of_sql(str(own.arguments[SQL]))
    column = own.arguments.get("column")
    if column is not None and column not in TABLES[own.table].names():
        yield f"{own.table} has no column {column!r}; there are: {', '.join(TABLES[own.table].names())}"
    try:
        _built(own)
    except Exception as error:  # noqa: BLE001  whatever it makes of the arguments
        words = " ".join(str(error).split())
        yield f"Great Expectations does not take it ({words}); see its gallery"


def _problems_of_sql(text: str) -> Iterator[str]:
    try:
        statements = sqlglot.parse(text.replace("{batch}", "batch"), dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        yield f"{SQL} is not SQL that can be read; mend the query"
        return
    if len(statements) != 1 or not isinstance(statements[0], exp.Select | exp.SetOperation):
        yield f"{SQL} is not one SELECT and nothing else; keep that alone"
        return
    yield from forbidden(statements[0], {"batch"})
