"""The mbox reader: hand-made traps, real archives against the standard library, random bytes."""

from __future__ import annotations

import gzip
import mailbox
import re
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parsedate_to_datetime
from hashlib import blake2b
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.sources import mail_batch, mail_headers, mbox
from transforms.sources.base import (
    RAW_EVENT,
    RAW_PARTICIPATION,
    RAW_REJECT,
    Batch,
    Options,
    UnreadableFileError,
)

HERE = Path(__file__).parent
FROM = b"From mboxrd@z Thu Jan  1 00:00:00 1970\n"
PLAIN = b"From: jan@alfa.example\nDate: Mon, 5 Jan 2026 10:00:00 +0000\n"


def all_of(batches: list[Batch]) -> Batch:
    return Batch(
        pl.concat(batch.events for batch in batches),
        pl.concat(batch.participations for batch in batches),
        pl.concat(batch.rejects for batch in batches),
        sum(batch.records for batch in batches),
        sum(batch.skipped for batch in batches),
        sum(batch.duplicates for batch in batches),
    )


def read(path: Path, options: Options | None = None) -> Batch:
    return all_of(list(mbox.read(path, options or Options())))


@pytest.fixture
def reading(tmp_path):
    """Bytes → what the reader makes of them."""

    def of(content: bytes) -> Batch:
        path = tmp_path / "some.mbox"
        path.write_bytes(content)
        return read(path)

    return of


@pytest.fixture
def one(reading):
    """Header lines of one message → its event as a dict, with `parts`: address → role."""

    def of(headers: bytes, before: bytes = PLAIN) -> dict:
        batch = reading(FROM + before + headers + b"\nbody\n")
        assert batch.events.height == 1, batch.rejects
        parts = batch.participations
        return batch.events.row(0, named=True) | {
            "parts": dict(zip(parts["address"], parts["role"], strict=True))
        }

    return of


# --- golden -----------------------------------------------------------------------------------


def test_golden():
    batch = read(HERE / "golden.mbox")
    events = pl.read_csv(HERE / "events.csv", try_parse_dates=True).with_columns(
        pl.col("started_at").cast(pl.Datetime("us", "UTC"))
    )
    assert batch.events.schema == RAW_EVENT
    assert batch.participations.schema == RAW_PARTICIPATION
    assert batch.rejects.schema == RAW_REJECT
    assert batch.events.select(events.columns).rows() == events.rows()
    parts = pl.read_csv(HERE / "participations.csv")
    assert sorted(batch.participations.select(parts.columns).rows()) == sorted(parts.rows())
    assert batch.rejects.rows() == [
        (2033, "byte", "no sender in From or Sender"),
        (2165, "byte", "no valid date in Date or Received"),
    ]
    assert (batch.records, batch.skipped, batch.duplicates) == (9, 2, 1)
    constants = batch.events.select(
        "channel", "kind", "ended_at", "container_key", "is_cancelled", "revision"
    )
    assert constants.unique().rows() == [("message", "mail", None, None, False, 0)]
    assert batch.participations.select("response", "is_own").unique().rows() == [("none", False)]


def test_positions_are_the_separators_of_the_file():
    content = (HERE / "golden.mbox").read_bytes()
    batch = read(HERE / "golden.mbox")
    for position in [*batch.events["position"], *batch.rejects["position"]]:
        assert content[position : position + 5] == b"From "
        assert position == 0 or content[position - 2 : position] == b"\n\n"


def test_nothing_of_subject_or_body_leaves():
    batch = read(HERE / "golden.mbox")
    text = batch.events.write_csv() + batch.participations.write_csv() + batch.rejects.write_csv()
    assert not re.search("nothing of this|ten|regards|Dear|Patch|Visser", text)


def same(left: Batch, right: Batch) -> bool:
    return all(
        getattr(left, name).equals(getattr(right, name))
        for name in ("events", "participations", "rejects")
    ) and (left.records, left.skipped, left.duplicates) == (
        right.records, right.skipped, right.duplicates,
    )  # fmt: skip


def test_gzip_reads_as_plain(tmp_path):
    content = (HERE / "golden.mbox").read_bytes()
    path = tmp_path / "golden.mbox.gz"
    half = len(content) // 2  # two gzip members: what `cat a.gz b.gz` makes
    path.write_bytes(gzip.compress(content[:half]) + gzip.compress(content[half:]))
    assert same(read(path), read(HERE / "golden.mbox"))


def test_carriage_returns_change_positions_only(reading):
    content = (HERE / "golden.mbox").read_bytes()
    left, right = read(HERE / "golden.mbox"), reading(content.replace(b"\n", b"\r\n"))
    assert left.events.drop("position").equals(right.events.drop("position"))
    assert left.participations.equals(right.participations)
    assert right.records == left.records


@pytest.mark.parametrize("chunk", [1100, 1301, 2048])
def test_any_chunk_size_gives_the_same(monkeypatch, chunk):
    whole = read(HERE / "golden.mbox")
    monkeypatch.setattr(mbox, "CHUNK", chunk)
    assert same(read(HERE / "golden.mbox"), whole)


def test_every_chunk_edge_finds_every_separator(monkeypatch, reading):
    content = b"".join(
        FROM + PLAIN + b"Message-ID: <%d@x>\n\n%s\n\n" % (number, b"x" * (number * 37 % 900))
        for number in range(200)
    )
    for newline in (b"\n", b"\r\n"):
        for chunk in range(1200, 1260, 7):
            monkeypatch.setattr(mbox, "CHUNK", chunk)
            assert reading(content.replace(b"\n", newline)).events["event_key"].to_list() == [
                f"mail:{number}@x" for number in range(200)
            ]


# --- boundaries -------------------------------------------------------------------------------

SEPARATORS = [
    b"From jan@alfa.example Thu Jan  1 00:00:00 1970",
    b"From jan at alfa.example  Thu Jan  1 00:00:00 1970",
    b"From - Fri Jun  9 23:17:56 2026",
    b"From 1234567890@xxx Mon Jan 05 13:00:00 +0000 2026",
    b"From MAILER-DAEMON Fri Jul  8 12:08:34 2026",
    b"From ???@??? Mon Jan 05 13:00:00 2026",
    b"From jan@alfa.example Mon Jan  5 13:00 CET 2026",
    b"From jan@alfa.example Mon Jan  5 13:00:00 2026 remote from alfa",
    b'From "jan jansen"@alfa.example Mon Jan  5 13:00:00 2026',
    b"From jan@alfa.example Mon, 05 Jan 2026 13:00:00 +0100",
    b"From - Sat Apr 12 2025 15:59:28",
    b"From jan@alfa.example 2026-03-02 09:00:00",
    b"From jan@alfa.example 2026-03-02T09:00:00+01:00",
    b"From jan@alfa.example",
    b"From -",
    b"From ",
]
PROSE = [
    b"From Monday Jan 5 on we meet at ten",
    b"From jan@alfa.example I heard that",
    b"From Mon Jan  5 13:00 we meet",
    b"From 2026-03-02 on we meet",
    b"From: eva@beta.example",
    b"From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001",
    b"From jan@alfa.example Mon Jan  5 13:00:00 2026" + b" you wrote, and I answer" * 5,
]


@pytest.mark.parametrize("line", SEPARATORS)
def test_separator(reading, line):
    message = line + b"\n" + PLAIN + b"\nbody\n\n"
    assert reading(message * 3).records == 3
    assert reading((message * 3).replace(b"\n", b"\r\n").rstrip()).records == 3


@pytest.mark.parametrize("line", PROSE)
def test_no_separator(reading, line):
    message = FROM + PLAIN + b"\nbody\n\n" + line + b"\nTo: eva@beta.example\n\n"
    batch = reading(message + FROM + PLAIN + b"\n")
    assert batch.records == 2
    assert set(batch.participations["role"]) == {"from"}


def test_a_separator_in_a_body_needs_an_empty_line_before_and_a_header_behind(reading):
    body = b"\nsee\n" + FROM + b"X: y\n\n" + FROM + b"and so on\n\n"
    assert reading(FROM + PLAIN + body).records == 1


@pytest.mark.parametrize("line", [b"From ", b"From -", b"From - Sat Apr 12 2025 15:59:28"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_what_thunderbird_wrote_in_other_years_of_the_same_folder(reading, line, newline):
    old = b"From - Fri Jun  9 23:17:56 2026\n" + PLAIN + b"\nbody\n\n"
    new = line + b"\nX-Mozilla-Status: 0001\n" + PLAIN + b"\nbody\n\n"
    content = (old * 2 + new * 3 + old + new).replace(b"\n", newline)
    assert reading(content).records == 7


def test_a_bare_from_in_a_body_is_no_separator(reading):
    body = b"\nregards\n\nFrom \n\nFrom \nhere\n\n"
    assert reading((FROM + PLAIN + body) * 2).records == 2


def test_a_patch_in_a_mailbox_of_odd_separators_splits_nothing(reading):
    patch = b"\nFrom 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001\nFrom: x\n\n"
    assert reading((b"From jan@alfa.example\n" + PLAIN + b"\nsee\n" + patch) * 2).records == 2


def test_a_header_block_that_was_cut_off_ends_at_the_next_separator(reading):
    batch = reading(FROM + b"From: jan@alfa.example\n" + FROM + PLAIN + b"\n")
    assert (batch.records, batch.rejects.height) == (2, 1)


def test_missing_final_newline(reading):
    assert reading(FROM + PLAIN.rstrip()).events.height == 1


def test_first_separator_may_lack_a_date(reading):
    assert reading(b"From jan@alfa.example\n" + PLAIN + b"\n\n" + FROM + PLAIN).records == 2


def test_byte_order_mark(reading):
    assert reading(b"\xef\xbb\xbf\n" + FROM + PLAIN).events["position"].to_list() == [4]


def test_a_single_message_is_not_split(reading):
    batch = reading(PLAIN + b"Message-ID: <a@b>\n\nbody\n\n" + FROM + PLAIN)
    assert batch.events["event_key"].to_list() == ["mail:a@b"]


def test_empty_file(tmp_path):
    (tmp_path / "empty.mbox").write_bytes(b"")
    assert list(mbox.read(tmp_path / "empty.mbox", Options())) == []


@pytest.mark.parametrize("content", [b"id,name\n1,x\n", b"\x00\x01\x02" * 99, b"{}", b"From here"])
def test_no_mailbox(reading, content):
    with pytest.raises(UnreadableFileError, match=r"some\.mbox: byte 0: no mbox.*export"):
        reading(content)


@pytest.mark.parametrize("cut", [12, -3])
def test_damaged_gzip(tmp_path, cut):
    path = tmp_path / "cut.mbox.gz"
    path.write_bytes(gzip.compress((HERE / "golden.mbox").read_bytes())[:cut])
    with pytest.raises(UnreadableFileError, match=r"damaged or cut off.*copy the file again"):
        list(mbox.read(path, Options()))


def test_sniff():
    golden = (HERE / "golden.mbox").read_bytes()
    path = Path("some.mbox")
    assert mbox.sniff(path, golden) == 1
    assert 0.5 < mbox.sniff(path, PLAIN + b"Subject: x\n\nbody") < 1
    assert mbox.sniff(path, b"BEGIN:VCALENDAR\nVERSION:2.0\n") == 0
    assert mbox.sniff(path, b"Name: x\nDate: y\n\n") == 0
    assert mbox.sniff(path, b'{"From": 1}') == 0


# --- one message ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Jan@Alfa.Example", ["jan@alfa.example"]),
        ('"Jansen, Jan" <jan@a.nl>, "Bos, \\"B\\"" <b@a.nl>', ["jan@a.nl", "b@a.nl"]),
        ("=?utf-8?Q?Jansen=2C_Jan?= <jan@a.nl>", ["jan@a.nl"]),
        ("=?utf-8?Q?Jansen,_Jan?= <jan@a.nl>", ["jan@a.nl"]),
        ("=?utf-8?Q?Jan_=3Cjan=40a=2Enl=3E?=", ["jan@a.nl"]),
        ("jan@a.nl (Jan (the elder), of Alfa)", ["jan@a.nl"]),
        ('eva@a.nl ("x), Bos <b@a.nl>', ["eva@a.nl", "b@a.nl"]),
        ("Smile :( <jan@a.nl>, bos@a.nl", ["jan@a.nl", "bos@a.nl"]),
        ("Team: jan@a.nl, Bos <b@a.nl>;, eva@a.nl", ["jan@a.nl", "b@a.nl", "eva@a.nl"]),
        ("undisclosed-recipients:;", []),
        ("Undisclosed recipients <>", []),
        ("jan", []),
        ("@a.nl, jan@, <jan>, jan@@a.nl", []),
        ("jan@a.nl; bos@a.nl", ["jan@a.nl", "bos@a.nl"]),
        ("<@relay.nl,@other.nl:jan@a.nl>", ["jan@a.nl"]),
        ("<mailto:jan@a.nl>", ["jan@a.nl"]),
        ("'jan@a.nl' <'jan@a.nl'>", ["jan@a.nl"]),
        ("bos@b.nl <jan@a.nl>", ["jan@a.nl"]),
        ('"bos@b.nl" <jan@a.nl>', ["jan@a.nl"]),
        ("Jan\n\t<jan@a.nl>,\n bos@a.nl", ["jan@a.nl", "bos@a.nl"]),
        ("Jan <jan@ a.nl >", ["jan@a.nl"]),
        ("jan@a.nl,,, jan@a.nl,", ["jan@a.nl"]),
        ('"jan"@a.nl', ["jan@a.nl"]),
        ("jan@[192.0.2.1]", ["jan@[192.0.2.1]"]),
        ('"Jan <jan@a.nl>, bos@a.nl', ["jan@a.nl", "bos@a.nl"]),
        ("7+bot[bot]@a.nl", ["7+bot[bot]@a.nl"]),
        ("jän@müller.example", ["jän@müller.example"]),
        ("x" * 500 + " <jan@a.nl>, " + "y" * 500 + "@a.nl", ["jan@a.nl"]),
    ],
)
def test_addresses(value, expected):
    assert mail_headers.addresses(value) == tuple(expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Mon, 5 Jan 2026 10:00:00 +0100", "2026-01-05T09:00:00"),
        ("Mon,5 Jan 2026 10:00:00 +0100 (CET)", "2026-01-05T09:00:00"),
        ("5 Jan 2026 10:00 -0530", "2026-01-05T15:30:00"),
        ("Mon, 05-Jan-2026 10:00:00 GMT", "2026-01-05T10:00:00"),
        ("Mon, 5 Jan 2026 10:00:00 EDT", "2026-01-05T14:00:00"),
        ("Mon, 5 Jan 2026 10:00:00 CEST", "2026-01-05T08:00:00"),
        ("Mon, 5 Jan 2026 10:00:00 GMT+0100", "2026-01-05T09:00:00"),
        ("Mon, 5 Jan 2026 10:00:00 +01:00", "2026-01-05T09:00:00"),
        ("Mon, 5 Jan 2026 10:00:00 -0000", "2026-01-05T10:00:00"),
        ("Mon, 5 Jan 2026 10:00:00", "2026-01-05T10:00:00"),
        ("Mon, 5 Jan 2026 10:00:00 NOWHERE", "2026-01-05T10:00:00"),
        ("5 Jan 26 10:00:00 Z", "2026-01-05T10:00:00"),
        ("5 Jan 99 10:00:00 UT", "1999-01-05T10:00:00"),
        ("5 Jan 103 10:00:00 UT", "2003-01-05T10:00:00"),
        ("Mon Jan  5 10:00:00 2026", "2026-01-05T10:00:00"),
        ("2026-01-05T10:00:00+01:00", "2026-01-05T09:00:00"),
        ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T15:55:06"),
        ("Wed, 31 Dec 2025 23:59:60 +0000", "2026-01-01T00:00:00"),
        ("\n Mon, 5 Jan 2026\n 10:00:00 +0100", "2026-01-05T09:00:00"),
        ("Sat, 31 Feb 2026 10:00:00 +0000", None),
        ("Mon, 5 Jan 2026 25:00:00 +0000", None),
        ("Mon, 5 Jan 2026 10:61:00 +0000", None),
        ("Mon, 5 Jan 2026 10:00:00 +9900", None),
        ("Mon, 5 Foo 2026 10:00:00 +0000", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_seconds(value, expected):
    found = mail_headers.seconds(value)
    assert (found is None) == (expected is None)
    if found is not None:
        assert datetime.fromtimestamp(found, UTC).isoformat() == f"{expected}+00:00"


@pytest.mark.parametrize(
    ("headers", "key", "thread", "reply"),
    [
        (b"Message-ID: <a@x>\n", "a@x", "mail:a@x", None),
        (b"Message-Id: <a @x>\n", "a@x", "mail:a@x", None),
        (b"MESSAGE-ID:\n <a@x>\n", "a@x", "mail:a@x", None),
        (b"Message-ID: a@x\n", "a@x", "mail:a@x", None),
        (b"Message-ID: <a@x> (added by mx)\n", "a@x", "mail:a@x", None),
        (b"Message-ID: <a@x>+07\n", "a@x+07", "mail:a@x+07", None),
        (b"Message-ID: <a@x>\nMessage-ID: <b@x>\n", "a@x", "mail:a@x", None),
        (b"Message-ID: <d@x>\nReferences: <a@x> <b@x>\n <c@x>\n", "d@x", "mail:a@x", "mail:c@x"),
        (
            b"Message-ID: <d@x>\nReferences: <a@x> <c@x>\nIn-Reply-To: <b@x>\n",
            "d@x", "mail:a@x", "mail:b@x",
        ),
        (b"Message-ID: <d@x>\nIn-Reply-To: <b@x> <c@x>\n", "d@x", "mail:b@x", "mail:b@x"),
        (b"Message-ID: <d@x>\nIn-Reply-To: <<a@x>+07>\n", "d@x", "mail:a@x+07", "mail:a@x+07"),
        (b"Message-ID: <d@x>\nIn-Reply-To: b@x\n", "d@x", "mail:b@x", "mail:b@x"),
        (b"Message-ID: <d@x>\nIn-Reply-To: your mail of Monday\n", "d@x", "mail:d@x", None),
        (b"Message-ID: <d@x>\nIn-Reply-To: <>\nReferences:\n", "d@x", "mail:d@x", None),
        (b"Message-ID: <d@x>\nIn-Reply-To: <d@x>\n", "d@x", "mail:d@x", None),
        (
            b"Message-ID: <d@x>\nIn-Reply-To: <b@x>\nX-GM-THRID: 177\n",
            "d@x", "gm:177", "mail:b@x",
        ),
    ],
)  # fmt: skip
def test_identity_and_thread(one, headers, key, thread, reply):
    event = one(headers)
    found = (event["event_key"], event["thread_key"], event["reply_key"])
    assert found == (f"mail:{key}", thread, reply)


@pytest.mark.parametrize("own", [b"", b"Message-ID: <>\n", b"Message-ID:\n"])
def test_message_without_id(one, own):
    event = one(own + b"To: kim@b.nl, dev@l.nl\nCc: eva@b.nl\nList-Post: <mailto:dev@l.nl>\n")
    parts = ("jan@alfa.example", "1767607200", "dev@l.nl", "eva@b.nl", "kim@b.nl")
    digest = blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()
    assert event["event_key"] == event["thread_key"] == f"mail:~{digest}"
    assert event["parts"] == {"jan@alfa.example": "from", "kim@b.nl": "to", "eva@b.nl": "cc"}


def test_one_role_each_and_no_bcc(one):
    event = one(
        b"To: eva@b.nl, JAN@alfa.example\nCc: eva@b.nl, kim@b.nl\nTo: lars@b.nl\nCc: mila@b.nl\n"
        b"Bcc: otto@b.nl\n"
    )
    assert event["parts"] == {
        "jan@alfa.example": "from", "eva@b.nl": "to", "lars@b.nl": "to",
        "kim@b.nl": "cc", "mila@b.nl": "cc",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("list_headers", "address"),
    [
        (b"List-Id: Developers <dev.lists.example.org>\n", b"dev@lists.example.org"),
        (b"List-Id: dev.lists.example.org\n", b"dev@lists.example.org"),
        (b"List-Id: <dev.team.lists.example.org>\n", b"Dev.Team@lists.example.org"),
        (b"List-Post: <mailto:dev%40lists.example.org?subject=x>\n", b"dev@lists.example.org"),
    ],
)
def test_the_list_is_nobody(one, list_headers, address):
    date = b"Date: Mon, 5 Jan 2026 10:00:00 +0000\n"
    event = one(list_headers + b"To: " + address + b"\nCc: eva@b.nl\n")
    assert event["parts"] == {"jan@alfa.example": "from", "eva@b.nl": "cc"}
    assert not event["is_automated"]
    for original in (
        b"Reply-To: <" + address + b">, Kim <kim@b.nl>\n",
        b"X-Original-From: kim@b.nl\n",
    ):
        event = one(
            list_headers + original, before=b"From: 'Kim' via Dev <" + address + b">\n" + date
        )
        assert event["initiator"] == "kim@b.nl"
        assert event["parts"] == {"kim@b.nl": "from"}


def test_sender_stands_in_for_from(one, reading):
    date = b"Date: Mon, 5 Jan 2026 10:00:00 +0000\n"
    assert one(b"Sender: kim@b.nl\n", before=date)["initiator"] == "kim@b.nl"
    two = one(b"Sender: kim@b.nl\n", before=date + b"From: eva@b.nl, jan@b.nl\n")
    assert two["initiator"] == "eva@b.nl"
    assert reading(FROM + date).rejects["reason"].to_list() == ["no sender in From or Sender"]
    only_list = FROM + date + b"From: dev@l.b.nl\nList-Id: <dev.l.b.nl>\n"
    assert reading(only_list).rejects.height == 1


@pytest.mark.parametrize(
    ("headers", "is_automated"),
    [
        (b"", False),
        (b"Precedence: list\nList-Id: <a.b.nl>\nList-Unsubscribe: <x>\n", False),
        (b"Sender: dev-bounces@lists.b.nl\n", False),
        (b"Precedence: Bulk\n", True),
        (b"Precedence: junk\nList-Id: <a.b.nl>\n", True),
        (b"Auto-Submitted: no\n", False),
        (b"Auto-Submitted: auto-generated; x=y\n", True),
        (b"List-Unsubscribe: <https://b.nl>\n", True),
    ],
)
def test_machines_by_header(one, headers, is_automated):
    assert one(headers)["is_automated"] is is_automated


@pytest.mark.parametrize(
    ("sender", "is_automated"),
    [
        ("no-reply@b.nl", True), ("NoReply@b.nl", True), ("do-not-reply@b.nl", True),
        ("noreply+x@b.nl", True), ("drive-noreply@b.nl", True), ("MAILER-DAEMON@b.nl", True),
        ("postmaster@b.nl", True), ("bounces@b.nl", True), ("bounce-17@b.nl", True),
        ("dev-bounces@b.nl", True), ("Renovate [bot] <renovate@b.nl>", True),
        ('"depend[bot]" <x@b.nl>', True), ("17+depend[bot]@users.b.nl", True),
        ("=?utf-8?q?depend=5Bbot=5D?= <x@b.nl>", True), ("x@b.nl (depend[bot])", True),
        ("jan@noreply.b.nl", False), ("Jan Noreply <jan@b.nl>", False),
        ("reply@b.nl", False), ("[bot] fan <jan@b.nl>", False), ("bouncer@b.nl", False),
    ],
)  # fmt: skip
def test_machines_by_sender(one, sender, is_automated):
    date = b"Date: Mon, 5 Jan 2026 10:00:00 +0000\n"
    event = one(f"From: {sender}\n".encode(), before=date)
    assert event["is_automated"] is is_automated
    assert len(event["parts"]) == 1


@pytest.mark.parametrize(
    ("labels", "is_mail"),
    [
        ("Inbox,Opened,Category updates", True), ("Verzonden,Geopend", True), ("", True),
        ("Spam policy,Trash collection", True), ('"Plans, drafts",Inbox', True),
        ("Drafts", False), ("Concepten", False), ("=?UTF-8?Q?Entw=C3=BCrfe,Wichtig?=", False),
        ("Papierkorb,Ungelesen", False), ("Brouillons", False), ("Corbeille,Non lus", False),
        ("Borradores", False), ("Papelera", False), ("Bozze", False), ("Cestino", False),
        ("Rascunhos", False), ("Lixeira", False), ("Posteingang,Wichtig", True),
        ("=?UTF-8?Q?Bo=C3=AEte_de_r=C3=A9ception,Non_lus?=", True), ("Bozze di legge", True), ("Spam,Unread", False), ("Ongelezen, Spam", False),
        ("Important,Trash", False), ("Bin,Opened", False), ("Prullenbak,Geopend", False),
        ("Chat", False), ('"Chats"', False), ("Opened,\n Trash", False),
        ("=?UTF-8?Q?Categorie=C3=ABn,Geopend?=", True),
        ("=?UTF-8?Q?Categorie=C3=ABn=2CPrul?=\n =?UTF-8?Q?lenbak?=", False),
    ],
)  # fmt: skip
def test_what_gmail_labels_as_no_mail_is_left_out(reading, labels, is_mail):
    batch = reading(FROM + PLAIN + f"X-Gmail-Labels: {labels}\n\nbody\n".encode())
    assert (batch.records, batch.skipped, batch.events.height) == (1, not is_mail, is_mail)


def test_raw_bytes_in_headers(one):
    date = b"Date: Mon, 5 Jan 2026 10:00:00 +0000\n"
    for charset in ("utf-8", "cp1252"):
        event = one(
            "From: Zoë <zoe@b.nl>\nTo: Renée <renee@b.nl>, \x81\n".encode(charset, "replace"),
            before=date + b"Subject: \xe9\xff\n",
        )
        assert event["parts"] == {"zoe@b.nl": "from", "renee@b.nl": "to"}


def test_odd_header_names(one):
    date = b"DATE : Mon, 5 Jan 2026 10:00:00 +0000\n"
    event = one(b"no header at all\nfrom\t: jan@b.nl\ntO:kim@b.nl\n", before=date)
    assert event["parts"] == {"jan@b.nl": "from", "kim@b.nl": "to"}


def test_window_is_half_open(tmp_path):
    path = tmp_path / "some.mbox"
    path.write_bytes(FROM + PLAIN + b"\n")
    at = datetime(2026, 1, 5, 10, tzinfo=UTC)
    later = datetime(2026, 1, 5, 10, 0, 1, tzinfo=UTC)
    assert read(path, Options(since=at, until=later)).events["started_at"].to_list() == [at]
    assert read(path, Options(since=later)).skipped == 1
    assert read(path, Options(until=at)).skipped == 1


# --- many messages ----------------------------------------------------------------------------


def test_copies_in_later_batches_are_emitted_again_and_counted(monkeypatch, reading):
    monkeypatch.setattr(mail_batch, "BATCH_ROWS", 4)
    copies = [
        FROM + PLAIN + b"Message-ID: <%d@x>\nTo: p%d@b.nl\n\nbody\n\n" % (number % 3, number)
        for number in range(12)
    ]
    batch = reading(b"".join(copies) + FROM + b"\n" + FROM + PLAIN.replace(b"2026", b"1926"))
    distinct = batch.events["event_key"].n_unique()
    assert (batch.records, batch.duplicates, batch.skipped, batch.rejects.height) == (14, 9, 1, 1)
    assert batch.records - batch.rejects.height - batch.skipped - batch.duplicates == distinct == 3
    assert batch.participations.filter(role="to")["address"].n_unique() == 12


def test_the_first_copy_says_who_sent_it(reading):
    batch = reading(
        FROM + PLAIN + b"Message-ID: <a@x>\nCc: kim@b.nl\n\n\n"
        + FROM + PLAIN.replace(b"jan@", b"other@") + b"Message-ID: <a@x>\nTo: kim@b.nl\n\n"
    )  # fmt: skip
    assert batch.events["initiator"].to_list() == ["jan@alfa.example"]
    assert batch.participations.select("address", "role").rows() == [
        ("jan@alfa.example", "from"), ("kim@b.nl", "to"),
    ]  # fmt: skip


def test_header_block_limit(reading):
    long = b"X-Long: " + b"x" * mbox.HEADER_LIMIT + b"\n"
    batch = reading(FROM + PLAIN + long + b"\nbody\n\n" + FROM + PLAIN + b"\n")
    assert batch.rejects.rows() == [(0, "byte", "header block larger than 1 MB")]
    assert batch.events["position"].to_list() == [len(FROM + PLAIN + long) + 7]


@pytest.mark.parametrize(
    "value",
    [b"(", b'"', b'\\"', b"(\\(", b"<", b"<<a>", b"a.", b",", b";:", b"=?utf-8?q?(?= ", b"'"],
)
def test_absurd_headers_take_no_time(reading, value):
    absurd = value * (300_000 // len(value))
    names = (b"To", b"Cc", b"Reply-To", b"References", b"Date", b"List-Id", b"List-Post")
    start = time.process_time()
    for name in names:
        reading(FROM + PLAIN + name + b": " + absurd + b"\n\n")
    reading(FROM + b"From: " + absurd + b"\nMessage-ID: " + absurd + b"\n" + PLAIN + b"\n")
    assert time.process_time() - start < 5


MEASURE = """
import resource, sys
from pathlib import Path
from transforms.sources import mbox
from transforms.sources.base import Options
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
list(mbox.read(Path(sys.argv[1]), Options()))
before = peak()
records = sum(batch.records for batch in mbox.read(Path(sys.argv[2]), Options()))
print(records, peak() - before)
"""


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_memory_stays_small(tmp_path, suffix):
    path = tmp_path / f"big.mbox{suffix}"
    with gzip.open(path, "wb", 1) if suffix else path.open("wb") as out:
        for number in range(150):
            out.write(FROM + PLAIN + b"Message-ID: <%d@x>\n\n" % number)
            out.write((b"x" * 80 + b"\n") * 10_000 if number else b"y" * 100_000_000)
            out.write(b"\n\n")
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, str(HERE / "golden.mbox"), str(path)],
        check=True, capture_output=True, text=True, cwd=HERE.parents[2],
    )  # fmt: skip
    records, megabytes = map(int, run.stdout.split())
    assert records == 150
    assert megabytes < 40  # of 220


pieces = st.sampled_from(
    [
        FROM, b"\n", b"\r\n", b"From ", b"From: ", b"To: ",
        b"Date: Mon, 5 Jan 2026 10:00:00 +0000\n",
        b"jan@alfa.example", b"Message-ID: ", b"<a@x>", b"References: ", b",", b'"', b"(", b")",
        b"\\",
        b":", b";", b"=?utf-8?q?", b"=?unicode_escape?q?\\ud800@x?=", b"?=", b"List-Id: ", b"\xff",
        b"Received: x; ", b"\x00", b" ", b"\xe2\x80\xa8", b"=?x?b?a?=", PLAIN, b"9" * 30,
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=500),
        st.lists(pieces, max_size=60).map(b"".join),
        st.lists(pieces, max_size=60).map(lambda parts: FROM + PLAIN + b"".join(parts)),
    )
)
def test_random_bytes_never_crash(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "random.mbox"
    path.write_bytes(content)
    assert 0 <= mbox.sniff(path, content) <= 1
    try:
        batches = list(mbox.read(path, Options()))
    except UnreadableFileError:
        return
    if not batches:
        return
    batch = all_of(batches)
    keys = batch.events["event_key"].to_list()
    counted = batch.records - batch.rejects.height - batch.skipped - batch.duplicates
    assert len(set(keys)) == len(keys) == counted
    parts = batch.participations
    assert parts.select("event_key", "address").is_unique().all()
    assert parts["event_key"].is_in(keys).all()
    assert not parts["address"].str.contains(r"[\s<>,]|^[^@]*$").any()
    assert parts.filter(role="from").height == len(keys)
    assert not any(set("<> \n") & set(key) for key in keys)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200), st.text("<>()\",;:@\\ a=?utf-8qb.'", max_size=200))
def test_random_values_never_crash(anything, syntax):
    for value in (anything, syntax):
        for address in mail_headers.addresses(value):
            assert address == address.lower()
            assert mail_headers.addresses(address) == (address,)
        mail_headers.author(value)
        mail_headers.seconds(value)
        assert not set("<> ") & set("".join(mail_headers.ends(value)))


@settings(max_examples=200, deadline=None)
@given(st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)), st.integers(-1439, 1439))  # noqa: DTZ001
def test_dates_agree_with_the_standard_library(moment, offset):
    sign, size = "-" if offset < 0 else "+", abs(offset)
    value = f"{moment:%a, %d %b %Y %H:%M:%S} {sign}{size // 60:02}{size % 60:02}"
    assert mail_headers.seconds(value) == int(parsedate_to_datetime(value).timestamp())


# --- real archives ----------------------------------------------------------------------------


@pytest.fixture(scope="session", params=["openbmc-2019-2020.headers", "openbmc-2020-03"])
def archive(request, shared_data, tmp_path_factory):
    path = tmp_path_factory.mktemp("archive") / "plain.mbox"
    packed = shared_data / "openbmc-mail" / f"{request.param}.mbox.gz"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    return path, packed


def named(message, header):
    pairs = getaddresses([str(value) for value in message.get_all(header, [])])
    return [address.strip().lower() for _, address in pairs if "@" in address]


def by_standard_library(path: Path):
    """key → (time, sender, to, cc): a second opinion on the whole archive."""
    parser = BytesHeaderParser()
    expected = {}
    with closing(mailbox.mbox(path, factory=parser.parse)) as messages:
        for message in messages:
            add(message, expected)
    return expected


def add(message, expected):
    the_list = {"openbmc@lists.ozlabs.org"}
    key = "mail:" + re.sub(r"[<>\s]", "", message["Message-ID"])
    at = parsedate_to_datetime(message["Date"]).astimezone(UTC)
    sender = named(message, "From")[0]
    to, cc = set(named(message, "To")) - the_list, set(named(message, "Cc")) - the_list
    if key in expected:
        at, sender, earlier_to, earlier_cc = expected[key]
        to, cc = to | earlier_to, cc | earlier_cc
    expected[key] = (at, sender, to - {sender}, cc - to - {sender})


def test_real_archive(archive):
    plain, packed = archive
    batch = read(plain)
    counted = int(subprocess.run(
        ["grep", "-ac", "^From ", str(plain)], check=True, capture_output=True
    ).stdout)  # fmt: skip
    assert counted in (8323, 278)
    assert batch.records == counted
    assert batch.rejects.is_empty()
    assert batch.skipped == 0
    united = batch.participations.group_by("event_key").agg(
        to=pl.col("address").filter(pl.col("role") == "to"),
        cc=pl.col("address").filter(pl.col("role") == "cc"),
    )
    found = {
        key: (at, sender, set(to), set(cc))
        for key, at, sender, to, cc in batch.events.join(united, on="event_key")
        .select("event_key", "started_at", "initiator", "to", "cc")
        .iter_rows()
    }
    expected = by_standard_library(plain)
    assert len(expected) == counted - batch.duplicates
    assert found == expected
    assert same(read(packed), batch)


def test_real_fixtures_never_crash(shared_data):
    outcomes = {"read": 0, "rejected": 0, "unreadable": 0}
    paths = [path for path in (shared_data / "mail").rglob("*") if path.is_file()]
    for path in paths:
        start = time.process_time()
        try:
            batches = list(mbox.read(path, Options()))
        except UnreadableFileError:
            outcomes["unreadable"] += 1
        else:
            rejected = sum(batch.rejects.height for batch in batches)
            outcomes["rejected" if rejected else "read"] += 1
        assert time.process_time() - start < 2, path.name
    assert sum(outcomes.values()) == len(paths) > 200
    assert outcomes["read"] > 130
    assert outcomes["unreadable"] < 5


def test_faster_than_the_standard_library(archive):
    path, _ = archive
    fast = min(timed(lambda: read(path)) for _ in range(3))
    slow = timed(lambda: by_standard_library(path))
    assert fast * 3 < slow, (fast, slow)  # measured 7; a busy machine needs room


def timed(function) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start
