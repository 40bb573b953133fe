"""Every stored table and column, once: type, unit, description and the rule its values obey.

DDL, polars schemas, Great Expectations suites, quarantine and the data dictionary all come from here.
Tables that a model computes are described by the model's own SQL file instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

CHANNELS = ("meeting", "message", "work")
ROLES = (
    "organiser", "required", "optional", "from", "to", "cc",
    "author", "assignee", "reviewer", "commenter", "mentioned",
)  # fmt: skip
APPOINTMENT = "appointment"  # kind of a meeting that its export gives no number
RESPONSES = ("accepted", "tentative", "declined", "none")
GRAINS = ("day", "week", "month", "quarter")

UNKNOWN = "(unknown)"  # the unit of people whom neither directory nor domain list knows
OTHER = "(other)"  # units that never had two people at a time
ALL = "(all)"  # in place of a unit or a channel: every one of them together


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `rule` is an SQL predicate that every row must satisfy, `words` says it plainly.

    `before` is an SQL value for rows that were written before the column was added; without it, NULL.
    """

    name: str
    type: str
    description: str
    rule: str | None = None
    words: str | None = None
    nullable: bool = False
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the private warehouse or of the published schema `mart`."""

    name: str
    description: str
    columns: tuple[Column, ...]

    def names(self) -> list[str]:
        """Column names, in order."""
        return [column.name for column in self.columns]


@cache
def polars_types() -> dict[str, pl.DataType | type[pl.DataType]]:
    """Type in SQL → polars type."""
    import polars as pl  # noqa: PLC0415  takes longer than a light command that needs no frame

    return {
        "BIGINT": pl.Int64,
        "INTEGER": pl.Int32,
        "DOUBLE": pl.Float64,
        "BOOLEAN": pl.Boolean,
        "DATE": pl.Date,
        "TIMESTAMP": pl.Datetime("us"),
        "VARCHAR": pl.String,
    }


def polars_schema(table: Table) -> dict[str, pl.DataType | type[pl.DataType]]:
    """Column name → polars type, in the table's order."""
    return {column.name: polars_types()[column.type] for column in table.columns}


def ddl(table: Table, name: str | None = None, *, checked: bool = True) -> str:
    """CREATE TABLE IF NOT EXISTS for `table`, under `name` if it is stored under another one.

    Without `checked` every column may be empty: staged rows are examined, not refused by the database.
    """
    lines = ",\n  ".join(
        f"{column.name} {column.type}{'' if column.nullable or not checked else ' NOT NULL'}"
        for column in table.columns
    )
    return f"CREATE TABLE IF NOT EXISTS {name or table.name} (\n  {lines}\n)"


def comments(table: Table, name: str | None = None) -> list[str]:
    """COMMENT ON statements for the table and each of its columns."""
    target = name or table.name
    return [f"COMMENT ON TABLE {target} IS {quoted(table.description)}"] + [
        f"COMMENT ON COLUMN {target}.{column.name} IS {quoted(column.description)}"
        for column in table.columns
    ]


def quoted(text: str) -> str:
    """`text` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def one_of(values: tuple[str, ...]) -> str:
    """`values` as the right side of an SQL IN."""
    return "(" + ", ".join(quoted(value) for value in values) + ")"


# --- columns that several tables share -------------------------------------------------------

FILE_ID = Column("file_id", "BIGINT", "Hash of source and path: which export file showed this.")
EVENT_ID = Column("event_id", "BIGINT", "Hash of the event's natural key (Message-ID, UID, ...).")
DAY = Column("day", "DATE", "Day on which the event started, in the network's time zone.")
ADDRESS_ID = Column("address_id", "BIGINT", "Keyed hash of one address, login or name.")

EVENT_COLUMNS = (
    EVENT_ID,
    Column(
        "channel", "VARCHAR", "meeting, message or work.",
        rule=f"channel IN {one_of(CHANNELS)}", words="channel is not meeting, message or work",
    ),
    Column("kind", "VARCHAR", "What happened: meeting, appointment (a meeting that its export gives no number), mail, assignment, comment, commit, ..."),
    DAY,
    Column(
        "started_at", "TIMESTAMP", "Start, UTC.",
        rule="started_at >= TIMESTAMP '1990-01-01' AND started_at < TIMESTAMP '2100-01-01'",
        words="start is before 1990 or after 2099",
    ),
    Column(
        "ended_at", "TIMESTAMP", "End, UTC; empty for what has no duration.", nullable=True,
        rule="ended_at IS NULL OR (ended_at >= started_at AND ended_at <= started_at + INTERVAL 31 DAY)",
        words="end is before the start, or more than 31 days after it",
    ),
    Column("initiator", "BIGINT", "address_id of organiser, sender or author.", nullable=True),
    Column("thread", "BIGINT", "Conversation the event belongs to.", nullable=True),
    Column("reply_to", "BIGINT", "event_id that this one answers.", nullable=True),
    Column("container", "BIGINT", "Meeting series or work item.", nullable=True),
    Column("is_automated", "BOOLEAN", "Sent by a machine: in no metric."),
    Column(
        "revision", "BIGINT", "Which version of the event this is; the highest one counts.",
        rule="revision >= 0", words="revision is negative",
    ),
)  # fmt: skip

PARTICIPATION_COLUMNS = (
    DAY,
    EVENT_ID,
    ADDRESS_ID,
    Column(
        "role", "VARCHAR", "Part taken in the event.",
        rule=f"role IN {one_of(ROLES)}", words="role is not one that Tieline knows",
    ),
    Column(
        "response", "VARCHAR", "Answer to an invitation: accepted, tentative, declined or none.",
        rule=f"response IN {one_of(RESPONSES)}", words="response is not one that Tieline knows",
    ),
)  # fmt: skip

POSITION = Column(
    "position", "BIGINT", "Where in the file: line, byte or record, as the format counts."
)
IS_CANCELLED = Column("is_cancelled", "BOOLEAN", "Called off or deleted in this version.")
IS_OWN = Column("is_own", "BOOLEAN", "The person's own copy, which decides the response.")

# --- the private warehouse --------------------------------------------------------------------

ANSWERS = Column(
    "answers",
    "BIGINT",
    "address_id of the author of the message that this one answers.",
    nullable=True,
)
EVENT = Table("event", "Events, each once, in the version that counts.", (*EVENT_COLUMNS, ANSWERS))
PARTICIPATION = Table(
    "participation",
    "Who took part in an event and how, one row per address.",
    PARTICIPATION_COLUMNS,
)
OBSERVED_EVENT = Table(
    "observed_event",
    "Events as each export file showed them; `event` is computed from these.",
    (FILE_ID, *EVENT_COLUMNS, IS_CANCELLED, POSITION),
)
OBSERVED_PARTICIPATION = Table(
    "observed_participation",
    "Participations as each export file showed them.",
    (FILE_ID, *PARTICIPATION_COLUMNS, IS_OWN),
)
OBSERVATION = Table(
    "observation",
    "Which sources showed an event: several partners see the same one, and it counts once.",
    (
        DAY,
        EVENT_ID,
        Column("source", "VARCHAR", "Name of the source in tieline.toml."),
        Column("partner", "VARCHAR", "Organisation that delivers the source.", before="source"),
    ),
)
SOURCE_FILE = Table(
    "source_file",
    "The ledger of export files: what was read, when, and what came of it.",
    (
        FILE_ID,
        Column("source", "VARCHAR", "Name of the source in tieline.toml."),
        Column("partner", "VARCHAR", "Organisation that delivered the file."),
        Column("format", "VARCHAR", "Export format, as `tieline sources` lists it."),
        Column("path", "VARCHAR", "Path, relative to the folder of tieline.toml."),
        Column("content", "VARCHAR", "BLAKE2b of the bytes."),
        Column("settings", "VARCHAR", "Hash of all settings that change what is read."),
        Column("bytes", "BIGINT", "Size of the file."),
        Column("modified_ns", "BIGINT", "When it was last written as it was read, in nanoseconds since 1970; 0 where unknown.", before="0"),
        Column("records", "BIGINT", "Records in the file."),
        Column("events", "BIGINT", "Events read: one record can hold several (a series) or none."),
        Column("participations", "BIGINT", "Participations read."),
        Column("rejected", "BIGINT", "Records or rows refused; see quarantine."),
        Column("duplicates", "BIGINT", "Records that repeat an event of the same file."),
        Column("skipped", "BIGINT", "Records that are no event by rule (one person, all day, outside the window)."),
        Column("automated", "BIGINT", "Events sent by machines."),
        Column("first_day", "DATE", "First day with an event.", nullable=True),
        Column("last_day", "DATE", "Last day with an event.", nullable=True),
        Column("run_id", "VARCHAR", "Run that loaded it."),
    ),
)  # fmt: skip
ADDRESS_ALIAS = Table(
    "address_alias",
    "Addresses that belong to a person with another main address.",
    (ADDRESS_ID, Column("person_id", "BIGINT", "address_id of the person's main address.")),
)
MEMBERSHIP = Table(
    "membership",
    "Which unit a person belongs to, from day to day; shares of a person, boundary and day add up to 1.",
    (
        Column("person_id", "BIGINT", "Keyed hash of the person's main address."),
        Column("boundary", "VARCHAR", "What the unit is one of: organisation, team, sector, ..."),
        Column("unit", "VARCHAR", "Name of the unit."),
        Column("valid_from", "DATE", "First day; 0001-01-01 when always."),
        Column("valid_to", "DATE", "Last day, included; 9999-12-31 when open."),
        Column("share", "DOUBLE", "Part of the person that belongs here.",
               rule="share > 0 AND share <= 1.000001", words="share is not between 0 and 1"),
        Column("origin", "VARCHAR", "directory, or domain when only the address's domain tells."),
    ),
)  # fmt: skip
BOUNDARY = Table(
    "boundary",
    "The boundaries that are measured.",
    (Column("boundary", "VARCHAR", "organisation, team, sector, ..."),),
)
SOURCE_END = Table(
    "source_end",
    "Sources that have ended: after that day nothing is expected of them.",
    (
        Column("source", "VARCHAR", "Name of the source in tieline.toml."),
        Column("last_day", "DATE", "The last day that it delivers for."),
    ),
)
CALENDAR = Table(
    "calendar",
    "Which day belongs to which period; fixed.",
    (
        Column("day", "DATE", "The day."),
        Column("grain", "VARCHAR", "day, week (ISO), month or quarter."),
        Column("period", "DATE", "First day of the period."),
        Column("idx", "INTEGER", "Number of the period; consecutive within a grain."),
    ),
)
SCOPE = Table(
    "scope",
    "Which channels a channel value covers: itself, and (all) every one; fixed.",
    (
        Column("channel", "VARCHAR", "The value shown: meeting, message, work or (all)."),
        Column("covers", "VARCHAR", "A channel that it covers."),
    ),
)
STALE_DAY = Table(
    "stale_day",
    "Days whose models must be computed again; days still to come wait here for their turn.",
    (Column("day", "DATE", "The day."),),
)
COMPUTED_UNTIL = Table(
    "computed_until",
    "Up to which day the models were computed last; an earlier one tells that a clock was wrong.",
    (Column("day", "DATE", "First day that is left out, because it was not over."),),
)
MODEL_STATE = Table(
    "model_state",
    "Fingerprint of each model's SQL and parameters at its last full build.",
    (
        Column("model", "VARCHAR", "Name of the model."),
        Column("fingerprint", "VARCHAR", "Hash over SQL, parameters and the models it reads."),
    ),
)
QUARANTINE = Table(
    "quarantine",
    "What was refused, record by record, with place and reason.",
    (
        FILE_ID,
        Column("position", "BIGINT", "Where in the file."),
        Column("place", "VARCHAR", "What position counts: line, byte, record, row, position or file."),
        Column("stage", "VARCHAR", "read (the reader refused it), validate (a rule did) or batch (the whole file)."),
        Column("reason", "VARCHAR", "Why, in plain words."),
        Column("record", "VARCHAR", "The refused row without names or text, as JSON.", nullable=True),
    ),
)  # fmt: skip
DISCARDED = Table(
    "discarded",
    "Refusals that somebody has left at that; they are told no more.",
    (
        FILE_ID,
        Column("position", "BIGINT", "Where in the file."),
        Column("stage", "VARCHAR", "read, validate or batch, as in quarantine."),
        Column("reason", "VARCHAR", "Why it was refused."),
        Column("content", "VARCHAR", "Of a file refused whole, the hash of its bytes; else empty."),
    ),
)
QUALITY_RESULT = Table(
    "quality_result",
    "Outcome of every expectation in every run, source by source.",
    (
        Column("run_id", "VARCHAR", "The run."),
        Column("batch", "BIGINT", "Number of the batch within the run; 0 for what is judged once a night."),
        Column("source", "VARCHAR", "Name of the source in tieline.toml; (all) where rows are of none.", before="'(all)'"),
        Column("suite", "VARCHAR", "event, participation, membership or file: Tieline's rules; own: of tieline.toml; learnt: from the source's own history."),
        Column("expectation", "VARCHAR", "The rule."),
        Column("severity", "VARCHAR", "critical, warning or info.", before="CASE suite WHEN 'file' THEN 'critical' ELSE 'info' END"),
        Column("success", "BOOLEAN", "Whether every row obeyed it."),
        Column("rows", "BIGINT", "Rows examined."),
        Column("failed", "BIGINT", "Rows that broke it."),
        Column("observed", "DOUBLE", "The number that was seen, where one number is judged.", nullable=True),
        Column("expected", "VARCHAR", "What was expected of it, in words.", nullable=True),
    ),
)  # fmt: skip
RUN = Table(
    "run",
    "The run log.",
    (
        Column("run_id", "VARCHAR", "Time-sortable name of the run."),
        Column("started_at", "TIMESTAMP", "Start, UTC."),
        Column(
            "ended_at", "TIMESTAMP", "End, UTC; empty while running or when killed.", nullable=True
        ),
        Column("state", "VARCHAR", "running, succeeded, failed or killed."),
        Column("files", "BIGINT", "Files read."),
        Column("events", "BIGINT", "Events read."),
        Column("rejected", "BIGINT", "Records refused."),
        Column("stale_days", "BIGINT", "Days computed again."),
        Column("seconds_read", "DOUBLE", "Seconds spent reading, validating and loading."),
        Column("seconds_transform", "DOUBLE", "Seconds spent on models, metrics and trends."),
        Column("seconds_publish", "DOUBLE", "Seconds spent publishing."),
        Column("message", "VARCHAR", "What went wrong, if anything.", nullable=True),
    ),
)

LAYOUT = Table(
    "layout",
    "Which version of Tieline's tables this database holds.",
    (
        Column("version", "BIGINT", "Number of the layout; a program refuses one above its own."),
        Column("tieline", "VARCHAR", "Version of Tieline that made it so."),
    ),
)
RUN_ORIGIN = Table(
    "run_origin",
    "Which flow each run was, and for when.",
    (
        Column("run_id", "VARCHAR", "The run."),
        Column("flow", "VARCHAR", "nightly, ingest, publish, backfill, ..."),
        Column("scheduled_at", "TIMESTAMP", "When a schedule wanted it, UTC; empty when nobody did.", nullable=True),
        Column("since", "DATE", "First day of a backfill.", nullable=True),
        Column("until", "DATE", "Last day of a backfill, included.", nullable=True),
    ),
)  # fmt: skip
RUN_STAGE = Table(
    "run_stage",
    "What each stage of each run cost.",
    (
        Column("run_id", "VARCHAR", "The run."),
        Column("stage", "VARCHAR", "read, load, transform or publish."),
        Column("seconds", "DOUBLE", "Time by the clock."),
        Column("cpu_seconds", "DOUBLE", "Time of all processors together."),
        Column("memory_mb", "DOUBLE", "Most memory held during the stage, in MB; where the system tells it only for the whole process, since that began."),
        Column("amount", "BIGINT", "What it worked on: bytes read, events that changed, periods computed, releases made."),
    ),
)  # fmt: skip
RUN_SOURCE = Table(
    "run_source",
    "What each source brought in each run: of a night, every source; of other runs, those that were read.",
    (
        Column("run_id", "VARCHAR", "The run."),
        Column("source", "VARCHAR", "Name of the source in tieline.toml."),
        Column("files", "BIGINT", "Files read."),
        Column("bytes", "BIGINT", "Their size."),
        Column("records", "BIGINT", "Records in them."),
        Column("events", "BIGINT", "Events read."),
        Column("rejected", "BIGINT", "Records that could not be read."),
        Column("refused", "BIGINT", "Files refused whole."),
        Column("seconds", "DOUBLE", "Time it took to read them, by the clock."),
        Column("newest_day", "DATE", "Newest day until the run's own with an event of the source, as far as 120 nights tell.", nullable=True),
    ),
)  # fmt: skip
SOURCE_NIGHT = Table(
    "source_night",
    "What each source brought tonight, all runs of the day together, while it is judged.",
    (
        Column("source", "VARCHAR", "Name of the source in tieline.toml."),
        Column("files", "BIGINT", "Files read."),
        Column("records", "BIGINT", "Records in them."),
        Column("events", "BIGINT", "Events read."),
        Column("rejected", "BIGINT", "Records that could not be read."),
        Column("refused", "BIGINT", "Files refused whole."),
        Column("newest_day", "DATE", "Newest day until today with an event.", nullable=True),
        Column("newest_days", "BIGINT", "Working days since then; holidays are none.", nullable=True),
        Column("delivered_days", "BIGINT", "Working days since the source last brought an event.", nullable=True),
    ),
)  # fmt: skip

PUBLISHED = Table(
    "published",
    "What was published last; empty while the warehouse holds something newer.",
    (Column("fingerprint", "VARCHAR", "Hash of catalogue, thresholds and network."),),
)

CHANGED = Table(
    "changed",
    "From which period on each model's rows changed since they were published.",
    (
        Column("model", "VARCHAR", "Name of the model or metric."),
        Column("grain", "VARCHAR", "day, week, month or quarter."),
        Column("period", "DATE", "First day of the first period; 0001-01-01 when all."),
    ),
)
CLOSED_FILE = Table(
    "closed_file",
    "The file of closed periods that a release begins with: which one it is, and what it was made of.",
    (
        Column("token", "VARCHAR", "Its own name, written in it too."),
        Column("mark", "VARCHAR", "Hash of the rules and tables of the release."),
        Column("witness", "VARCHAR", "What else the closed rows were made of, counted."),
    ),
)
CLOSED_PERIOD = Table(
    "closed_period",
    "How far the file of closed periods goes, for each metric; under an empty name, for tables that follow none.",
    (
        Column("metric", "VARCHAR", "Name of the metric, or empty."),
        Column("grain", "VARCHAR", "day, week, month or quarter."),
        Column("first", "DATE", "First day of the first period that is not in the file."),
    ),
)
PUBLISHING = Table(
    "publishing",
    "Which periods are being written; as closed_period.",
    (
        *CLOSED_PERIOD.columns[:2],
        Column(
            "look",
            "DATE",
            "First day of the first period that is looked at, for directions and lines.",
        ),
        Column(
            "near",
            "DATE",
            "First day of the first period that is looked at, for trends.",
            before="look",
        ),
        Column("first", "DATE", "First day of the first period that is written."),
        Column("until", "DATE", "First day of the first period after them."),
    ),
)

KEY_MARK = Table(
    "key_mark",
    "Which key the numbers of this database were made with.",
    (Column("mark", "VARCHAR", "Keyed hash that only this key gives."),),
)

RETENTION = Table(
    "retention",
    "What retention left. Empty while everything is kept.",
    (
        Column("kept_since", "DATE", "First day of which events are kept."),
        Column(
            "closed_before", "DATE", "Numbers of periods that begin before it stay as they are."
        ),
        Column("first_day", "DATE", "First day that ever had an event."),
    ),
)

LAKE_DAY = Table(
    "lake_day",
    "Days of which the event lake does not have the rows as they are here.",
    (Column("day", "DATE", "The day."),),
)
LAKE_STATE = Table(
    "lake_state",
    "The commit of the event lake that was written last from here; without it, lake and warehouse are compared.",
    (Column("commit_id", "VARCHAR", "Its number and run."),),
)
LAKE_MODEL = Table(
    "lake_model",
    "Files of the models that Spark computed; empty when DuckDB computes all of them.",
    (
        Column("model", "VARCHAR", "Name of the model."),
        Column("day", "DATE", "Day of the rows, of a model per day.", nullable=True),
        Column("grain", "VARCHAR", "Grain of the rows, of a model per period.", nullable=True),
        Column("period", "DATE", "First day of their period.", nullable=True),
        Column("path", "VARCHAR", "The file, within the lake."),
    ),
)

METRIC_VALUE_COLUMNS = (
    Column("metric", "VARCHAR", "Name of the metric; `metric` explains it."),
    Column("measure", "VARCHAR", "Which of the metric's numbers this is."),
    Column("grain", "VARCHAR", "day, week, month or quarter."),
    Column("period", "DATE", "First day of the period."),
    Column("channel", "VARCHAR", "meeting, message, work or (all)."),
    Column("boundary", "VARCHAR", "What the units are: organisation, team, ..."),
    Column("unit", "VARCHAR", "Unit, or (all) for the whole network."),
    Column("other_unit", "VARCHAR", "The other unit of a line; (all) where there is none."),
    Column("value", "DOUBLE", "The number.", nullable=True),
    Column("numerator", "DOUBLE", "What was divided, where the value is a ratio.", nullable=True),
    Column("denominator", "DOUBLE", "By what.", nullable=True),
    Column("people", "BIGINT", "Distinct people behind it on the side of `unit`.", nullable=True),
    Column("other_people", "BIGINT", "Distinct people on the side of `other_unit`.", nullable=True),
    Column("top_share", "DOUBLE", "Part of the weight that the most active person carries.", nullable=True),
    Column("expected", "DOUBLE", "What chance alone would give.", nullable=True),
    Column("z", "DOUBLE", "Distance from expected in standard deviations.", nullable=True),
    Column("low", "DOUBLE", "Lower end of the 95 % interval.", nullable=True),
    Column("high", "DOUBLE", "Upper end of the 95 % interval.", nullable=True),
)  # fmt: skip
METRIC_VALUE = Table(
    "metric_value",
    "Every metric over every period, boundary, unit and channel.",
    METRIC_VALUE_COLUMNS,
)
CLOSED_SHARE = Table(
    "closed_share",
    "Of the file of closed periods: how many cells are shown, or hidden for which reason.",
    (
        *METRIC_VALUE_COLUMNS[:3],
        METRIC_VALUE_COLUMNS[5],
        Column("hidden_reason", "VARCHAR", "Why hidden; empty: shown.", nullable=True),
        Column("cells", "BIGINT", "Cells."),
        Column("total", "DOUBLE", "Sum of their values without sign.", nullable=True),
    ),
)
WITHHELD = Table(
    "withheld",
    "Cells that are not published, though people enough stand behind them: others could be computed from them.",
    (
        *METRIC_VALUE_COLUMNS[:8],
        Column("reason", "VARCHAR", "Why: protects another number, or period not over."),
        Column(
            "block",
            "VARCHAR",
            "What was audited when it was chosen: a month of weights, quarters, ...",
        ),
    ),
)
AUDITED = Table(
    "audited",
    "Months whose hidden numbers were audited, and on what; an unchanged month is not audited again.",
    (
        Column("block", "VARCHAR", "Which numbers, and the month."),
        Column("fingerprint", "VARCHAR", "Hash of the numbers and the rules."),
    ),
)
# Built by the model of that name, which a test holds to these columns.
TREND = Table(
    "trend",
    "Change, rolling median and deviation of every metric's series; incomplete periods are left out.",
    (
        *METRIC_VALUE_COLUMNS[:9],
        Column("completeness", "DOUBLE", "Part of the interaction that the exports could show; 0 for a period that is not over."),
        Column("previous", "DOUBLE", "Value of the period before.", nullable=True),
        Column("change", "DOUBLE", "Value minus previous.", nullable=True),
        Column("change_share", "DOUBLE", "Change as a part of previous; empty where the base is too small.", nullable=True),
        Column("rolling_median", "DOUBLE", "Median of this and the four periods before.", nullable=True),
        Column("robust_z", "DOUBLE", "(value - median) / (1.4826 MAD) over the same periods.", nullable=True),
    ),
)  # fmt: skip

WAREHOUSE = (
    LAYOUT, EVENT, PARTICIPATION, OBSERVATION, OBSERVED_EVENT, OBSERVED_PARTICIPATION, SOURCE_FILE, ADDRESS_ALIAS,
    MEMBERSHIP, BOUNDARY, SOURCE_END, CALENDAR, SCOPE, STALE_DAY, COMPUTED_UNTIL, MODEL_STATE, QUARANTINE, DISCARDED, QUALITY_RESULT, RUN,
    RUN_ORIGIN, RUN_STAGE, RUN_SOURCE, PUBLISHED, CHANGED, CLOSED_FILE, CLOSED_PERIOD, PUBLISHING, CLOSED_SHARE, KEY_MARK, RETENTION,
    METRIC_VALUE, WITHHELD, AUDITED,
    LAKE_DAY, LAKE_STATE, LAKE_MODEL,
)  # fmt: skip

# Columns, of models too, whose numbers are keyed hashes; and those of them that lead to people.
KEYED = (
    "event_id", "initiator", "thread", "reply_to", "container", "answers", "address_id", "person_id",
    "s", "t", "introducer",
)  # fmt: skip
PERSONAL = frozenset({"event_id", "address_id", "person_id", "s", "t", "introducer"})

# --- staging: what one batch brings, checked before it is loaded -------------------------------

STAGED = (OBSERVED_EVENT, OBSERVED_PARTICIPATION, SOURCE_FILE, QUARANTINE, MEMBERSHIP, SOURCE_NIGHT)
STAGE = "stage"  # schema of the staged copies
