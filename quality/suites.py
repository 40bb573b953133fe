"""The rules a staged batch must obey, as data: no database, no Great Expectations.

One predicate drives both the expectation and the quarantine, so they cannot disagree. A row obeys a
rule when the predicate is TRUE; FALSE and NULL both break it.

Severity: what is critical stops the file; a warning wants somebody to look; a row that is put aside is
for information, as the rest is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from warehouse.schema import (
    MEMBERSHIP,
    OBSERVED_EVENT,
    OBSERVED_PARTICIPATION,
    SOURCE_FILE,
    STAGE,
    Column,
    Table,
    quoted,
)

EVENT: Final = OBSERVED_EVENT.name
PARTICIPATION: Final = OBSERVED_PARTICIPATION.name
FILE: Final = SOURCE_FILE.name

SUITES: Final = {  # staged table → name of its suite
    EVENT: "event",
    PARTICIPATION: "participation",
    MEMBERSHIP.name: "membership",
    FILE: "file",
}


CRITICAL: Final = "critical"
WARNING: Final = "warning"
INFO: Final = "info"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a batch may hold. Days count from `today`, the run's own day; shares are 0..1."""

    today: date
    meeting_days: int = 730  # meetings are planned ahead
    other_days: int = 2  # messages and work are not; two days forgive clocks and time zones
    rejected_share: float = 0.5  # a file with more refused than this is refused whole
    least: int = 20  # records or events below which no share is taken

    @property
    def last_meeting(self) -> date:
        """Last day that a meeting may lie on."""
        return self.today + timedelta(days=self.meeting_days)

    @property
    def last_other(self) -> date:
        """Last day that anything else may lie on."""
        return self.today + timedelta(days=self.other_days)


@dataclass(frozen=True, slots=True)
class RowRule:
    """A predicate over a row of `stage.<table>`; `words` says the fault of a row that breaks it."""

    table: str
    name: str
    predicate: str
    words: str
    severity: str = INFO

    @property
    def broken(self) -> str:
        """SQL condition of the rows that break the rule."""
        return f"({self.predicate}) IS NOT TRUE"


@dataclass(frozen=True, slots=True)
class FileRule:
    """A query for the files that break the rule: `file_id` and `detail`, one row a file."""

    name: str
    query: str
    words: str
    severity: str = CRITICAL

    @property
    def table(self) -> str:
        """The staged table whose rows the rule is about: the ledger of files."""
        return FILE

    @property
    def broken(self) -> str:
        """SQL condition of the rows of `stage.source_file` that break the rule."""
        return f"file_id IN (SELECT file_id FROM ({self.query}))"


Rule = RowRule | FileRule
TOO_FAR_AHEAD: Final = "the event lies too far ahead"


def described(rule: Rule) -> str:
    """The rule as something to expect, for Data Docs."""
    return f"No {'file' if rule.table == FILE else 'row'} where {rule.words}"


def row_rules(limits: Limits) -> tuple[RowRule, ...]:
    """Rules of single rows: those of the schema's columns, then those that look across rows."""
    return (
        *column_rules(OBSERVED_EVENT),
        _not_too_far_ahead(limits),
        EVENT_ONCE,
        *column_rules(OBSERVED_PARTICIPATION),
        HAS_EVENT,
        *column_rules(MEMBERSHIP),
        *MEMBERSHIP_RULES,
    )


def file_rules(limits: Limits) -> tuple[FileRule, ...]:
    """Rules of whole files; a file that breaks one is refused, the others of its batch are not."""
    return (
        UNREADABLE,
        _too_many_rejected(limits),
        _too_many_broken(limits),
        _only_future(limits),
    )


def column_rules(table: Table) -> tuple[RowRule, ...]:
    """NOT NULL and the column's own rule, for every column of `table`."""
    return tuple(rule for column in table.columns for rule in _of_column(table.name, column))


def _of_column(table: str, column: Column) -> list[RowRule]:
    rules = []
    if not column.nullable:
        predicate = f"{column.name} IS NOT NULL"
        rules.append(
            RowRule(table, f"{column.name}_present", predicate, f"{column.name} is missing")
        )
    if column.rule:
        # An empty value is the rule above's to report: each row hears each fault once.
        predicate = column.rule if column.nullable else f"{column.name} IS NULL OR ({column.rule})"
        words = column.words or f"{column.name} breaks the rule {column.rule}"
        rules.append(RowRule(table, f"{column.name}_valid", predicate, words))
    return rules


# --- rules across rows ---------------------------------------------------------------------------


def _not_too_far_ahead(limits: Limits) -> RowRule:
    meeting, other = limits.last_meeting, limits.last_other
    return RowRule(
        EVENT,
        "day_not_too_far_ahead",
        "day IS NULL OR channel IS NULL OR day <= "
        f"CASE channel WHEN 'meeting' THEN DATE '{meeting}' ELSE DATE '{other}' END",
        f"{TOO_FAR_AHEAD}: a meeting after {meeting}, anything else after {other}",
    )


# Position is left out: the same record twice in a file differs in nothing else.
_CONTENT = ", ".join(name for name in OBSERVED_EVENT.names() if name != "position")

EVENT_ONCE: Final = RowRule(
    EVENT,
    "event_once",
    # Whole rows are compared only where an id comes twice: three times faster on a clean batch.
    "(file_id, event_id, revision, position) NOT IN ("
    "SELECT (file_id, event_id, revision, position) FROM (SELECT file_id, event_id, revision,"
    f" position, min(position) OVER (PARTITION BY {_CONTENT}) AS first"
    f" FROM {STAGE}.{EVENT} WHERE (file_id, event_id) IN (SELECT (file_id, event_id)"
    f" FROM {STAGE}.{EVENT} GROUP BY file_id, event_id HAVING count(*) > 1))"
    " WHERE position > first)",
    "the event repeats another of the same file, alike in everything",
)

HAS_EVENT: Final = RowRule(
    PARTICIPATION,
    "event_known",
    "event_id IS NULL OR file_id IS NULL"
    f" OR (file_id, event_id) IN (SELECT (file_id, event_id) FROM {STAGE}.{EVENT})",
    "its event is not in the file",
)

MEMBERSHIP_RULES: Final = (
    RowRule(
        MEMBERSHIP.name,
        "days_in_order",
        "valid_from IS NULL OR valid_to IS NULL OR valid_from <= valid_to",
        "the membership ends before it begins",
    ),
    RowRule(
        MEMBERSHIP.name,
        "shares_add_up",
        # The sum can only rise on a first day, so first days are the ones to look at.
        "(person_id, boundary, valid_from) NOT IN ("
        "SELECT (first.person_id, first.boundary, first.valid_from)"
        f" FROM (SELECT DISTINCT person_id, boundary, valid_from FROM {STAGE}.membership) first,"
        f" {STAGE}.membership other"
        " WHERE other.person_id = first.person_id AND other.boundary = first.boundary"
        " AND first.valid_from BETWEEN other.valid_from AND other.valid_to"
        " GROUP BY first.person_id, first.boundary, first.valid_from"
        " HAVING abs(sum(other.share) - 1) > 1e-6)",
        "shares of the person on the first day do not add up to 1",
    ),
)

# --- rules of files ------------------------------------------------------------------------------

# The commonest reason travels with the refusal: it says what to mend.
_COMMONEST = (
    "coalesce(', most often: ' || (SELECT mode(reason) FROM stage.quarantine"
    " WHERE quarantine.file_id = source_file.file_id), '')"
).replace("stage.", f"{STAGE}.")

UNREADABLE: Final = FileRule(
    "something_readable",
    f"SELECT file_id, records || ' records' || {_COMMONEST} AS detail FROM {STAGE}.{FILE}"
    " WHERE records > 0 AND events = 0 AND rejected >= records",
    "no record could be read",
)


def _too_many_rejected(limits: Limits) -> FileRule:
    return FileRule(
        "rejected_share",
        f"SELECT file_id, rejected || ' of ' || records || ' records' || {_COMMONEST} AS detail"
        f" FROM {STAGE}.{FILE} WHERE records >= {limits.least}"
        f" AND rejected > {limits.rejected_share} * records",
        f"more than {limits.rejected_share:.0%} of the records could not be read",
    )


def _too_many_broken(limits: Limits) -> FileRule:
    # Repeats are harmless, however many; every other fault counts.
    rules = [
        rule for rule in row_rules(limits) if rule.table == EVENT and rule.name != EVENT_ONCE.name
    ]
    faults = " ".join(f"WHEN {rule.broken} THEN {quoted(rule.words)}" for rule in rules)
    return FileRule(
        "broken_share",
        "SELECT file_id, count(fault) || ' of ' || count(*) || ' events, most often: ' || mode(fault) AS detail"
        f" FROM (SELECT file_id, CASE {faults} END AS fault FROM {STAGE}.{EVENT}) GROUP BY file_id"
        f" HAVING count(*) >= {limits.least}"
        f" AND count(fault) > {limits.rejected_share} * count(*)",
        f"more than {limits.rejected_share:.0%} of the events break a rule",
    )


def _only_future(limits: Limits) -> FileRule:
    last = limits.last_other
    return FileRule(
        "not_only_future",
        "SELECT file_id, count(*) || ' events, the first on ' || min(day) AS detail"
        f" FROM {STAGE}.{EVENT} GROUP BY file_id"
        f" HAVING count(*) >= {limits.least} AND min(day) > DATE '{last}'",
        f"every event lies after {last}",
    )
