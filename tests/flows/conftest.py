"""A network of three organisations, its exports as data, and real `tieline` processes over them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple
from urllib.error import URLError
from urllib.request import urlopen
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
FIRST = date(2026, 1, 5)  # a Monday
WEEKS = 18
ORGANISATIONS = ("aqua", "bosk", "cura")
STAFF = {name: tuple(f"{name}{n}@{name}.example" for n in range(1, 8)) for name in ORGANISATIONS}
NEWCOMER = "new@aqua.example"  # of no directory; only the domain tells
SOURCES = (
    *(f"{name}-{kind}" for name in ORGANISATIONS for kind in ("agenda", "mail")),
    "board",
)
KEY = "5" * 64
# What is withheld depends on what earlier releases told, and these homes are compared with new ones.
WITHOUT_AUDIT = "[disclosure]\naudit = false\n"


# --- what happens in the network -----------------------------------------------------------------


class Meeting(NamedTuple):
    uid: str
    start: datetime  # local time
    people: tuple[str, ...]  # the first one organises
    sequence: int = 0
    cancelled: bool = False
    weeks: int = 1  # more: a weekly series


class Mail(NamedTuple):
    number: int
    sent: datetime
    people: tuple[str, ...]  # the first one sends
    answers: int | None = None


class Issue(NamedTuple):
    number: int
    made: datetime
    people: tuple[str, ...]  # who makes it, who gets it, who comments


@dataclass(frozen=True)
class Network:
    meetings: tuple[Meeting, ...]
    mails: tuple[Mail, ...]
    issues: tuple[Issue, ...]

    def until(self, day: date) -> Network:
        """What had happened before `day`; meetings were planned already."""
        return replace(
            self,
            mails=tuple(m for m in self.mails if m.sent.date() < day),
            issues=tuple(i for i in self.issues if i.made.date() < day),
        )


def small_network(seed: int = 1, weeks: int = WEEKS) -> Network:
    """Every pair of organisations meets, writes and works together, every week."""
    dice = Random(seed)
    meetings, mails, issues = [], [], []
    for place, name in enumerate(ORGANISATIONS):
        start = at(FIRST + timedelta(days=place), 9)
        meetings.append(Meeting(f"team-{name}", start, STAFF[name][:5], weeks=weeks))
    for week in range(weeks):
        monday = FIRST + timedelta(weeks=week)
        for place, (one, other) in enumerate(
            (("aqua", "bosk"), ("bosk", "cura"), ("cura", "aqua"))
        ):
            people = dice.sample(STAFF[one], 4), dice.sample(STAFF[other], 4)
            day = monday + timedelta(days=place)
            meetings.append(
                Meeting(f"{one}-{other}-{week}", at(day, 14), (*people[0][:3], *people[1][:3]))
            )
            for n in range(4):
                number = len(mails)
                mails.append(Mail(number, at(day, 10, 7 * n), (people[0][n], people[1][n])))
                mails.append(Mail(number + 1, at(day, 16, n), (people[1][n], people[0][n]), number))
            if week % 3 == place:
                issues.append(
                    Issue(len(issues) + 1, at(day, 12), (people[0][0], people[1][0], people[1][1]))
                )
    mails.append(Mail(len(mails), at(FIRST + timedelta(weeks=2), 11), (NEWCOMER, STAFF["bosk"][0])))
    return Network(tuple(meetings), tuple(mails), tuple(issues))


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 local, as exports have it


# --- how its tools export it ---------------------------------------------------------------------


def ics(meetings: Iterable[Meeting]) -> str:
    return "\r\n".join(
        ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tieline//test//EN"]
        + [line for meeting in meetings for line in _vevent(meeting)]
        + ["END:VCALENDAR", ""]
    )


def _vevent(meeting: Meeting) -> list[str]:
    form = "%Y%m%dT%H%M%S"
    return [
        "BEGIN:VEVENT",
        f"UID:{meeting.uid}",
        "DTSTAMP:20260101T000000Z",
        f"SEQUENCE:{meeting.sequence}",
        f"DTSTART;TZID=Europe/Amsterdam:{meeting.start.strftime(form)}",
        f"DTEND;TZID=Europe/Amsterdam:{(meeting.start + timedelta(hours=1)).strftime(form)}",
        *([f"RRULE:FREQ=WEEKLY;COUNT={meeting.weeks}"] if meeting.weeks > 1 else []),
        f"STATUS:{'CANCELLED' if meeting.cancelled else 'CONFIRMED'}",
        f"ORGANIZER:mailto:{meeting.people[0]}",
        *(f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{person}" for person in meeting.people),
        "END:VEVENT",
    ]


BROKEN_VEVENT = "BEGIN:VEVENT\r\nUID:no-start\r\nSUMMARY:x\r\nEND:VEVENT\r\n"


def mbox(mails: Iterable[Mail]) -> str:
    return "".join(_message(mail) for mail in mails)


def _message(mail: Mail) -> str:
    sender, *others = mail.people
    sent = mail.sent.replace(tzinfo=AMSTERDAM)
    answers = "" if mail.answers is None else f"In-Reply-To: <{mail.answers}@mail.example>\n"
    return (
        f"From {sender} {mail.sent:%a %b %d %H:%M:%S %Y}\nFrom: {sender}\nTo: {', '.join(others)}\n"
        f"Date: {sent:%a, %d %b %Y %H:%M:%S %z}\nMessage-ID: <{mail.number}@mail.example>\n"
        f"{answers}Subject: x\n\nText.\n\n"
    )


def undated(number: int) -> str:
    """A message that no reader can place in time."""
    return (
        f"From x Mon Jan 05 10:00:00 2026\nFrom: {STAFF['aqua'][0]}\nTo: {STAFF['bosk'][0]}\n"
        f"Date: the day after tomorrow\nMessage-ID: <undated{number}@mail.example>\n\nText.\n\n"
    )


def jira(issues: Iterable[Issue]) -> str:
    def user(address: str) -> dict[str, str]:
        return {
            "accountId": address.partition("@")[0],
            "emailAddress": address,
            "accountType": "atlassian",
        }

    def moment(when: datetime) -> str:
        return when.replace(tzinfo=AMSTERDAM).strftime("%Y-%m-%dT%H:%M:%S.000%z")

    pages = [
        {
            "id": str(issue.number),
            "key": f"T-{issue.number}",
            "self": f"https://tool.example/rest/api/3/issue/{issue.number}",
            "fields": {
                "created": moment(issue.made),
                "creator": user(issue.people[0]),
                "reporter": user(issue.people[0]),
                "assignee": user(issue.people[1]),
                "comment": {
                    "comments": [
                        {
                            "id": f"{issue.number}0{n}",
                            "author": user(person),
                            "created": moment(issue.made + timedelta(days=n)),
                        }
                        for n, person in enumerate(issue.people[1:], 1)
                    ]
                },
            },
        }
        for issue in issues
    ]
    return json.dumps({"startAt": 0, "total": len(pages), "issues": pages}, indent=1)


# --- a home for `tieline` ------------------------------------------------------------------------


def make_home(folder: Path, network: Network) -> Path:
    """Settings, key, directory and the exports of `network`; the same key in every home."""
    for name in ("incoming", "directory", "secret"):
        (folder / name).mkdir(parents=True)
    key = folder / "secret" / "tieline.key"
    key.write_text(KEY)
    key.chmod(0o600)
    people = [f"{address},{name.title()}" for name, staff in STAFF.items() for address in staff]
    (folder / "directory" / "people.csv").write_text("\n".join(["email,organisation", *people, ""]))
    write_settings(folder)
    write_exports(folder, network)
    return folder


def write_settings(folder: Path, sources: Sequence[str] = SOURCES) -> None:
    domains = "\n".join(f'"{name}.example" = "{name.title()}"' for name in ORGANISATIONS)
    blocks = "".join(
        f'[[source]]\nname = "{name}"\nformat = "{form}"\nfiles = "incoming/{name}*"\n'
        for name in sources
        for kind, form in (("agenda", "icalendar"), ("mail", "mbox"), ("board", "jira"))
        if name.endswith(kind)
    )
    (folder / "tieline.toml").write_text(
        f'[people]\ndirectories = ["directory/*.csv"]\n[people.domains]\n{domains}\n{blocks}{WITHOUT_AUDIT}'
    )


def write_exports(folder: Path, network: Network) -> None:
    """Each organisation exports what its people take part in, so most of it comes twice."""
    for name in ORGANISATIONS:
        mine = f"@{name}.example"
        calendar = ics(m for m in network.meetings if any(p.endswith(mine) for p in m.people))
        box = mbox(m for m in network.mails if any(p.endswith(mine) for p in m.people))
        if name == "cura":
            calendar = calendar.replace("END:VCALENDAR", f"{BROKEN_VEVENT}END:VCALENDAR")
            box += undated(1)
        (folder / "incoming" / f"{name}-agenda.ics").write_text(calendar, newline="")
        (folder / "incoming" / f"{name}-mail.mbox").write_text(box)
    (folder / "incoming" / "board.json").write_text(jira(network.issues))


# --- running -------------------------------------------------------------------------------------


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Nothing of the developer's own, and a HOME that is empty."""
    empty = home.parent / "nobody"
    empty.mkdir(exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(empty),
        "PYTHONPATH": str(ROOT),
        **(extra or {}),
    }


def start(
    home: Path, *arguments: str, env: Mapping[str, str] | None = None, before: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """`tieline <arguments>` in a process group of its own, with `home` as current folder."""
    return subprocess.Popen(
        [*before, sys.executable, "-m", "flows", *arguments],
        cwd=home,
        env=environment(home, env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


class Ran(NamedTuple):
    code: int
    out: str
    err: str


def tieline(
    home: Path, *arguments: str, env: Mapping[str, str] | None = None, before: Sequence[str] = ()
) -> Ran:
    with start(home, *arguments, env=env, before=before) as process:
        out, err = process.communicate(timeout=180)
    return Ran(process.returncode, out, err)


@contextmanager
def running_server(
    folder: Path, extra: Mapping[str, str] | None = None
) -> Iterator[dict[str, str]]:
    """A real Prefect server on loopback, with settings `extra`; gives what runs need to find it, quietly."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "NO_PROXY": "127.0.0.1,localhost",
    }
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--no-ui", "--port", str(port)],
            cwd=folder,
            env=environment(folder, {**env, **(extra or {})}),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait_for(f"{env['PREFECT_API_URL']}/health", process)
            yield env
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, "the Prefect server ended"
        try:
            with urlopen(url, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise TimeoutError(url)


# --- what came of it -----------------------------------------------------------------------------

Tables = dict[str, pl.DataFrame]
# What tells of the run itself: another run, another value.
OF_THE_RUN = {
    "run": None, "run_origin": None, "run_stage": None, "run_source": None, "quality_result": None,
    "computed_until": None, "source_file": ["run_id", "modified_ns"], "closed_file": ["token"],
}  # fmt: skip


def tables(home: Path, only: Iterable[str] = ()) -> Tables:
    """Every table (or `only` some) of the private warehouse and the identities, in one row order."""
    found: Tables = {}
    for path in (home / "warehouse/tieline.duckdb", home / "warehouse/identity/identity.duckdb"):
        with duckdb.connect(str(path), read_only=True) as con:
            for schema, name in _names(con):
                if (name not in OF_THE_RUN or OF_THE_RUN[name]) and (not only or name in only):
                    hidden = OF_THE_RUN.get(name)
                    found[f"{schema}.{name}"] = _sorted(con, f"{schema}.{name}", hidden)
    return found


def published(home: Path) -> Tables:
    """Every published table but those that say when, and how each night went."""
    with duckdb.connect(str(home / "published/current/bi.duckdb"), read_only=True) as con:
        assert con.execute("SELECT count(*) FROM mart.publication").fetchall() == [(1,)]
        return {
            name: _sorted(con, f"{schema}.{name}")
            for schema, name in _names(con)
            if name not in {"publication", "quality"}
        }


def query(home: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(home / "warehouse/tieline.duckdb"), read_only=True) as con:
        return con.execute(sql).fetchall()


def change(home: Path, sql: str) -> None:
    with duckdb.connect(str(home / "warehouse/tieline.duckdb")) as con:
        con.execute(sql)


def _names(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    return con.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database()"
        " ORDER BY ALL"
    ).fetchall()


def _sorted(
    con: duckdb.DuckDBPyConnection, table: str, without: list[str] | None = None
) -> pl.DataFrame:
    rows = con.sql(f"FROM {table}").pl()
    rows = rows.drop(without) if without else rows
    # Sums of doubles depend on their order, so doubles come last.
    return rows.sort(sorted(rows.columns, key=lambda name: rows[name].dtype.is_float()))


def assert_same(found: Tables, expected: Tables) -> None:
    assert found.keys() == expected.keys()
    for name, rows in expected.items():
        try:
            assert_frame_equal(found[name], rows, check_exact=False, rel_tol=1e-9, abs_tol=1e-9)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error


def is_same(found: Tables, expected: Tables) -> bool:
    try:
        assert_same(found, expected)
    except AssertionError:
        return False
    return True


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environment of runs that report to one real Prefect server, so that each starts fast."""
    with running_server(tmp_path_factory.mktemp("server")) as env:
        yield env
