"""Whole nights: what is loaded, what is refused, and what is said about it.

What is said, and what processes do to each other, is tried in real processes; what the tables hold
then, by nights in this one.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from flows.config import SETTINGS, ConfigError
from flows.config_read import read_config
from flows.status import status
from tests.flows.conftest import (
    KEY,
    NEWCOMER,
    ORGANISATIONS,
    SOURCES,
    Network,
    Ran,
    Tables,
    assert_same,
    ics,
    make_home,
    mbox,
    published,
    query,
    small_network,
    start,
    tables,
    tieline,
    undated,
    write_exports,
    write_settings,
)
from tests.flows.test_prefect_start import offline
from tests.plain_night import night as plain_night

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = pytest.mark.integration

Server = dict[str, str]
NETWORK = small_network()
GARBAGE = Random(7).randbytes(4000)
# What the files say, whatever came before them.
SAID = ("event", "participation", "tie_day", "metric_value", "trend")
STEP = re.compile(r"\d\d:\d\d:\d\d (read|transform) \S+")


def said(home: Path) -> Tables:
    return {name: rows for name, rows in tables(home).items() if name.removeprefix("main.") in SAID}


def refusals(home: Path) -> int:
    return query(home, "SELECT count(*) FROM quarantine WHERE stage = 'batch'")[0][0]


def run(home: Path, server: Server, code: int = 0) -> Ran:
    ran = tieline(home, "run", env=server)
    assert ran.code == code, ran
    assert all(map(STEP.fullmatch, ran.err.splitlines())), ran.err
    return ran


def code_of_status(home: Path) -> int:
    return status(read_config(home / SETTINGS)).code


@pytest.fixture(scope="module")
def night(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after its first night; never changed, only copied."""
    home = make_home(tmp_path_factory.mktemp("night") / "home", NETWORK)
    run(home, server)
    return home


@pytest.fixture
def home(night: Path, tmp_path: Path) -> Path:
    return shutil.copytree(night, tmp_path / "home", symlinks=True)


# --- the tables are a function of the files ------------------------------------------------------


def test_the_order_of_files_does_not_matter(
    night: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    home = make_home(tmp_path / "home", NETWORK)
    write_settings(home, tuple(reversed(SOURCES)))
    plain_night(home)
    told = capfd.readouterr().err
    assert told.index("read incoming/board.json") < told.index("read incoming/aqua-mail.mbox")
    assert_same(tables(home), tables(night))
    assert_same(published(home), published(night))


def test_a_file_under_a_second_name_is_not_read(night: Path, home: Path, server: Server) -> None:
    for name in ("aqua-mail.mbox", "cura-agenda.ics"):
        shutil.copy(home / "incoming" / name, home / "incoming" / name.replace(".", "-again."))
    ran = run(home, server)
    assert ran.out.startswith("Nothing new to read.\nThe published release is up to date.\n")
    assert ran.err == ""
    assert_same(tables(home), tables(night))


def test_overlapping_exports_count_once(night: Path, tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", NETWORK)
    shutil.rmtree(home / "incoming")
    (home / "incoming").mkdir()
    write_exports(home, NETWORK)
    for name in ORGANISATIONS:  # twelve weeks, and another twelve of which six are the same
        part = [m for m in NETWORK.mails if any(name in person for person in m.people)]
        third = len(part) // 3
        for number, mails in (("1", part[: 2 * third]), ("2", part[third:])):
            (home / "incoming" / f"{name}-mail-{number}.mbox").write_text(mbox(mails))
        (home / "incoming" / f"{name}-mail.mbox").unlink()
    plain_night(home)
    assert_same(said(home), said(night))


def changed(network: Network) -> Network:
    """One meeting moved to the next week, one called off, a series cut short, mails gone."""
    meetings = list(network.meetings)
    places = {meeting.uid: n for n, meeting in enumerate(meetings)}
    moved, gone, cut = places["aqua-bosk-3"], places["bosk-cura-5"], places["team-cura"]
    meetings[moved] = meetings[moved]._replace(
        start=meetings[moved].start + timedelta(weeks=1), sequence=1
    )
    meetings[gone] = meetings[gone]._replace(cancelled=True, sequence=1)
    meetings[cut] = meetings[cut]._replace(weeks=4, sequence=1)
    # An answer, the mail of somebody who appears nowhere else, and a mail that others answer.
    dropped = {5, 40, next(m.number for m in network.mails if NEWCOMER in m.people)}
    mails = tuple(mail for mail in network.mails if mail.number not in dropped)
    return replace(network, meetings=tuple(meetings), mails=mails)


def test_a_changed_file_is_as_if_it_had_always_been_so(
    night: Path, home: Path, tmp_path: Path
) -> None:
    new = changed(NETWORK)
    write_exports(home, new)
    assert plain_night(home).files == 6  # all but the board
    fresh = make_home(tmp_path / "fresh", new)
    plain_night(fresh)
    assert_same(said(home), said(fresh))
    assert_same(published(home), published(fresh))
    moved = (
        "SELECT day FROM event WHERE kind = 'meeting' AND day BETWEEN '2026-01-26' AND '2026-02-02'"
    )
    assert query(home, f"{moved} ORDER BY ALL") != query(night, f"{moved} ORDER BY ALL")
    counts = "SELECT count(*) FROM event WHERE channel = 'message'"
    assert query(home, counts)[0][0] == query(night, counts)[0][0] - 3


def test_what_one_partner_deletes_another_may_still_show(night: Path, home: Path) -> None:
    """The same mail is in two mailboxes; and the newest version of a meeting counts for all."""
    first, moved = NETWORK.mails[0], NETWORK.meetings[-1]._replace(sequence=1, cancelled=True)
    mine = [m for m in NETWORK.mails if any("aqua" in p for p in m.people) and m != first]
    (home / "incoming/aqua-mail.mbox").write_text(mbox(mine))
    organiser = moved.people[0].partition("@")[2].partition(".")[0]
    late = ics([moved])
    (home / f"incoming/{organiser}-agenda-late.ics").write_text(late)
    plain_night(home)
    messages = "SELECT count(*) FROM event WHERE channel = 'message'"
    meetings = "SELECT count(*) FROM event WHERE channel = 'meeting'"
    assert query(home, messages) == query(night, messages)
    assert query(home, meetings)[0][0] == query(night, meetings)[0][0] - 1


def test_a_file_that_is_taken_away_was_still_read(night: Path, home: Path) -> None:
    for name in ("bosk-mail.mbox", "cura-agenda.ics"):
        (home / "incoming" / name).unlink()
    assert plain_night(home).files == 0
    assert_same(tables(home), tables(night))


def test_nothing_in_the_folder(server: Server, tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", NETWORK)
    for path in (home / "incoming").iterdir():
        path.unlink()
    ran = run(home, server)
    assert ran.out.startswith("Nothing new to read.")
    assert query(home, "SELECT count(*) FROM event") == [(0,)]
    status = tieline(home, "status")
    assert status.code == 3
    assert all(f"Missing     {name}: " in status.out for name in SOURCES)
    write_exports(home, NETWORK)  # and what comes later is read
    plain_night(home)
    assert query(home, "SELECT count(*) > 500 FROM event") == [(True,)]


# --- files that are refused whole ----------------------------------------------------------------


def test_a_refused_file_leaves_the_others_and_is_tried_again(
    night: Path, server: Server, tmp_path: Path
) -> None:
    home = make_home(tmp_path / "home", NETWORK)
    (home / "incoming/aqua-mail.mbox").write_bytes(GARBAGE)
    some = [m for m in NETWORK.mails if any("bosk" in p for p in m.people)][:20]
    (home / "incoming/bosk-mail.mbox").write_text("".join(map(undated, range(30))) + mbox(some))
    ran = run(home, server, code=3)
    lines = [line for line in ran.out.splitlines() if line.startswith("REFUSED ")]
    assert len(lines) == 2
    unreadable, half = sorted(lines)
    assert re.fullmatch(
        r"REFUSED incoming/aqua-mail\.mbox: byte 0: no mbox, .*; export .*", unreadable
    )
    assert re.fullmatch(
        r"REFUSED incoming/bosk-mail\.mbox: more than 50% .*: 30 of 50 records, .*; export .*", half
    )
    assert query(home, "SELECT count(*) FROM source_file") == [(5,)]
    assert refusals(home) == 2
    status = tieline(home, "status")
    assert status.code == 3
    assert (
        len(re.findall(r"^Refused +incoming/(?:aqua|bosk)-mail\.mbox: ", status.out, re.MULTILINE))
        == 2
    )

    again = plain_night(home)  # nothing was mended: nothing else is read either
    assert (again.files, len(again.refused)) == (2, 2)

    write_exports(home, NETWORK)
    assert plain_night(home).files == 2
    assert refusals(home) == 0
    assert code_of_status(home) == 0
    assert_same(said(home), said(night))


def test_a_file_that_breaks_and_is_put_back_as_it_was(night: Path, home: Path) -> None:
    """Its last good view counts meanwhile, and the refusal does not outlive it."""
    good = (home / "incoming/aqua-agenda.ics").read_bytes()
    (home / "incoming/aqua-agenda.ics").write_bytes(GARBAGE)
    assert len(plain_night(home).refused) == 1
    assert_same(said(home), said(night))
    (home / "incoming/aqua-agenda.ics").write_bytes(good)
    plain_night(home)
    assert refusals(home) == 0
    assert_same(said(home), said(night))
    assert code_of_status(home) == 0


def test_a_refused_file_that_is_taken_away_is_forgotten(home: Path) -> None:
    (home / "incoming/aqua-mail-extra.mbox").write_bytes(GARBAGE)
    assert len(plain_night(home).refused) == 1
    (home / "incoming/aqua-mail-extra.mbox").unlink()
    plain_night(home)
    assert refusals(home) == 0
    assert code_of_status(home) == 0


# --- one run at a time ---------------------------------------------------------------------------


def wait_for_line(process_err: int, words: str) -> None:
    said = b""
    while words.encode() not in said:
        part = os.read(process_err, 4096)
        assert part, said
        said += part


def test_a_second_run_names_the_first_or_waits_for_it(server: Server, tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", NETWORK)
    with start(home, "run", env=server) as first:
        assert first.stderr is not None
        wait_for_line(first.stderr.fileno(), " read ")
        first.send_signal(signal.SIGSTOP)
        try:
            second = tieline(home, "run", env=server)
            assert second.code == 4
            assert second.out == ""
            assert re.fullmatch(
                rf"tieline: .*tieline\.duckdb: in use by run \S+ \(process {first.pid}, since \S+\);"
                r" wait until it has ended, or stop it\n",
                second.err,
            ), second.err
            with start(home, "run", "--wait", "120", env=server) as third:
                time.sleep(4)
                assert third.poll() is None
                first.send_signal(signal.SIGCONT)
                out, _ = third.communicate(timeout=120)
                assert (third.returncode, out[:20]) == (0, "Nothing new to read.")
        finally:
            first.send_signal(signal.SIGCONT)
        first.communicate(timeout=120)
    assert first.returncode == 0


def test_an_interrupted_run_says_so(night: Path, server: Server, tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", NETWORK)
    with start(home, "run", env=server) as process:
        assert process.stderr is not None
        wait_for_line(process.stderr.fileno(), " read ")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert err.splitlines()[-1] == "tieline: interrupted; nothing is lost, run again"
    assert "Traceback" not in err
    plain_night(home)
    assert_same(said(home), said(night))


# --- what is wrong with settings and key ---------------------------------------------------------


def in_order(words: Iterable[str]) -> str:
    return ".*".join(map(re.escape, words))


def refused(ran: Ran, *words: str) -> None:
    """Exit code 2 and one line that holds `words` in this order."""
    assert (ran.code, ran.out) == (2, ""), ran
    assert ran.err.count("\n") == 1
    assert re.match("tieline: .*" + in_order(words), ran.err), ran.err


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (None, ("tieline.toml: no such settings file", "tieline init")),
        ("[network\n", ("tieline.toml: not TOML", "line 1", "mend")),
        ('[network]\nnaam = "x"\n', ("tieline.toml: network: ", "`naam`", "docs/settings.md")),
        ("[disclosure]\nk = 2\n", ("tieline.toml: disclosure.k: ", ">= 3", "docs/settings.md")),
        (
            '[network]\ntime_zone = "Mars/Base"\n',
            ("tieline.toml: network.time_zone: ", "Mars/Base", "write one like"),
        ),
        (
            '[[source]]\nname = "a"\nformat = "mbox"\nfiles = "x"\n' * 2,
            ("tieline.toml: source: two are called 'a'", "give each its own name"),
        ),
        (
            '[[source]]\nname = "a"\nformat = "telex"\nfiles = "x"\n',
            ("tieline.toml: source 'a': no format 'telex'", "tieline sources"),
        ),
    ],
)
def test_wrong_settings(settings: str | None, words: tuple[str, ...], tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", NETWORK)
    if settings is None:
        (home / SETTINGS).unlink()
    else:
        (home / SETTINGS).write_text(settings)
    with pytest.raises(ConfigError, match=in_order(words)):
        plain_night(home)


def test_a_key_that_cannot_be_used(home: Path, server: Server) -> None:
    key = home / "secret/tieline.key"
    key.chmod(0o640)
    refused(tieline(home, "run", env=server), "tieline.key: others can read", "chmod 600")
    for text, words in (
        ("short", ("tieline.key: shorter than 32", "put the real key")),
        (None, ("tieline.key: the key of", "is missing; put it back")),
    ):
        key.unlink()
        if text:
            key.write_text(text)
            key.chmod(0o600)
        with pytest.raises(ConfigError, match=in_order(words)):
            plain_night(home)
    key.write_text(KEY)
    key.chmod(0o600)
    plain_night(home)


def test_the_first_run_makes_a_key_for_its_owner_alone(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", small_network(weeks=2))
    (home / "secret/tieline.key").unlink()
    plain_night(home)
    assert stat.S_IMODE((home / "secret/tieline.key").stat().st_mode) == 0o600
    assert len((home / "secret/tieline.key").read_text().strip()) == 64


# --- as a user without a server runs it ----------------------------------------------------------


def test_quiet_offline_and_at_home_nowhere(night: Path, tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", NETWORK)
    first = tieline(home, "run", before=offline())
    assert first.code == 0, first
    assert all(map(STEP.fullmatch, first.err.splitlines())), first.err
    assert re.fullmatch(
        r"Read 7 files: 1,\d{3} events, 2 refused records in quarantine\.\n"
        r"Computed \d+ stale days anew \(\d+ periods, \d+ models whole\)\.\n"
        r"Published \S+/bi\.duckdb\n"
        r"Took [\d.]+ s: read and check [\d.]+, transform [\d.]+, publish [\d.]+\.\n",
        first.out,
    ), first.out
    assert_same(said(home), said(night))
    second = tieline(home, "run", before=offline())
    assert (second.code, second.err) == (0, "")
    assert second.out.startswith("Nothing new to read.\nThe published release is up to date.\n")
    assert list((tmp_path / "nobody").iterdir()) == []  # HOME
