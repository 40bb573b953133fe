"""The reader of Google's Email Log Search against its golden file and its traps."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.golden import assert_golden, whole
from tests.sources.mails import people
from transforms.sources import deliveries
from transforms.sources.base import Batch, Options, UnreadableFileError
from transforms.sources.google_mail_log import SOURCE
from transforms.sources.opening import head

HERE = Path(__file__).parent
LOG = (HERE / "log.csv").read_text()
DUTCH = {
    "Message ID": "Bericht-ID", "Start date": "Begindatum", "End date": "Einddatum",
    "Sender": "Afzender", "Message size": "Berichtgrootte", "Subject": "Onderwerp",
    "Direction": "Richting", "Attachments": "Bijlagen",
    "Recipient address": "Adres van ontvanger", "Event target": "Doel van gebeurtenis",
}  # fmt: skip


def read(folder: Path, text: str | bytes, options: Options | None = None) -> Batch:
    path = folder / "log.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert SOURCE.sniff(path, head(path)) > 0.9
    return whole(SOURCE, path, options or Options())


def test_golden() -> None:
    batch = whole(SOURCE, HERE / "log.csv")
    assert_golden(batch, HERE)
    assert (batch.records, batch.skipped, batch.duplicates) == (10, 4, 0)
    for rows in (batch.events, batch.participations, batch.rejects):
        assert "SECRET" not in rows.write_csv()


def test_dutch_headers_and_semicolons_give_the_same(tmp_path: Path) -> None:
    header, _, rest = LOG.partition("\n")
    dutch = ";".join(f'"{DUTCH[name]}"' for name in header.split(","))
    lines = pl.read_csv(rest.encode(), has_header=False, infer_schema=False)
    batch = read(tmp_path, dutch + "\n" + lines.write_csv(include_header=False, separator=";"))
    assert_golden(batch, HERE)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_every_character_set(tmp_path: Path, encoding: str) -> None:
    assert_golden(read(tmp_path, LOG.encode(encoding)), HERE)


@pytest.mark.parametrize(
    ("target", "is_delivered"),
    [
        ("GMAIL_INBOX", True), ("SMTP_OUT", True), ("Gmail inbox", True), ("SMTP_IN", False),
        ("LIST_SERVER", False), ("INTERNAL_SERVER", False), ("GMAIL_SPAM", False),
        ("ARCHIVE_LIST_SERVER", False), ("", False),
    ],
)  # fmt: skip
def test_event_targets(tmp_path: Path, target: str, is_delivered: bool) -> None:
    header, _, _ = LOG.partition("\n")
    row = f"<a@x>,2026-03-02 09:00:00,,jan@north.example,1,,Sent,0,bram@south.example,{target}"
    batch = read(tmp_path, f"{header}\n{row}\n")
    assert (batch.events.height, batch.skipped) == ((1, 0) if is_delivered else (0, 1))


def test_times_without_offset_are_in_the_zone_of_the_network(tmp_path: Path) -> None:
    header, _, _ = LOG.partition("\n")
    rows = [
        f"<{n}@x>,{time},,jan@north.example,1,,Sent,0,bram@south.example,GMAIL_INBOX"
        for n, time in enumerate(("2026-03-02 09:00:00", "2026-03-02T09:00:00Z"))
    ]
    options = Options(time_zone=ZoneInfo("America/New_York"))
    batch = read(tmp_path, "\n".join([header, *rows]), options)
    assert [time.hour for time in batch.events["started_at"]] == [14, 9]


def test_batches_unite_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    golden = whole(SOURCE, HERE / "log.csv")
    monkeypatch.setattr(deliveries, "BATCH_ROWS", 1)
    assert people(whole(SOURCE, HERE / "log.csv")) == people(golden)


def test_window(tmp_path: Path) -> None:
    batch = read(tmp_path, LOG, Options(since=datetime(2026, 3, 2, 10, tzinfo=UTC)))
    assert batch.events["event_key"].to_list() == ["mail:news@shop.example"]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(LOG.replace("Event target", "Event tarket"))
    assert SOURCE.sniff(path, head(path)) == 0
    with pytest.raises(UnreadableFileError, match="no column 'Event target'; did you mean 'Event "):
        whole(SOURCE, path)


@given(st.binary(max_size=200))
def test_no_damage_stops_the_reader(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("damage")
    text = LOG.encode()
    batch = read(folder, text[:700] + data + text[700:])
    assert batch.events["event_key"].null_count() == 0
