"""The readers of mapped tables against their golden files, their traps, and csv on real tables."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.golden import assert_golden, whole
from transforms.sources import mapped_rows
from transforms.sources.base import Batch, Options, UnreadableFileError
from transforms.sources.generic import SOURCE_CSV, SOURCE_NDJSON, SOURCE_PARQUET
from transforms.sources.instants import instants, is_form
from transforms.sources.mapping import KNOWN_ROLES
from transforms.sources.opening import SHORTENED
from warehouse import schema

if TYPE_CHECKING:
    from transforms.sources.base import Source

HERE = Path(__file__).parent
TICKETS = {"item": "ticket", "time": "when", "person": "e-mail", "action": "what"}
MAILS = {
    "form": "edge", "sender": "sender", "recipient": "recipient", "time": "EventDate",
    "time_format": "%d/%m/%Y %H:%M:%S", "channel": "message",
}  # fmt: skip
MEETINGS = {
    "event": "id", "time": "start", "end": "end", "person": "who.mail", "role": "as",
    "channel": "=meeting", "system": "rooms",
}  # fmt: skip
VISITS = {
    "event": "visit", "time": "started", "end": "ended", "person": "who", "role": "as",
    "channel": "=meeting",
}  # fmt: skip


def read(source: Source, path: Path, **mapping: str) -> Batch:
    return whole(source, path, Options(mapping=mapping))


def table(folder: Path, text: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("source", "name", "mapping", "counts"),
    [
        (SOURCE_CSV, "tickets.csv", TICKETS, (8, 0, 1)),
        (SOURCE_CSV, "mails.csv", MAILS, (6, 0, 1)),
        (SOURCE_NDJSON, "meetings.ndjson", MEETINGS, (6, 0, 0)),
        (SOURCE_PARQUET, "visits.parquet", VISITS, (7, 0, 0)),
    ],
)
def test_golden(
    source: Source, name: str, mapping: dict[str, str], counts: tuple[int, int, int]
) -> None:
    batch = read(source, HERE / name, **mapping)
    assert_golden(batch, HERE, f"{name.split('.', maxsplit=1)[0]}.")
    assert (batch.records, batch.skipped, batch.duplicates) == counts
    for rows in (batch.events, batch.participations, batch.rejects):
        assert "SECRET" not in rows.write_csv()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252", "gzip"])
def test_every_character_set(tmp_path: Path, encoding: str) -> None:
    text = "when;person;item\n2026-02-02;zoë@north.example;façade € één\n"
    data = gzip.compress(text.encode()) if encoding == "gzip" else text.encode(encoding)
    batch = read(SOURCE_CSV, table(tmp_path, data), time="when", person="person", item="item")
    assert batch.participations["address"].to_list() == ["zoë@north.example"]
    assert batch.events["container_key"].to_list() == ["generic:façade € één"]


def test_parquet_gives_what_csv_gives(tmp_path: Path) -> None:
    start = datetime(2026, 2, 2, 9, tzinfo=UTC)
    rows = pl.DataFrame(
        {
            "at": [start, start + timedelta(hours=1), None],
            "person": ["ada@north.example", "ben@south.example", "cas@east.example"],
            "number": [7.0, 7.0, None],
        }
    )
    rows.write_parquet(tmp_path / "t.parquet")
    rows.with_columns(pl.col("number").cast(pl.Int64)).write_csv(tmp_path / "t.csv")
    mapping = {"time": "at", "person": "person", "event": "number"}
    parquet = read(SOURCE_PARQUET, tmp_path / "t.parquet", **mapping)
    table = read(SOURCE_CSV, tmp_path / "t.csv", **mapping)
    assert parquet.events.drop("position").equals(table.events.drop("position"))
    assert parquet.participations.equals(table.participations)
    assert parquet.events["event_key"].to_list() == ["work:generic:\x1f7"]
    assert parquet.rejects.rows() == [(3, "row", "no time")]


def test_a_missing_number_in_parquet_joins_nobody(tmp_path: Path) -> None:
    start = datetime(2026, 2, 2, 9, tzinfo=UTC)
    pl.DataFrame(
        {
            "at": [start, start + timedelta(days=1)],
            "person": ["ada@north.example", "ben@south.example"],
            "number": [float("nan")] * 2,
        }
    ).write_parquet(tmp_path / "t.parquet")
    mapping = {"time": "at", "person": "person", "event": "number", "item": "number"}
    batch = read(SOURCE_PARQUET, tmp_path / "t.parquet", **mapping)
    assert batch.events["initiator"].to_list() == ["ada@north.example", "ben@south.example"]
    assert batch.events["container_key"].null_count() == 2


@pytest.mark.parametrize("time", ["naive", "zoned", "date", "epoch"])
def test_times_in_parquet(tmp_path: Path, time: str) -> None:
    naive = datetime(2026, 7, 1, 10, 0, 0, 5)  # noqa: DTZ001
    zone = ZoneInfo("America/New_York")
    value, expected = {
        "naive": (naive, naive.replace(tzinfo=ZoneInfo("Europe/Amsterdam"))),
        "zoned": (naive.replace(tzinfo=zone), naive.replace(tzinfo=zone)),
        "date": (naive.date(), datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/Amsterdam"))),
        "epoch": (1782892800, datetime.fromtimestamp(1782892800, UTC)),
    }[time]
    pl.DataFrame({"at": [value], "who": ["ada"]}).write_parquet(tmp_path / "t.parquet")
    batch = read(SOURCE_PARQUET, tmp_path / "t.parquet", time="at", person="who")
    assert batch.events["started_at"].to_list() == [expected]


def test_what_is_no_parquet_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, b"PAR1 and nothing else", "t.parquet")
    with pytest.raises(UnreadableFileError, match=r"t\.parquet: no Parquet"):
        read(SOURCE_PARQUET, path, time="at", person="who")


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"time": "Wen", "person": "e-mail"},
         "no column 'Wen' for time; did you mean 'When'[?]; columns are: Ticket, When"),
        ({}, 'nothing for person, time; add person = "name of the column"'),
        ({"tme": "When", "person": "e-mail"}, "no key 'tme'; did you mean 'time'[?]"),
        ({"time": "When", "sender": "e-mail"}, "nothing for recipient"),
        ({"time": "When", "person": "e-mail", "form": "wide"}, "form is 'wide'; it is one of: long"),
        ({"time": "When", "person": "e-mail", "group": "event"}, "nothing for event"),
        *(({"time": "When", "person": "e-mail", "time_zone": zone}, f"no time zone {zone!r}; write")
          for zone in ("Amsterdam", "Europe")),
        *(({"time": "When", "person": "e-mail", "separator": sign},
           f"tickets.csv: mapping: separator is {sign!r}; write the sign itself")
          for sign in ("comma", ", ;", "¦", '"')),
        *(({"time": "When", "person": "e-mail", "time_format": form},
           f"tickets.csv: mapping: no time can be read by time_format {form!r}; write it like")
          for form in ("%Y-%m-%d %H", "%Y-%m-%d %I:%M", "YYYY-MM-DD", "%d-%m %H:%M", "%Q", "%")),
        ({"time": "When", "person": "e-mail", "channel": "=email"},
         "channel is 'email'; it is one of: meeting, message, work"),
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_fit_says_so(mapping: dict[str, str], words: str) -> None:
    with pytest.raises(UnreadableFileError, match=words):
        read(SOURCE_CSV, HERE / "tickets.csv", **mapping)


@pytest.mark.parametrize(
    "form",
    [
        "%d-%m-%Y %H:%M",
        "%Y%m%d",
        "%a, %d %b %Y %H:%M:%S %z",
        "%Y-%m-%dT%H:%M:%S%.f%#z",
        "%e %B %y %k:%M",
        "%FT%R",
        "%D",
    ],
)
def test_a_form_that_can_be_read_is_one(form: str) -> None:
    assert is_form(form)


@pytest.mark.parametrize("sign", [";", "tab", "\\t", "|", "~"])
def test_a_separator_that_is_told(tmp_path: Path, sign: str) -> None:
    text = "when;with, commas,;who\n2026-02-02;,;ada\n"
    path = table(tmp_path, text.replace(";", "\t" if "t" in sign else sign))
    batch = read(SOURCE_CSV, path, time="when", person="who", separator=sign)
    assert batch.participations["address"].to_list() == ["ada"]


def test_a_word_that_is_no_role_or_channel_is_refused_with_its_cure(tmp_path: Path) -> None:
    """Later it would be a row that breaks a rule, and the file one that is to be exported again."""
    assert KNOWN_ROLES == schema.ROLES
    path = tmp_path / "a.csv"
    day = "2026-03-02 09:00"
    rows = [
        f"{day},jan@a.example,deelnemer,message",
        f"{day},eva@a.example,Actie,message",
        f"{day},bo@a.example,to,post",
    ]
    path.write_text("\n".join(["tijd,wie,rol,kanaal", *rows, ""]))
    batch = read(SOURCE_CSV, path, time="tijd", person="wie", role="rol", channel="kanaal")
    assert batch.participations["role"].to_list() == ["required"]
    refused = batch.rejects.sort("position")["reason"].to_list()
    assert refused[0].startswith("the role is none of organiser, required")
    assert (
        refused[1]
        == "the channel is none of meeting, message, work; mend channel in the source's mapping"
    )


def test_an_empty_file_has_no_columns(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="columns are: none"):
        read(SOURCE_CSV, table(tmp_path, ""), time="at", person="who")


def test_an_open_quote_costs_the_rows_it_swallows(tmp_path: Path) -> None:
    rows = [f"2026-02-02,p{n}@x.example,note" for n in range(9)]
    rows[3] = '"2026-02-02,p3@x.example,note'
    rows[5] = '2026-02-02,p5@x.example,"note" and more'
    text = "\n".join(["time,person,note", *rows])
    batch = read(SOURCE_CSV, table(tmp_path, text), time="time", person="person")
    assert batch.events.height == 6
    assert batch.rejects["reason"].to_list() == ["a quote is opened and not closed"]


def test_a_quote_that_stays_open_for_ever_is_a_reject(tmp_path: Path) -> None:
    rows = [f"2026-02-02,p{n}@x.example" for n in range(20_000)]
    text = "\n".join(["time,person", '2026-02-02,"p@x.example', *rows])
    batch = read(SOURCE_CSV, table(tmp_path, text), time="time", person="person")
    assert batch.rejects["reason"].to_list()[0] == "a quote is opened and not closed"
    assert batch.events.height > 10_000


@pytest.mark.parametrize("column", ["who", "id", "what"])
def test_a_number_that_a_spreadsheet_has_shortened_joins_nobody(
    tmp_path: Path, column: str
) -> None:
    cells = {"at": "2026-02-02", "who": "ada", "id": "1E+3-B", "what": "E+6"}
    text = "\n".join([",".join(cells), ",".join(cells.values()),
                      ",".join((cells | {column: "1.20123E+15"}).values())])  # fmt: skip
    mapping = {"time": "at", "person": "who", "event": "id", "item": "what"}
    batch = read(SOURCE_CSV, table(tmp_path, text), **mapping)
    assert (batch.events.height, batch.rejects.rows()) == (1, [(3, "row", SHORTENED)])


def test_an_address_with_a_name_is_the_address(tmp_path: Path) -> None:
    people = {
        "Ada Brook <Ada@X.example>": "ada@x.example",
        "<ben@x.example>": "ben@x.example",
        '"""cas@x.example"" <cas@x.example>"': "cas@x.example",
        "Dirk <DOMAIN>": "Dirk <DOMAIN>",
        "Eva <e@x.example>; Fay <f@x.example>": "eva <e@x.example>; fay <f@x.example>",
    }
    text = "\n".join(["at;who", *(f"2026-02-02;{person}" for person in people)])
    text = text.replace(";", "\t", 1).replace("02;", "02\t")
    batch = read(SOURCE_CSV, table(tmp_path, text), time="at", person="who")
    assert batch.participations["address"].to_list() == [*people.values()]


def test_a_field_may_have_a_dot_in_its_own_name(tmp_path: Path) -> None:
    records = [
        {"at": "2026-02-02", "user.email": "ada@x.example"},
        {"at": "2026-02-03", "user": {"email": "ben@x.example"}},
        {"at": "2026-02-04", "user": "nobody", "user.email": "cas@x.example"},
    ]
    path = table(tmp_path, "\n".join(map(json.dumps, records)), "t.ndjson")
    batch = read(SOURCE_NDJSON, path, time="at", person="user.email")
    assert batch.participations["address"].to_list() == [
        f"{n}@x.example" for n in ("ada", "ben", "cas")
    ]


def test_ragged_rows(tmp_path: Path) -> None:
    text = "person,time,x\nada@x.example\nben@x.example,2026-02-02,1,2,3\n,,\n"
    batch = read(SOURCE_CSV, table(tmp_path, text), time="time", person="person")
    assert batch.rejects.rows() == [(2, "row", "no time")]
    assert (batch.records, batch.events.height) == (2, 1)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_an_event_stays_whole_over_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    sizes = [3, 1, 4, 2, 5]
    lines = [
        f"{event},2026-02-02T09:0{part}:00Z,p{event}{part}@x.example"
        for event, many in enumerate(sizes)
        for part in range(many)
    ]
    path = table(tmp_path, "\n".join(["id,at,who", *lines]))
    monkeypatch.setattr(mapped_rows, "BATCH_ROWS", size)
    mapping = {"event": "id", "time": "at", "person": "who"}
    batches = list(SOURCE_CSV.read(path, Options(mapping=mapping)))
    keys = [key for batch in batches for key in batch.events["event_key"]]
    assert keys == [f"work:generic:\x1f{event}" for event in range(5)]
    counts = [many for batch in batches for many in batch.participations.group_by(
        "event_key", maintain_order=True).len()["len"]]  # fmt: skip
    assert counts == sizes


def test_literals_roles_and_groups(tmp_path: Path) -> None:
    text = "id,at,who,role\n1,2026-02-02,ada,Author\n1,2026-02-02,ben,Reviewer\n"
    path = table(tmp_path, text)
    mapping = {"event": "id", "time": "at", "person": "who"}
    one = read(SOURCE_CSV, path, **mapping, role="role", action="=review", item="=board")
    assert one.events.select("kind", "container_key", "initiator").rows() == [
        ("review", "generic:board", "ada")
    ]
    assert one.participations["role"].to_list() == ["author", "reviewer"]
    two = read(SOURCE_CSV, path, **mapping, role="=commenter", group="row")
    assert two.events["initiator"].to_list() == ["ada", "ben"]
    assert two.participations["role"].to_list() == ["commenter", "commenter"]


def test_window() -> None:
    options = Options(mapping=TICKETS, since=datetime(2026, 3, 1, tzinfo=UTC))
    batch = whole(SOURCE_CSV, HERE / "tickets.csv", options)
    assert (batch.events.height, batch.skipped) == (1, 4)


# --- times ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "form", "utc"),
    [
        ("2026-07-01T10:00:00Z", "", "2026-07-01T10:00:00"),
        ("2026-07-01 10:00:00 UTC", "", "2026-07-01T10:00:00"),
        ("2026-07-01T10:00:00.250+02:00", "", "2026-07-01T08:00:00.250"),
        ("2026-07-01 10:00 +0200", "", "2026-07-01T08:00:00"),
        ("2026-07-01T10:00-05", "", "2026-07-01T15:00:00"),
        ("2026-07-01 10:00:00,5", "", "2026-07-01T08:00:00.500"),
        ("2026-07-01", "", "2026-06-30T22:00:00"),
        ("2026-10-25 02:30:00", "", "2026-10-25T00:30:00"),
        ("2026-03-29 02:30:00", "", "2026-03-29T01:30:00"),
        ("1782892800", "", "2026-07-01T08:00:00"),
        ("1782892800.5", "", "2026-07-01T08:00:00.500"),
        ("1782892800250", "", "2026-07-01T08:00:00.250"),
        ("1782892800250000", "", "2026-07-01T08:00:00.250"),
        ("965000000000", "", "2000-07-30T23:33:20"),
        ("202607011000", "", None),
        ("20260701100000", "", None),
        ("20260701100000250", "", None),
        ("202607011000", "%Y%m%d%H%M", "2026-07-01T08:00:00"),
        ("20260701100000", "%Y%m%d%H%M%S", "2026-07-01T08:00:00"),
        ("03-04-2026", "", None),
        ("2026-13-01", "", None),
        ("2026", "", None),
        ("yesterday", "", None),
        ("03-04-2026", "%d-%m-%Y", "2026-04-02T22:00:00"),
        ("03-04-2026", "%m-%d-%Y", "2026-03-03T23:00:00"),
        ("3 Apr 2026 at 15:30", "%d %b %Y at %H:%M", "2026-04-03T13:30:00"),
        ("03-04-2026 15:30 +0000", "%d-%m-%Y %H:%M %z", "2026-04-03T15:30:00"),
        ("2026-04-03", "%d-%m-%Y", None),
    ],
)
def test_a_time(text: str, form: str, utc: str | None) -> None:
    found = instants(pl.Series([text]), form, "Europe/Amsterdam").item()
    assert found == (utc and datetime.fromisoformat(utc).replace(tzinfo=UTC))


@given(
    time=st.datetimes(datetime(1990, 1, 1), datetime(2099, 1, 1)),  # noqa: DTZ001
    minutes=st.integers(-14 * 60, 14 * 60),
)
def test_iso_times_as_python_reads_them(time: datetime, minutes: int) -> None:
    sign, rest = "-" if minutes < 0 else "+", abs(minutes)
    text = f"{time.isoformat()}{sign}{rest // 60:02}:{rest % 60:02}"
    assert instants(pl.Series([text]), "", "UTC").item() == datetime.fromisoformat(text)


# --- invariants -------------------------------------------------------------------------------

people = st.sampled_from(["ada@x.example", "ben@x.example", "cas", ""])
table_rows = st.lists(
    st.tuples(
        st.sampled_from(["2026-02-02T09:00:00Z", "2026-02-02T10:00:00+01:00", "1770030000", "?", ""]),
        people, people, st.sampled_from(["T-1", "T,2", 'T"3', ""]),
    ),
    max_size=30,
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(rows=table_rows, order=st.randoms(use_true_random=False), cut=st.integers(0, 30))
@pytest.mark.parametrize("form", ["long", "edge"])
def test_order_and_file_do_not_matter(
    tmp_path_factory: pytest.TempPathFactory,
    form: str,
    rows: list[tuple[str, str, str, str]],
    order: random.Random,
    cut: int,
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    person = {"person": "a"} if form == "long" else {"sender": "a", "recipient": "b"}
    mapping = {"form": form, "time": "at", "item": "item", **person}
    shuffled = order.sample(rows, len(rows))
    parts = [rows, shuffled, shuffled[:cut], shuffled[cut:]]
    batches = []
    for number, part in enumerate(parts):
        text = io.StringIO()
        csv.writer(text).writerows([("at", "a", "b", "item"), *part])
        batches.append(read(SOURCE_CSV, table(folder, text.getvalue(), f"{number}.csv"), **mapping))
    first, moved, *halves = map(told, batches)
    assert first == moved == (halves[0][0] | halves[1][0], halves[0][1] | halves[1][1])
    for batch, part in zip(batches, parts, strict=True):
        assert batch.records == sum(any(row) for row in part)
        assert batch.events["event_key"].is_unique().all()
        if form == "long":
            assert batch.records == (batch.rejects.height + batch.duplicates + batch.events.height)


def told(batch: Batch) -> tuple[set[object], set[object]]:
    events = batch.events.drop("position").rows()
    return {*events}, {*batch.participations.rows()}


# --- real tables ------------------------------------------------------------------------------


def test_real_discussions_against_csv(shared_data: Path) -> None:
    path = shared_data / "tc39" / "discussions.csv"
    batch = read(
        SOURCE_CSV, path, item="item", time="timestamp", person="person", action="action",
        channel="=work",
    )  # fmt: skip
    with path.open(newline="") as text:
        rows = list(csv.DictReader(text))
    acts = {(row["item"].strip(), row["timestamp"], row["person"], row["action"]) for row in rows}
    assert batch.records == len(rows)
    assert batch.events.height == len(acts)
    assert batch.duplicates == len(rows) - len(acts)
    assert batch.rejects.is_empty()
    found = batch.events.select("initiator").to_series().value_counts().rows()
    assert dict(found) == Counter(person for _, _, person, _ in acts)
    items = {f"generic:{item}" for item, *_ in acts}
    assert set(batch.events["container_key"]) == items
    days = {datetime.fromisoformat(time).astimezone(UTC) for _, time, *_ in acts}
    assert set(batch.events["started_at"]) == days


def test_real_messages_against_csv(shared_data: Path) -> None:
    path = shared_data / "manufacturing" / "communication.csv.gz"
    mapping = {"sender": "Sender", "recipient": "Recipient", "time": "EventDate"}
    batches = list(SOURCE_CSV.read(path, Options(mapping=mapping)))
    with gzip.open(path, "rt", newline="") as text:
        rows = list(csv.DictReader(text, delimiter=";"))
    assert sum(batch.records for batch in batches) == len(rows) == 82_927
    keys = {key for batch in batches for key in batch.events["event_key"]}
    assert len(keys) == len({(row["Sender"], row["EventDate"]) for row in rows})
    links = {
        (key, address)
        for batch in batches
        for key, address in batch.participations.filter(role="to")
        .select("event_key", "address")
        .rows()
    }
    assert len(links) == len({(r["Sender"], r["EventDate"], r["Recipient"]) for r in rows})


def test_real_ndjson(shared_data: Path) -> None:
    path = shared_data / "exports" / "gitlab" / "issues.ndjson"
    batch = read(SOURCE_NDJSON, path, time="created_at", person="author.username", item="iid")
    with path.open() as lines:
        issues = [json.loads(line) for line in lines]
    assert batch.records == len(issues)
    assert set(batch.participations["address"]) == {i["author"]["username"] for i in issues}
