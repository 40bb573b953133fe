"""Which column of a stranger's table means what: by its name, and by what stands in it.

The first records decide; what cannot be told is left out rather than guessed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import IO, TYPE_CHECKING

import polars as pl
from polars.exceptions import PolarsError

from transforms.sources.base import UnreadableFileError
from transforms.sources.delimited import layout_of_text
from transforms.sources.instants import instants
from transforms.sources.mapping import CHANNELS, EDGE, LONG, NEEDED
from transforms.sources.opening import opened_text, plain, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

TABLES = ("csv", "ndjson", "parquet")  # formats that need a mapping
SAMPLE = 200  # records looked at
MOST = 0.8  # part of a column's cells that must be what the column is taken for

# Headers as `plain` writes them, the surest first; English and Dutch.
_NAMES = {
    "time": (
        "timestamp", "datetime", "eventdate", "eventtime", "occurredat", "happenedat", "sentat",
        "sent", "senttime", "datesent", "started", "startedat", "starttime", "startdatetime", "start",
        "begin", "created", "createdat", "createdon", "time", "date", "when", "at", "day",
        "tijdstip", "datumtijd", "verzonden", "verzondenop", "aangemaakt", "aangemaaktop",
        "starttijd", "begintijd", "tijd", "datum",
    ),
    "end": (
        "ended", "endedat", "endtime", "enddatetime", "end", "finished", "finish", "einde",
        "eindtijd",
    ),
    "sender": (
        "sender", "senderaddress", "senderemail", "from", "fromaddress", "fromemail", "afzender",
        "van", "caller", "beller",
    ),
    "recipient": (
        "recipient", "recipientaddress", "recipientemail", "receiver", "to", "toaddress", "toemail",
        "ontvanger", "aan", "naar", "callee", "called", "gebelde",
    ),
    "person": (
        "person", "personid", "email", "emailaddress", "useremail", "mail", "participant",
        "attendee", "member", "user", "username", "userid", "actor", "author", "authoremail",
        "login", "who", "by", "employee", "employeeemail", "persoon", "emailadres", "mailadres",
        "gebruiker", "medewerker", "deelnemer", "auteur", "wie",
    ),
    "role": ("role", "recipienttype", "participation", "rol"),
    "action": (
        "action", "activity", "verb", "eventtype", "activitytype", "actiontype", "operation",
        "what", "actie", "handeling", "activiteit", "wat",
    ),
    "item": (
        "item", "itemid", "ticket", "ticketid", "issue", "issueid", "issuekey", "case", "caseid",
        "task", "taskid", "workitem", "workitemid", "document", "documentid", "dossier", "zaak",
        "zaaknummer", "zaakid", "taak", "room", "kamer", "page", "pageid", "project", "projectid",
        "thread", "threadid",
    ),
    "event": (
        "event", "eventid", "eventnumber", "messageid", "mailid", "meeting", "meetingid", "callid",
        "activityid", "vergadering", "afspraak", "gebeurtenis",
    ),
    "channel": ("channel", "kanaal"),
}  # fmt: skip
_OF_PERSON = ("emailaddress", "email", "mail", "address", "login", "username", "accountid", "id")
_PEOPLE = ("sender", "recipient", "person")
_MEETS = {"meeting", "meetingid", "vergadering", "afspraak", "attendee", "deelnemer"}
_WRITES = {"messageid", "mailid"}
_FORMS = (
    "%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d-%m-%Y",
    "%d/%m/%Y", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M", "%Y/%m/%d", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y",
    "%m-%d-%Y %H:%M:%S", "%m-%d-%Y %H:%M", "%m-%d-%Y", "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p", "%a, %d %b %Y %H:%M:%S %z", "%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """The first records of a table as text; `has_header`: the columns have names of their own."""

    cells: pl.DataFrame
    has_header: bool = True


def first_records(path: Path, form: str) -> Table:
    """The beginning of a `csv`, `ndjson` or `parquet`; empty where it is none."""
    try:
        if form == "parquet":
            rows = pl.scan_parquet(path, glob=False).head(SAMPLE).collect()
            texts = [c for c, kind in rows.schema.items() if not kind.is_nested()]
            return Table(rows.select(_text(name, rows.schema[name]) for name in texts))
        with opened_text(path) as text:
            return _records(islice(text, SAMPLE)) if form == "ndjson" else _rows(text)
    except (PolarsError, UnreadableFileError, OSError, ValueError):
        return Table(pl.DataFrame())


def _text(name: str, kind: pl.DataType) -> pl.Expr:
    cell = pl.col(name)
    return cell.dt.to_string("iso:strict") if kind.is_temporal() else cell.cast(pl.String)


def _rows(text: IO[str]) -> Table:
    layout = layout_of_text(text)  # reads as far as the header
    header = layout.header
    told = [row for _, row in islice(rows_of(text, layout.separator), SAMPLE)]
    at = {name: n for n, name in reversed([*enumerate(header)]) if name}
    columns = {
        name: [row[n].strip() if n < len(row) else "" for row in told]
        for name, n in sorted(at.items(), key=lambda pair: pair[1])
    }
    named = not any(_is_value(name) for name in header)
    return Table(pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)), named)


def _is_value(name: str) -> bool:
    return "@" in name or name.replace(".", "").isdigit() or _times(pl.Series([name])) is not None


def _records(lines: Iterable[str]) -> Table:
    records = [_flat(line) for line in lines if line.strip()]
    names = dict.fromkeys(name for record in records for name in record)
    columns = {
        name: ["" if (value := record.get(name)) is None else str(value) for record in records]
        for name in names
    }
    return Table(pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)))


def _flat(line: str) -> dict[str, object]:
    """Plain values of a JSON object by name, those of objects inside as "outer.inner"."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(record, dict):
        return {}
    inner = {
        f"{name}.{part}": value
        for name, fields in record.items()
        if isinstance(fields, dict)
        for part, value in fields.items()
    }
    return {
        name: value
        for name, value in (record | inner).items()
        if not isinstance(value, dict | list) and "'" not in name
    }


def proposed(table: Table) -> dict[str, str]:
    """Mapping of the table's columns, as in tieline.toml; empty where it cannot be told.

    In long form something must join people, an item or an event; else the table is none of events.
    """
    cells = table.cells
    if not table.has_header or cells.is_empty():
        return {}
    mapping: dict[str, str] = {}
    times = _time_columns(cells)
    if not times:
        return {}
    named = {key: _named(cells, key, {*mapping.values()}) for key in _NAMES}
    time = next((name for name in _by_name(cells, "time") if name in times), next(iter(times)))
    mapping["time"] = time
    if (end := named["end"]) in times and end != time:
        mapping["end"] = end
    mapping |= _people(cells, named, {*mapping.values()})
    for key in ("role", "action", "item", "event"):
        if named[key] and named[key] not in mapping.values():
            mapping[key] = named[key]
    form = EDGE if "sender" in mapping else LONG
    if form == LONG and not mapping.keys() & {"item", "event"} and (number := _number(cells)):
        mapping["event"] = number
    if any(key not in mapping for key in NEEDED[form]):
        return {}
    if form == LONG and not mapping.keys() & {"item", "event"}:
        return {}
    if form == LONG and mapping.get("item") and "event" not in mapping and "end" in mapping:
        mapping.pop("end")  # an act on an item lasts no time
    return mapping | _channel(cells, named["channel"], mapping) | _form(times[time])


def _people(cells: pl.DataFrame, named: Mapping[str, str], taken: set[str]) -> dict[str, str]:
    sender, recipient, person = (named[key] for key in ("sender", "recipient", "person"))
    if sender and recipient:
        return {"sender": sender, "recipient": recipient}
    if person:
        return {"person": person}
    # Names tell nothing: columns of addresses do.
    found = [
        name
        for name in cells.columns
        if name not in taken and _share(cells[name].str.contains(r"^\S+@\S+\.\w+$")) >= MOST
    ]
    if len(found) == 1:
        return {"person": found[0]}
    return {}


def _number(cells: pl.DataFrame) -> str:
    """The number that several rows share, where there is one."""
    ids = (name for name in cells.columns if plain(name) in {"id", "nr", "number", "nummer"})
    return next((name for name in ids if cells[name].n_unique() < cells.height), "")


def _channel(cells: pl.DataFrame, name: str, mapping: Mapping[str, str]) -> dict[str, str]:
    if name and set(cells[name].str.to_lowercase().unique()) <= {*CHANNELS, ""}:
        return {"channel": name}
    told = {plain(column.rpartition(".")[2]) for column in mapping.values()}
    lasts = "end" in mapping and "event" in mapping
    if "sender" not in mapping and (told & _MEETS or lasts):
        return {"channel": "=meeting"}
    if "sender" not in mapping and told & _WRITES:
        return {"channel": "=message"}
    return {}


def _form(form: str) -> dict[str, str]:
    return {"time_format": form} if form else {}


def _by_name(cells: pl.DataFrame, key: str) -> list[str]:
    """Columns whose name stands for `key`, the surest first; that of a field inside, too."""
    order = {name: n for n, name in enumerate(_NAMES[key])}
    ranked = []
    for name in cells.columns:
        outer, _, inner = name.rpartition(".")
        if plain(name) in order:
            ranked.append((order[plain(name)], 0, name))
        elif key == "time" and plain(inner) in order:
            ranked.append((order[plain(inner)], 0, name))
        elif key in _PEOPLE and plain(outer) in order and plain(inner) in _OF_PERSON:
            ranked.append((order[plain(outer)], _OF_PERSON.index(plain(inner)), name))
    return [name for *_, name in sorted(ranked)]


def _named(cells: pl.DataFrame, key: str, taken: set[str]) -> str:
    """The column for `key` that holds anything."""
    filled = (
        name for name in _by_name(cells, key) if name not in taken and (cells[name] != "").any()
    )
    return next(filled, "")


def _time_columns(cells: pl.DataFrame) -> dict[str, str]:
    """Column → its form ("" for ISO 8601 and seconds), of those that hold times."""
    return {name: form for name in cells.columns if (form := _times(cells[name], name)) is not None}


def _times(cells: pl.Series, name: str = "") -> str | None:
    told = cells.filter(cells.fill_null("") != "")
    if told.is_empty():
        return None
    is_number = _share(told.str.contains(r"^\d+(\.\d+)?$")) > 1 - MOST
    if is_number and plain(name.rpartition(".")[2]) not in _NAMES["time"]:
        return None  # a number is a time only where its name says so
    shares = {form: _share(instants(told, form, "UTC").is_not_null()) for form in ("", *_FORMS)}
    best = max(shares, key=shares.__getitem__)  # of equals the first: the day before the month
    return best if shares[best] >= MOST else None


def _share(is_so: pl.Series) -> float:
    return float(is_so.fill_null(value=False).mean() or 0.0)  # type: ignore[arg-type]
