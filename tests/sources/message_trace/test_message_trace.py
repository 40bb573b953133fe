"""The message trace reader: its three reports, languages and clocks, and a real list as a trace."""

from __future__ import annotations

import csv
import gzip
import io
import re
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.golden import assert_golden, whole
from tests.sources.mails import people
from transforms.sources import delimited, deliveries, mbox
from transforms.sources.base import Batch, Options, UnreadableFileError
from transforms.sources.mail_headers import own_id
from transforms.sources.message_trace import SOURCE
from transforms.sources.opening import head
from transforms.sources.written_times import day_is_first, written_instants

HERE = Path(__file__).parent
HEADER = "Received,SenderAddress,RecipientAddress,Status,MessageId\n"
SUMMARY = "origin_timestamp_utc,sender_address,recipient_status,message_id\n"
EXTENDED = "date_time_utc,event_id,message_id,recipient_address,sender_address\n"
JAN, BRAM, EVA = "jan@north.example", "bram@south.example", "eva@dunes.example"


def read(folder: Path, text: str | bytes, options: Options | None = None) -> Batch:
    path = folder / "trace.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return whole(SOURCE, path, options or Options())


@pytest.mark.parametrize(
    ("name", "counts"), [("list", (11, 3, 1)), ("summary", (5, 1, 0)), ("extended", (10, 6, 2))]
)
def test_golden(name: str, counts: tuple[int, int, int]) -> None:
    batch = whole(SOURCE, HERE / f"{name}.csv")
    assert_golden(batch, HERE, f"{name}.")
    assert (batch.records, batch.skipped, batch.duplicates) == counts
    for rows in (batch.events, batch.participations, batch.rejects):
        assert "SECRET" not in rows.write_csv()


def test_the_three_reports_tell_the_same_mail_alike() -> None:
    told = [whole(SOURCE, HERE / f"{name}.csv") for name in ("list", "summary", "extended")]
    plan = [{row for row in people(batch) if row[0] == "mail:plan@north.example"} for batch in told]
    assert plan[0] == plan[1] == plan[2]
    assert {row[1] for row in plan[0]} == {JAN, BRAM, EVA}
    keys = [set(batch.events["event_key"]) for batch in told]
    assert "mail:exchange:0a1b2c3d000000000000000000000005" in keys[0] & keys[1]


@pytest.mark.parametrize("name", ["list", "summary", "extended"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_character_set(tmp_path: Path, name: str, encoding: str, packed: bool) -> None:
    data = (HERE / f"{name}.csv").read_text().replace("SECRET", "SECRÉT").encode(encoding)
    path = tmp_path / "trace.csv"
    path.write_bytes(gzip.compress(data) if packed else data)
    assert SOURCE.sniff(path, head(path)) > 0.9
    assert_golden(whole(SOURCE, path), HERE, f"{name}.")


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("preface", ["", "sep={}\n", "#TYPE Microsoft.Exchange.Trace\n\n"])
def test_other_separators_and_what_stands_above_the_header(
    tmp_path: Path, separator: str, preface: str
) -> None:
    with (HERE / "list.csv").open(newline="") as text:
        rows = list(csv.reader(text))[1:]
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\r\n").writerows(rows)
    batch = read(tmp_path, preface.format(separator) + out.getvalue())
    golden = whole(SOURCE, HERE / "list.csv")
    assert batch.events.drop("position").equals(golden.events.drop("position"))
    assert batch.participations.equals(golden.participations)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_rows_of_a_mail_that_are_far_apart_unite_when_loaded(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    # What the loader does: the union of participations, and the first of an event's versions.
    golden = whole(SOURCE, HERE / "list.csv")
    monkeypatch.setattr(deliveries, "BATCH_ROWS", size)
    batch = whole(SOURCE, HERE / "list.csv")
    assert people(batch) == people(golden)
    assert set(batch.events["event_key"]) == set(golden.events["event_key"])
    assert batch.records == golden.records
    assert batch.rejects.equals(golden.rejects)


# --- who was reached --------------------------------------------------------------------------

STATUSES = {
    "Delivered": True, "delivered": True, "Failed": False, "Quarantined": False, "Pending": False,
    "FilteredAsSpam": False, "Expanded": False, "GettingStatus": False, "": False,
}  # fmt: skip
RECIPIENTS = {
    "Receive, Deliver": True, "Receive, Send": True, "Receive, Resolve, Deliver": True,
    "Receive, Fail": False, "Receive, Send, Fail": False, "Receive, Defer": False,
    "Receive": False, "Receive, Expand": False,
}  # fmt: skip
EVENTS = {
    ("DELIVER",): True, ("SENDEXTERNAL",): True, ("SEND",): True, ("SEND", "DELIVER"): True,
    ("RECEIVE",): False, ("SEND", "FAIL"): False, ("FAIL", "DELIVER"): True, ("EXPAND",): False,
    ("DUPLICATEDELIVER",): True, ("RECEIVE", "SUBMIT", "AGENTINFO", "DEFER"): False,
}  # fmt: skip


@pytest.mark.parametrize("status", STATUSES)
def test_status_of_a_list(tmp_path: Path, status: str) -> None:
    batch = read(tmp_path, f"{HEADER}2026-03-02T09:00:00,{JAN},{BRAM},{status},<a@x>\n")
    reached = {("mail:a@x", JAN, "from"), ("mail:a@x", BRAM, "to")}
    assert people(batch) == (reached if STATUSES[status] else set())
    assert batch.skipped == (not STATUSES[status])


@pytest.mark.parametrize("since", [None, datetime(2026, 3, 3, tzinfo=UTC)])
def test_a_path_among_recipients_refuses_no_row(tmp_path: Path, since: datetime | None) -> None:
    cell = f'"/o=Example/ou=First/cn=jan##Receive, Deliver;{BRAM}##Receive, Deliver"'
    options = Options(since=since) if since else Options()
    batch = read(tmp_path, f"{SUMMARY}2026-03-02T09:00:00Z,{JAN},{cell},<a@x>\n", options)
    assert people(batch) == (
        set() if since else {("mail:a@x", JAN, "from"), ("mail:a@x", BRAM, "to")}
    )
    assert (batch.rejects.height, batch.skipped) == (0, since is not None)


@pytest.mark.parametrize("status", RECIPIENTS)
def test_status_in_a_summary(tmp_path: Path, status: str) -> None:
    cell = f'"{EVA}##Receive, Deliver;{BRAM}##{status}"'
    batch = read(tmp_path, f"{SUMMARY}2026-03-02T09:00:00Z,{JAN},{cell},<a@x>\n")
    reached = set(batch.participations.filter(pl.col("role") == "to")["address"])
    assert reached == ({EVA, BRAM} if RECIPIENTS[status] else {EVA})


@pytest.mark.parametrize("words", EVENTS)
def test_events_of_an_extended_report(tmp_path: Path, words: tuple[str, ...]) -> None:
    rows = [f"2026-03-02T09:00:0{n}Z,{word},<a@x>,{BRAM},{JAN}" for n, word in enumerate(words)]
    batch = read(tmp_path, EXTENDED + "\n".join(rows))
    assert (BRAM in set(batch.participations["address"])) == EVENTS[words]
    if EVENTS[words]:
        assert batch.events["started_at"].to_list() == [datetime(2026, 3, 2, 9, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("sender", "is_automated"),
    [
        (JAN, False), ("postmaster@north.example", True), ("<>", True), ("", True),
        ("MicrosoftExchange329e71ec88ae4615@north.example", True), ("no-reply@shop.example", True),
        ("HealthMailbox0123@north.example", True), ("microsoft@north.example", False),
    ],
)  # fmt: skip
def test_mail_of_servers_is_automated(tmp_path: Path, sender: str, is_automated: bool) -> None:
    batch = read(tmp_path, f"{HEADER}2026-03-02T09:00:00,{sender},{BRAM},Delivered,<a@x>\n")
    assert batch.events["is_automated"].to_list() == [is_automated]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f"2026-03-02T09:00:00,{JAN},{BRAM},Delivered,", "no message id"),
        (f"2026-03-02T09:00:00,{JAN},{BRAM},Delivered,<>", "no message id"),
        (f",{JAN},{BRAM},Delivered,<a@x>", "no time"),
        (f"soon,{JAN},{BRAM},Delivered,<a@x>", "the time cannot be read"),
        (f"2026-03-02T09:00:00,printer,{BRAM},Delivered,<a@x>", "the sender is no address"),
        (f"2026-03-02T09:00:00,{JAN},,Delivered,<a@x>", "no recipient with an address"),
    ],
)
def test_a_broken_row_is_one_reject(tmp_path: Path, row: str, reason: str) -> None:
    good = f"2026-03-02T09:00:00,{JAN},{BRAM},Delivered,<b@x>\n"
    batch = read(tmp_path, f"{HEADER}{good}{row}\n{good.replace('<b', '<c')}")
    assert batch.rejects.rows() == [(3, "row", reason)]
    assert batch.events.height == 2
    hop = row.replace("Delivered", "Pending")
    assert read(tmp_path, f"{HEADER}{good}{hop}\n").rejects.is_empty()


def test_window(tmp_path: Path) -> None:
    rows = [f"2026-03-0{day}T09:00:00,{JAN},{BRAM},Delivered,<{day}@x>" for day in (1, 2, 3)]
    options = Options(
        since=datetime(2026, 3, 2, tzinfo=UTC), until=datetime(2026, 3, 3, tzinfo=UTC)
    )
    batch = read(tmp_path, HEADER + "\n".join(rows), options)
    assert batch.events["event_key"].to_list() == ["mail:2@x"]
    assert (batch.records, batch.skipped) == (3, 2)
    assert batch.participations.height == 2


def test_another_table_is_refused_with_the_missing_column(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"did you mean 'Sender'.*Received, Sender, Stat"):
        read(tmp_path, "Received,Sender,Status\n2026-03-02,a,b\n")
    with pytest.raises(UnreadableFileError, match="columns are: none"):
        read(tmp_path, "")


# --- clocks -----------------------------------------------------------------------------------

NINE = datetime(2026, 3, 2, 9, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-02T09:00:05.0000000Z", "2026-03-02T09:00:05", "2026-03-02 09:00:05",
        "2026-03-02T10:00:05+01:00", "2026/03/02 09:00:05", "2-3-2026 09:00:05",
        "02.03.2026 09:00:05", "2-3-2026 9:00:05", "02-03-2026, 09:00:05",
        "3/2/2026 9:00:05 AM", "3/2/2026 9:00:05\u202fAM", "3/2/2026 9:00:05 a.m.",
        "2026-03-02 09:00:05 UTC",
    ],
)  # fmt: skip
def test_every_way_to_write_a_time(written: str) -> None:
    cells = pl.Series("time", [written])
    found = written_instants(cells, "UTC", day_first=day_is_first(cells))
    assert found.to_list() == [NINE]


@pytest.mark.parametrize(
    ("written", "hour"), [("12:00:00 AM", 0), ("12:30:00 PM", 12), ("1:00:00 PM", 13)]
)
def test_noon_and_midnight(written: str, hour: int) -> None:
    cells = pl.Series("time", [f"3/13/2026 {written}", "3/13/2026 13:30:00 PM", "13/13/2026 9:00"])
    found = written_instants(cells, "UTC", day_first=day_is_first(cells)).to_list()
    assert found[0] is not None
    assert (found[0].day, found[0].hour) == (13, hour)
    assert found[1:] == [None, None]


@pytest.mark.parametrize(
    ("dates", "day_first"),
    [
        (["3/2/2026 9:00", "13/2/2026 9:00"], True),
        (["3/2/2026 9:00", "3/13/2026 9:00"], False),
        (["1/3/2026 9:00", "2/3/2026 9:00", "3/3/2026 9:00"], True),  # three days, or months?
        (["3/1/2026 9:00", "3/2/2026 9:00", "3/3/2026 9:00"], False),
        (["3/2/2026 9:00", "3/2/2026 10:00"], None),
        (["3/2/2026 9:00 AM", "3/2/2026 10:00 AM"], False),
        (["3/3/2026 9:00"], True),
        (["2026-03-02T09:00"], True),
        ([], True),
    ],
)
def test_day_or_month_first(dates: list[str], day_first: bool | None) -> None:
    assert day_is_first(pl.Series("time", dates, dtype=pl.String)) is day_first


def test_a_day_that_may_be_a_month_is_refused(tmp_path: Path) -> None:
    batch = read(tmp_path, f"{HEADER}3/2/2026 9:00:00,{JAN},{BRAM},Delivered,<a@x>\n")
    assert batch.events.is_empty()
    assert "day/month or month/day" in batch.rejects["reason"][0]


@given(
    st.lists(
        st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)),  # noqa: DTZ001
        min_size=2,
        max_size=20,
    ),
    st.sampled_from(["%d-%m-%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d.%m.%Y %H:%M:%S"]),
)
def test_times_come_back(times: list[datetime], form: str) -> None:
    cells = pl.Series("time", [time.strftime(form) for time in times])
    found = written_instants(cells, "UTC", day_first=day_is_first(cells)).to_list()
    assert found == [time.replace(microsecond=0, tzinfo=UTC) for time in times]


# --- identity ---------------------------------------------------------------------------------


@given(
    st.lists(
        st.text(st.sampled_from("<>ab@ .\t"), min_size=1, max_size=12), min_size=1, max_size=20
    )
)
@settings(max_examples=200)
def test_message_ids_are_those_of_a_mailbox(written: list[str]) -> None:
    rows = pl.DataFrame(
        {
            "position": range(len(written)), "time": "2026-03-02T09:00:00", "id": written,
            "sender": JAN, "recipient": BRAM, "outcome": deliveries.DELIVERED,
        },
        schema=deliveries.ROWS,
    )  # fmt: skip
    batch = deliveries.batch_of(rows, len(written), Options(), "UTC", day_first=True)
    expected = {f"mail:{own_id(text)}" for text in written if own_id(text)}
    assert set(batch.events["event_key"]) == expected


def test_a_real_list_as_a_trace_gives_its_mails(tmp_path: Path, shared_data: Path) -> None:
    """A row for each person of each mail: the same mails and people as the mailbox itself."""
    mails = whole(mbox.SOURCE, shared_data / "openbmc-mail" / "openbmc-2020-03.mbox.gz")
    senders = mails.events.unique("event_key").select("event_key", "initiator", "started_at")
    rows = (
        mails.participations.filter(pl.col("role") != "from")
        .join(senders, on="event_key")
        .select(
            pl.col("started_at").dt.strftime("%m/%d/%Y %I:%M:%S %p"),
            "initiator",
            "address",
            pl.lit("Delivered").alias("status"),
            "<" + pl.col("event_key").str.strip_prefix("mail:") + ">",
        )
    )
    path = tmp_path / "trace.csv"
    path.write_text(HEADER + rows.write_csv(include_header=False))
    batch = whole(SOURCE, path)
    told = mails.participations.filter(
        pl.col("event_key").is_in(batch.events["event_key"].implode())
    ).with_columns(role=pl.col("role").replace("cc", "to"))
    machines = {row for row in told["address"] if deliveries._is_machine(row)}
    expected = set(told.select("event_key", "address", "role").iter_rows())
    assert len(expected) > 1000
    assert {row for row in expected if row[1] not in machines or row[2] == "from"} == people(batch)
    starts = batch.events.join(senders, on="event_key")
    assert starts["started_at"].equals(starts["started_at_right"])
    assert batch.rejects.is_empty()


@given(st.binary(max_size=300))
def test_no_damage_stops_the_reader(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("damage")
    text = (HERE / "extended.csv").read_bytes()
    at = len(text) // 2
    batch = read(folder, text[:at] + data + text[at:])
    assert batch.events["event_key"].null_count() == 0
    assert all(re.fullmatch(r"\S+@\S+", address) for address in batch.participations["address"])


def test_memory_does_not_grow_with_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "BATCH_ROWS", 2000)
    monkeypatch.setattr(delimited, "BLOCK", 1 << 16)
    path = tmp_path / "trace.csv"

    def peak(mails: int) -> int:
        with path.open("w") as text:
            text.write(HEADER)
            text.writelines(
                f"2026-03-02T09:00:00,p{n % 50}@north.example,p{(n + k) % 50}@south.example,"
                f"Delivered,<{n}@north.example>\n"
                for n in range(mails)
                for k in range(4)
            )
        tracemalloc.start()
        for _ in SOURCE.read(path, Options()):
            pass
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(3000)  # what is imported and remembered on the way
    assert peak(12_000) < 1.1 * peak(3000)


def test_a_trace_without_rows_is_an_empty_batch(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_text(HEADER)
    batch = whole(SOURCE, path)
    assert (batch.records, batch.events.height, batch.rejects.height) == (0, 0, 0)
