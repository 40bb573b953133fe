"""Files made to hang a reader or to fill its memory: one reject with its place, the rest is read.

Small ones run in every suite, with smaller limits; those as large as an attacker would make them
are `slow`, and each is read by a process that may not use more than so much memory.
"""

from __future__ import annotations

import gzip
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.sources.golden import whole
from transforms.sources import SOURCES, limits, recurrence_rules
from transforms.sources.base import Options, UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
MB = 1 << 20


class Read(NamedTuple):
    """Counts, and the first rejects."""

    records: int
    events: int
    skipped: int
    duplicates: int
    rejects: list[tuple[int, str, str]]


def read(form: str, path: Path, mapping: dict[str, str] | None = None) -> Read:
    batch = whole(SOURCES[form], path, Options(mapping=mapping or {}))
    return Read(
        batch.records, batch.events.height, batch.skipped, batch.duplicates, batch.rejects.rows()
    )


def event(uid: str, extra: str = "") -> bytes:
    return (
        f"BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART:20260105T090000Z\r\nDTEND:20260105T100000Z\r\n"
        f"ORGANIZER:mailto:a@x.example\r\nATTENDEE:mailto:b@x.example\r\n{extra}END:VEVENT\r\n"
    ).encode()


def mail(number: int, extra: bytes = b"") -> bytes:
    return (
        b"From a@x.example Mon Jan  5 10:00:00 2026\nFrom: a@x.example\nTo: b@x.example\n"
        b"Date: Mon, 5 Jan 2026 10:00:00 +0000\nMessage-ID: <%d@x.example>\n%s\nbody\n\n"
    ) % (number, extra)


def commit(number: int) -> bytes:
    at = "2026-01-05T09:00:00+01:00"
    return f"{number:040}\t\tA\ta@x.example\t{at}\tA\ta@x.example\t{at}\t\n".encode()


ISSUE = (
    b'{"id": "%d", "key": "A-%d", "fields": {"created": "2026-01-05T09:00:00.000+0000",'
    b' "creator": {"name": "a"}, "issuetype": {}}}\n'
)
CALENDAR, END = b"BEGIN:VCALENDAR\r\n", b"END:VCALENDAR\r\n"
TABLE = {"time": "at", "person": "who"}
TRACE = b"Received,SenderAddress,RecipientAddress,Status,MessageId\n"


class Line(NamedTuple):
    """An export of two records, with a line of any length between them."""

    form: str
    before: bytes
    lead: bytes
    tail: bytes
    after: bytes
    reject: str  # what is said of the line; nothing where it does not matter
    mapping: dict[str, str] = {}  # noqa: RUF012


LINES = {
    "mbox, body": Line("mbox", mail(1), b"", b"\n\n", mail(2), ""),
    "mbox, header": Line(
        "mbox", mail(1), b"From a@x.example Mon Jan  5 10:00:00 2026\nX-A: ", b"\n\n\n", mail(2),
        "header block larger than 1 MB",
    ),
    "icalendar": Line(
        "icalendar", CALENDAR + event("1"), b"BEGIN:VEVENT\r\nUID:2\r\nDESCRIPTION:",
        b"\r\nEND:VEVENT\r\n", event("3") + END, "has no start",
    ),
    "ndjson": Line(
        "ndjson", b'{"at": "2026-01-05T09:00:00Z", "who": "a"}\n', b'{"at": "', b'"}\n',
        b'{"at": "2026-01-05T10:00:00Z", "who": "b"}\n', "no time", TABLE,
    ),
    "jira": Line(
        "jira", ISSUE % (1, 1), b'{"id": "', b'"}\n', ISSUE % (2, 2),
        "no JSON: it is cut off, or longer than 256 MB",
    ),
    "csv": Line(
        "csv", b"at,who\n2026-01-05T09:00:00Z,a\n", b"", b"\n", b"2026-01-05T10:00:00Z,b\n",
        "the time cannot be read; tell its form as time_format in the source's mapping", TABLE,
    ),
    "csv, cell": Line(
        "csv", b"at,who\n2026-01-05T09:00:00Z,a\n", b'"', b'",a\n', b"2026-01-05T10:00:00Z,b\n",
        "a quote is opened and not closed", TABLE,
    ),
    "git-log": Line(
        "git-log", commit(1), b"", b"\n", commit(2), "no commit in the format of `tieline sources git-log`",
    ),
    "message-trace": Line(
        "message-trace", TRACE + b"2026-01-05T09:00:00Z,a@x.example,b@x.example,Delivered,<1@x>\n",
        b"", b",a@x.example,b@x.example,Delivered,<2@x>\n",
        b"2026-01-05T09:00:00Z,a@x.example,b@x.example,Delivered,<3@x>\n", "",
    ),
}  # fmt: skip


def write_line(path: Path, line: Line, megabytes: float, fill: bytes = b"x") -> None:
    with path.open("wb") as file:
        file.write(line.before + line.lead)
        piece = fill * (MB // len(fill))
        for _ in range(int(megabytes)):
            file.write(piece)
        file.write(line.tail + line.after)


def assert_rest_is_read(line: Line, got: Read) -> None:
    assert got.events == 2
    words = [reason for _, _, reason in got.rejects]
    assert words == ([line.reject] if line.reject else [])
    assert got.records == 2 + got.skipped + len(words)


@pytest.mark.parametrize("name", LINES)
def test_a_line_without_end(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LINE", MB)
    monkeypatch.setattr(limits, "HELD", 4 * MB)
    monkeypatch.setattr(limits, "JSON_LINE", 4 * MB)
    path, line = tmp_path / "export", LINES[name]
    write_line(path, line, 8)
    assert_rest_is_read(line, read(line.form, path, line.mapping))


def test_a_quoted_cell_of_many_lines_is_one_reject(tmp_path: Path) -> None:
    path, line = tmp_path / "export", LINES["csv, cell"]
    write_line(path, line, 8, b"prose without an end\n")
    got = read(line.form, path, line.mapping)
    assert got.rejects == [(3, "row", line.reject)]
    assert (got.records, got.events) == (3, 2)


# --- packed files -----------------------------------------------------------------------------


def gz(path: Path, megabytes: int, start: bytes) -> Path:
    with gzip.open(path, "wb", 9) as file:
        file.write(start)
        for _ in range(megabytes):
            file.write(bytes(MB))
    return path


def zipped(path: Path, megabytes: int, start: bytes) -> Path:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("a.export", "w", force_zip64=True) as file,
    ):
        file.write(start)
        for _ in range(megabytes):
            file.write(bytes(MB))
    return path


STARTS = {
    "mbox": mail(1),
    "icalendar": CALENDAR + event("1"),
    "jira": ISSUE % (1, 1),
    "git-log": commit(1),
}


@pytest.mark.parametrize("form", STARTS)
@pytest.mark.parametrize("pack", [gz, zipped])
def test_a_bomb_is_refused(
    tmp_path: Path, form: str, pack: Callable[[Path, int, bytes], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    path = pack(tmp_path / "bomb", 40, STARTS[form])
    assert path.stat().st_size < MB
    monkeypatch.setattr(limits, "FREE", 16 * MB)
    with pytest.raises(UnreadableFileError, match=r"bomb.*unpacks to more than \d+ MB"):
        read(form, path)


@pytest.mark.parametrize("pack", [gz, zipped])
def test_what_unpacks_to_too_much_is_refused_whatever_the_ratio(
    tmp_path: Path, pack: Callable[[Path, int, bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pack(tmp_path / "large", 8, mail(1))
    monkeypatch.setattr(limits, "UNPACKED", 4 * MB)
    monkeypatch.setattr(limits, "FREE", 4 * MB)
    with pytest.raises(UnreadableFileError, match="unpacks to more than"):
        read("mbox", path)


def test_what_is_held_whole_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HELD", MB)
    path = tmp_path / "export"
    for form, data in (
        ("icalendar", CALENDAR + event("1") + b"X-A:b\r\n" * MB),
        ("jira", b"[" + b"\n" * MB * 2 + b"]"),
        ("github", b"[" + b"\n" * MB * 2 + b"]"),
    ):
        path.write_bytes(data)
        with pytest.raises(UnreadableFileError, match="larger than 1 MB in one piece"):
            read(form, path)


# --- rules that have no end -------------------------------------------------------------------


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY", "FREQ=MINUTELY;INTERVAL=7", "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=SECONDLY;BYSETPOS=5", "FREQ=MINUTELY;COUNT=999999999", "FREQ=HOURLY;BYSECOND=1,2,3",
    ],
)  # fmt: skip
def test_a_rule_without_end_is_a_reject(tmp_path: Path, rule: str) -> None:
    path = tmp_path / "a.ics"
    path.write_bytes(CALENDAR + event("1") + event("2", f"RRULE:{rule}\r\n") + event("3") + END)
    start = time.process_time()
    got = read("icalendar", path)
    assert time.process_time() - start < 20
    assert (got.records, got.events) == (3, 2)
    assert got.rejects == [(9, "line", "recurs too often")]


@pytest.mark.parametrize("rule", ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYSETPOS=9"])
def test_a_rule_that_never_matches_leaves_its_start(tmp_path: Path, rule: str) -> None:
    path = tmp_path / "a.ics"
    path.write_bytes(CALENDAR + event("1") + event("2", f"RRULE:{rule}\r\n") + END)
    assert read("icalendar", path).events == 2


def test_many_rules_without_end_cost_no_more_than_a_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recurrence_rules, "MAX_WORK", 2_000_000)
    events = [event(f"e{number}", "RRULE:FREQ=SECONDLY\r\n") for number in range(2000)]
    weekly = event("w", "RRULE:FREQ=WEEKLY;COUNT=3\r\n")
    path = tmp_path / "a.ics"
    path.write_bytes(CALENDAR + b"".join(events) + weekly + END)
    start = time.process_time()
    got = read("icalendar", path)
    assert time.process_time() - start < 30
    assert (got.records, got.events, len(got.rejects)) == (2001, 3, 2000)


def test_dates_without_end_are_a_reject(tmp_path: Path) -> None:
    dates = ",".join(
        f"2026{month:02}{day:02}T{hour:02}{minute:02}00Z"
        for month in range(1, 7) for day in range(1, 29) for hour in range(24) for minute in range(12)
    )  # fmt: skip
    path = tmp_path / "a.ics"
    path.write_bytes(CALENDAR + event("1", f"RDATE:{dates}\r\n") + event("2") + END)
    got = read("icalendar", path)
    assert (got.events, got.rejects) == (1, [(2, "line", "recurs too often")])


# --- deep, many, and nothing ------------------------------------------------------------------

JSON = [
    "jira", "github", "gitlab", "trello", "graph-messages", "gmail-api", "graph-events",
    "google-events", "teams-attendance", "asana", "teams-chat", "azure-devops",
]  # fmt: skip
DEEP = {
    "open": b"[" * 1_000_000,
    "closed": b"[" * 1_000_000 + b"]" * 1_000_000,
    "objects": b'{"items":' * 300_000 + b"1" + b"}" * 300_000,
    "less deep": b'{"items":[' * 450 + b"1" + b"]}" * 450,
    "arrays": b"[" * 900 + b"]" * 900,
}


@pytest.mark.parametrize("depth", DEEP)
@pytest.mark.parametrize("form", JSON)
def test_deep_json_is_refused(tmp_path: Path, form: str, depth: str) -> None:
    path = tmp_path / "deep.json"
    path.write_bytes(DEEP[depth])
    start = time.process_time()
    try:
        got = read(form, path)
    except UnreadableFileError:
        got = Read(1, 0, 0, 0, [(1, "file", "")])
    assert time.process_time() - start < 5
    assert got.events == 0
    assert len(got.rejects) + got.skipped == got.records


@pytest.mark.parametrize("form", ["jira", "github", "ndjson"])
def test_a_deep_line_is_a_reject(tmp_path: Path, form: str) -> None:
    path = tmp_path / "deep.ndjson"
    good = {"ndjson": b'{"at": "2026-01-05T09:00:00Z", "who": "a"}\n'}.get(form, ISSUE % (1, 1))
    path.write_bytes(good + DEEP["objects"] + b"\n" + good)
    got = read(form, path, TABLE if form == "ndjson" else {})
    assert got.records == 3
    assert (2, "line") in [(position, place) for position, place, _ in got.rejects]


@pytest.mark.parametrize(
    "extra",
    [
        b"X-A: " + b"y" * 10 * MB + b"\n",
        b"X-A: y\n" * 1_000_000,
        b"To: " + b"c@x.example, " * 800_000 + b"\n",
        b"To:" + b"\n c@x.example," * 800_000 + b"\n",
    ],
)
def test_a_header_without_end_is_a_reject(tmp_path: Path, extra: bytes) -> None:
    path = tmp_path / "a.mbox"
    path.write_bytes(mail(1) + mail(2, extra) + mail(3))
    start = time.process_time()
    got = read("mbox", path)
    assert time.process_time() - start < 10
    assert (got.records, got.events) == (3, 2)
    assert got.rejects == [(len(mail(1)), "byte", "header block larger than 1 MB")]


def test_messages_without_an_empty_line_take_their_length(tmp_path: Path) -> None:
    path = tmp_path / "a.mbox"
    path.write_bytes(mail(1) + b"From a@b.example Thu Jan  1 10:00:00 2026\n" * 200_000 + mail(2))
    start = time.process_time()
    got = read("mbox", path)
    assert time.process_time() - start < 20
    assert (got.records, got.events, len(got.rejects)) == (200_002, 2, 200_000)


@pytest.mark.parametrize("many", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_a_meeting_of_everybody(tmp_path: Path, many: int) -> None:
    people = "".join(f"ATTENDEE:mailto:p{number}@x.example\r\n" for number in range(many))
    path = tmp_path / "a.ics"
    path.write_bytes(CALENDAR + event("1", people) + event("2") + END)
    batch = whole(SOURCES["icalendar"], path)
    assert (batch.records, batch.events.height) == (2, 2)
    assert batch.participations.height == many + 4


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (b"BEGIN:VEVENT\r\n", "has no END:VEVENT"),
        (b"BEGIN:VTIMEZONE\r\n", None),
        (b"BEGIN:VALARM\r\n", None),
        (b"END:VEVENT\r\n", None),
    ],
)
def test_blocks_that_do_not_end(tmp_path: Path, block: bytes, reason: str | None) -> None:
    path = tmp_path / "a.ics"
    path.write_bytes(CALENDAR + event("1") + block * 100_000 + END)
    start = time.process_time()
    got = read("icalendar", path)
    assert time.process_time() - start < 20
    assert got.events == 1
    assert {words for _, _, words in got.rejects} == ({reason} if reason else set())
    assert got.records == 1 + len(got.rejects)


@pytest.mark.parametrize("form", [name for name in SOURCES if name != "parquet"])
@pytest.mark.parametrize("data", [bytes(MB), b"\0\n" * 1000, b"\xff\xfe" + bytes(1001), b""])
def test_nothing_but_zeros(tmp_path: Path, form: str, data: bytes) -> None:
    path = tmp_path / "zeros"
    path.write_bytes(data)
    try:
        got = read(form, path, TABLE if form in {"csv", "ndjson"} else {})
    except UnreadableFileError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert got.events == 0


def test_zeros_within_records(tmp_path: Path) -> None:
    path = tmp_path / "export"
    path.write_bytes(CALENDAR + event("1", "SUMMARY:\0\r\n") + event("2") + bytes(500) + END)
    assert read("icalendar", path).events == 2
    path.write_bytes(mail(1, b"X-A: \0\n") + bytes(500) + b"\n\n" + mail(2))
    assert read("mbox", path).events == 2
    path.write_bytes(b"at,who,x\n2026-01-05,a,\0\n\0,\0,\0\n2026-01-06,b,c\n")
    assert read("csv", path, TABLE).events == 2


# --- as large as they come --------------------------------------------------------------------

WITHIN = """
import json, resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[3]) << 20,) * 2)
from tests.sources.test_hostile import read
from transforms.sources.base import UnreadableFileError
try:
    got = read(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[4]))
    print(json.dumps([got.records, got.events, got.skipped, got.duplicates, got.rejects]))
except UnreadableFileError as error:
    print(json.dumps(str(error)))
told = Path("/proc/self/status").read_text()  # ru_maxrss would be that of pytest
print(int(told.partition("VmHWM:")[2].split()[0]) >> 10)
"""


def read_within(megabytes: int, form: str, path: Path, mapping: str = "{}") -> tuple[str, int]:
    """What a reader says that may have so much address space, and how much memory it took (MB)."""
    ran = subprocess.run(
        [sys.executable, "-c", WITHIN, form, str(path), str(megabytes), mapping],
        check=False, cwd=HERE.parents[1], capture_output=True, text=True, timeout=300,
        env={"PYTHONPATH": str(HERE.parents[1]), "POLARS_MAX_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    said, peak = ran.stdout.splitlines()
    return said, int(peak)


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "large"
    yield path
    path.unlink(missing_ok=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", LINES)
def test_a_line_of_two_gigabytes(large: Path, name: str) -> None:
    import json

    line = LINES[name]
    write_line(large, line, 2048)
    # A line of JSON may be a whole export, and is held up to limits.HELD.
    allowed = 3500 if name == "jira" else 1800
    said, peak = read_within(allowed, line.form, large, json.dumps(line.mapping))
    records, events, skipped, duplicates, rejects = json.loads(said)
    assert_rest_is_read(line, Read(records, events, skipped, duplicates, rejects))
    assert peak < (2600 if name == "jira" else 700), peak


@pytest.mark.slow
@pytest.mark.parametrize("pack", [gz, zipped])
def test_a_bomb_of_gigabytes(large: Path, pack: Callable[[Path, int, bytes], Path]) -> None:
    pack(large, 3000, mail(1))
    said, peak = read_within(1800, "mbox", large)
    assert "unpacks to more than" in said
    assert peak < 400


@pytest.mark.slow
def test_a_cell_of_half_a_gigabyte(large: Path) -> None:
    line = LINES["csv, cell"]
    write_line(large, line, 500, b"prose without an end\n")
    said, peak = read_within(1800, "csv", large, '{"time": "at", "person": "who"}')
    assert said.startswith("[3, 2, ")
    assert peak < 700


@pytest.mark.parametrize("name", ["csv", "message-trace"])
def test_a_line_of_millions_of_cells(large: Path, name: str) -> None:
    write_line(large, LINES[name], 12, b"xx,")
    said, peak = read_within(1800, LINES[name].form, large, '{"time": "at", "person": "who"}')
    assert said.startswith(("[3, 2, ", "[4, 2, "))
    assert peak < 400
