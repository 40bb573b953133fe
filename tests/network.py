"""A warehouse filled with a small network written by hand, for tests of models and metrics."""

from __future__ import annotations

import atexit
import csv
import shutil
import tempfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path

import duckdb
import msgspec

from flows.config import ModelParameters
from transforms.model import Model, Parameters, read_models
from transforms.people import ALWAYS, OPEN
from transforms.runner import Built, transform
from warehouse import load

PARAMETERS: Parameters = msgspec.structs.asdict(ModelParameters())
TODAY = date(2030, 1, 1)
INPUTS = Path(__file__).parent / "metrics" / "inputs"
ROLES = {  # of who began an event of this kind, and of the others in it
    "meeting": ("organiser", "required"),
    "comment": ("author", "commenter"),
    "assignment": ("author", "assignee"),
    "mention": ("author", "mentioned"),
}


def person_id(name: str) -> int:
    return int.from_bytes(name.encode())


def rows(path: Path) -> list[dict[str, str]]:
    lines = [
        line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    return [{k: v or "" for k, v in row.items()} for row in csv.DictReader(lines, restval="")]


@cache
def _template() -> Path:
    """A warehouse in which nothing is; copying it takes a sixth of making it."""
    folder = Path(tempfile.mkdtemp(prefix="tieline-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with duckdb.connect(str(folder / "template.duckdb")) as con:
        load.create(con)
    return folder / "template.duckdb"


def empty_warehouse() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(f"ATTACH '{_template()}' AS template (READ_ONLY)")
    con.execute("COPY FROM DATABASE template TO memory")
    con.execute("DETACH template")
    return con


def fill(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Put events.csv and members.csv of `folder` straight into event, participation and membership.

    aliases.csv, where it is there, tells of whom other addresses are. Events may tell their time of day (`at`), their `kind`, the event that they answer (`answers`), their `thread` and
    the sources that showed them (`seen_by`, each as partner or partner:tool).
    """
    events, seats, seen = [], [], []
    listed = rows(folder / "events.csv")
    number_of = {row["event"]: number for number, row in enumerate(listed, 1)}
    author_of = {row["event"]: person_id(row["initiator"]) for row in listed}
    for number, row in enumerate(listed, 1):
        day, parent = date.fromisoformat(row["day"]), row.get("answers")
        start = datetime.combine(day, time.fromisoformat(row.get("at") or "10:00"))
        end = start + timedelta(minutes=int(row["minutes"])) if row["minutes"] else None
        container = person_id(row["container"]) if row["container"] else None
        kind = row.get("kind") or ("meeting" if row["channel"] == "meeting" else "mail")
        events.append(
            (number, row["channel"], kind, day, start, end, person_id(row["initiator"]),
             person_id(row["thread"]) if row.get("thread") else None, number_of[parent] if parent else None, container, False, 0,
             author_of[parent] if parent else None)
        )  # fmt: skip
        first, other = ROLES.get(kind, ("from", "to"))
        people = [(row["initiator"], first)]
        people += [(name, other) for name in row["others"].split()]
        people += [(name, "cc") for name in row.get("cc", "").split()]
        seats += [(day, number, person_id(name), role, "none") for name, role in people]
        seen += [
            (day, number, source, source.partition(":")[0])
            for source in row.get("seen_by", "").split()
        ]
    if seen:
        con.executemany("INSERT INTO observation VALUES (?,?,?,?)", seen)
    con.executemany("INSERT INTO event VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", events)
    con.executemany("INSERT INTO participation VALUES (?,?,?,?,?)", seats)
    if (folder / "aliases.csv").exists():
        con.executemany(
            "INSERT INTO address_alias VALUES (?, ?)",
            [
                (person_id(a["address"]), person_id(a["person"]))
                for a in rows(folder / "aliases.csv")
            ],
        )
    con.execute("INSERT INTO boundary VALUES ('organisation')")
    con.executemany(
        "INSERT INTO membership VALUES (?, 'organisation', ?, ?, ?, ?, 'directory')",
        [
            (person_id(m["person"]), m["unit"], m.get("valid_from") or ALWAYS,
             m.get("valid_to") or OPEN, float(m.get("share") or 1))
            for m in rows(folder / "members.csv")
        ],
    )  # fmt: skip


@cache
def all_models() -> list[Model]:
    """Every model of Tieline, read once for all tests."""
    return read_models()


@cache
def behind(*names: str) -> tuple[Model, ...]:
    """The models of these names and all that they read, near or far, in their order."""
    every, wanted = all_models(), {*names}
    for model in reversed(every):
        if model.name in wanted:
            wanted |= {other.name for other in every if other.table in model.reads}
    return tuple(model for model in every if model.name in wanted)


def build(
    con: duckdb.DuckDBPyConnection,
    models: Sequence[Model] | None = None,
    parameters: Parameters = PARAMETERS,
    today: date = TODAY,
) -> Built:
    con.execute("BEGIN")
    built = transform(con, models or all_models(), parameters, today=today)
    con.execute("COMMIT")
    return built
