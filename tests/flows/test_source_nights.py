"""Nights in which a source brings less, and nothing, and enough again: from its export to `tieline status`."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from flows.cli import tieline as command
from flows.config import SETTINGS, Config, ConfigError
from flows.config_read import read_config
from flows.key import read_key
from flows.session import Origin, opened
from flows.stages import ingest_new
from flows.status import status
from tests.flows.conftest import KEY, ROOT, environment, query, tieline
from tests.plain_night import ingest, night
from warehouse import load, state
from warehouse.connection import open_readonly, open_warehouse
from warehouse.serving.report.quality import read_quality

TOML = """[network]
country = ""
[[source]]
name = "mail"
format = "csv"
files = "in/mail-*.csv"
mapping = { time = "time", sender = "from", recipient = "to" }
[[source]]
name = "board"
format = "csv"
files = "in/board-*.csv"
mapping = { time = "time", sender = "from", recipient = "to" }
"""
USUAL = 100


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Settings, and a run log of thirty nights that brought about the same."""
    (tmp_path / "in").mkdir()
    (tmp_path / SETTINGS).write_text(TOML)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/tieline.key").write_text(KEY)
    (tmp_path / "secret/tieline.key").chmod(0o600)
    config = read_config(tmp_path / SETTINGS)
    read_key(config)
    with open_warehouse(config.warehouse) as con:
        load.create(con)
        for back in range(30, 0, -1):
            when = datetime.now(UTC) - timedelta(days=back)
            run = state.next_run_id(con, when)
            state.begin_run(con, run, when)
            state.note_origin(con, run, "nightly")
            events = USUAL + back % 3
            newest = (when - timedelta(days=1)).date()
            facts = (1, 1000, events, events, 0, 0, 1.0, newest)
            state.note_costs(con, run, {}, {"mail": facts, "board": facts})
            state.end_run(con, run, "succeeded")
    return tmp_path


def test_a_first_night_without_any_export_says_so(home: Path) -> None:
    config = read_config(home / SETTINGS)
    config.warehouse.unlink()
    assert night(home).look_at == [
        f"{name}: nothing loaded; `tieline check` says why" for name in ("board", "mail")
    ]
    ran = tieline(home, "trends")
    assert ran.code == 1
    assert ran.err.endswith("no numbers in it yet; `tieline status` says what is missing\n")


def bring(home: Path, source: str, mails: int) -> None:
    """An export of what was sent yesterday."""
    night = len(list((home / "in").iterdir()))
    sent = datetime.now(UTC).replace(hour=9, minute=night, second=0) - timedelta(days=1)
    rows = [
        f"{sent + timedelta(seconds=30 * n):%Y-%m-%dT%H:%M:%SZ},a{n % 9}@een.example,b{n % 7}@twee.example"
        for n in range(mails)
    ]
    (home / f"in/{source}-{night}.csv").write_text("\n".join(["time,from,to", *rows, ""]))


def a_day_passes(home: Path) -> None:
    """All that was done was done a day earlier."""
    with open_warehouse(read_config(home / SETTINGS).warehouse) as con:
        con.execute("UPDATE run SET started_at = started_at - INTERVAL 1 DAY")
        con.execute("UPDATE run_source SET newest_day = newest_day - 1")


def needs(home: Path) -> list[str]:
    return [one.words for one in status(read_config(home / SETTINGS)).needs]


def test_a_source_that_shrinks_and_comes_back(home: Path) -> None:
    bring(home, "mail", USUAL)
    bring(home, "board", 30)
    ingest(home)
    [words] = needs(home)
    assert words == "board brought 30 events (expected at least 66, usually 101)"
    learnt = query(
        home,
        "SELECT source, expectation, success, observed FROM quality_result WHERE suite = 'learnt' ORDER BY ALL",
    )
    assert [row for row in learnt if row[1] in {"volume", "delivery"}] == [
        ("board", "delivery", True, 0), ("board", "volume", False, 30),
        ("mail", "delivery", True, 0), ("mail", "volume", True, 100),
    ]  # fmt: skip
    assert query(home, "SELECT DISTINCT newest_day = (started_at - INTERVAL 1 DAY)::DATE FROM run_source JOIN run USING (run_id)") == [(True,)]  # fmt: skip
    bring(home, "board", 70)  # later on the same day: together a whole night
    ingest(home)
    assert needs(home) == []


def test_a_source_that_brings_nothing_is_judged_too(home: Path) -> None:
    bring(home, "mail", USUAL)
    ingest(home)
    assert [one for one in needs(home) if one.startswith("board brought 0 events")]
    assert query(home, "SELECT events FROM run_source WHERE source = 'board' AND run_id = (SELECT max(run_id) FROM run)") == [(0,)]  # fmt: skip
    pages = home / "data-docs/runs"
    assert "What the source brought" in next(pages.rglob("0-source-1.html")).read_text()


def test_of_a_source_that_has_ended_nothing_is_expected(home: Path) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    with (home / SETTINGS).open("a") as settings:
        settings.write(f"until = {yesterday}\n")  # of the last source, board
    bring(home, "mail", USUAL)
    ingest(home)
    assert needs(home) == []
    assert query(home, "SELECT * FROM source_end") == [("board", yesterday)]
    assert query(home, "SELECT DISTINCT source FROM quality_result WHERE suite = 'learnt'") == [
        ("mail",)
    ]


def test_what_the_settings_say_of_a_source_goes_for_what_was_read_of_it(home: Path) -> None:
    """Without any new file, and though the files that were read may be gone."""
    bring(home, "mail", 3)
    bring(home, "board", 3)
    ingest(home)
    for file in (home / "in").iterdir():
        file.unlink()
    path, written = home / SETTINGS, (home / SETTINGS).read_text()
    path.write_text(written + 'partner = "post"\nuntil = 2026-05-31\n')  # of the last source, board
    with open_warehouse(read_config(path).warehouse) as con:
        con.execute("DELETE FROM stale_day")
    ingest(home)
    assert query(home, "FROM source_end") == [("board", date(2026, 5, 31))]
    for table in ("observation", "source_file"):
        assert query(home, f"SELECT DISTINCT source, partner FROM {table} ORDER BY ALL") == [
            ("board", "post"),
            ("mail", "mail"),
        ]
    assert query(home, "SELECT count(*) FROM stale_day") == [(1,)]
    path.write_text(written)
    ingest(home)
    assert query(home, "FROM source_end") == []
    assert query(home, "SELECT DISTINCT partner FROM observation WHERE source = 'board'") == [
        ("board",)
    ]


def break_off(config: Config) -> None:
    with opened(config, Origin("nightly"), 0) as (held, done):
        ingest_new(held, done)
        raise ZeroDivisionError


def test_what_a_run_loaded_before_it_broke_off_was_brought(home: Path) -> None:
    bring(home, "mail", USUAL)
    bring(home, "board", USUAL)
    config = read_config(home / SETTINGS)
    with pytest.raises(ZeroDivisionError):
        break_off(config)
    assert query(home, "SELECT state FROM run ORDER BY run_id DESC LIMIT 1") == [("failed",)]
    for _ in range(2):  # and once only
        ingest(home)
        assert needs(home) == []
    brought = "SELECT source, sum(events) FROM run_source WHERE run_id > (SELECT max(run_id) FROM run WHERE state = 'failed') GROUP BY source ORDER BY source"
    assert query(home, brought) == [("board", USUAL), ("mail", USUAL)]


def test_before_the_first_night_no_number_is_closed(home: Path) -> None:
    """What retention keeps the numbers of, but lets go the events of, was told once."""
    with open_warehouse(read_config(home / SETTINGS).warehouse) as con:
        con.execute("DELETE FROM run_source")
    with (home / SETTINGS).open("a") as settings:
        settings.write("[retention]\nmonths = 24\n")
    bring(home, "mail", 3)
    ingest(home)
    [(since, closed)] = query(home, "SELECT kept_since, closed_before FROM retention")
    assert closed == since


def test_who_reads_and_publishes_apart_is_missed_and_told_too(home: Path) -> None:
    bring(home, "mail", USUAL)
    bring(home, "board", 30)
    ingest(home)
    config = read_config(home / SETTINGS)
    with open_warehouse(config.warehouse) as con:
        con.execute("UPDATE run_origin SET flow = 'ingest'")
        con.execute("DELETE FROM stale_day")  # as the run that publishes leaves it
    assert [one for one in needs(home) if one.startswith("board brought 30 events")]
    assert status(config, 26).broken == []
    [late] = status(config, 26, datetime.now(UTC) + timedelta(days=90)).broken
    assert "no run has succeeded" in late


AGAIN = """
import sys
from pathlib import Path
from tests.plain_night import ingest
ingest(Path(sys.argv[1]))
print("great_expectations" in sys.modules)
"""


def test_a_run_with_nothing_new_after_one_of_today_has_nothing_to_judge(home: Path) -> None:
    """Great Expectations takes seconds to import; what was found today still stands."""

    def imports_it() -> bool:
        ran = subprocess.run(
            [sys.executable, "-c", AGAIN, str(home)],
            env=environment(home), cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return {"True": True, "False": False}[ran.stdout.split()[-1]]

    bring(home, "mail", USUAL)
    assert imports_it()
    told = needs(home)
    assert any(words.startswith("board brought 0 events") for words in told)
    assert not imports_it()
    assert needs(home) == told
    a_day_passes(home)
    assert imports_it(), "the first of its day: what is late grows later"
    assert any(words.startswith("mail brought 0 events") for words in needs(home))
    bring(home, "board", USUAL)
    assert imports_it()
    assert not any(words.startswith("board") for words in needs(home))


# --- expectations in tieline.toml ----------------------------------------------------------------

EXPECT = """[[source.expect]]
type = "expect_column_values_to_be_in_set"
arguments = {{ column = "channel", value_set = ["{channel}"] }}
severity = "{severity}"
name = "only {channel}s"
"""


def expect(home: Path, *blocks: str) -> None:
    """Expectations of the last source, board, and no others."""
    (home / SETTINGS).write_text(TOML + "".join(blocks))


def test_a_warning_of_your_own_stands_until_it_is_met_or_dropped(home: Path) -> None:
    expect(home, EXPECT.format(channel="meeting", severity="warning"))
    bring(home, "mail", USUAL)
    bring(home, "board", USUAL)
    ingest(home)
    assert needs(home) == [
        "board does not meet 'only meetings':"
        " column values to be in set: column channel, value_set ['meeting']"
    ]
    expect(home)
    assert needs(home) == []


def test_what_is_critical_keeps_the_files_of_its_source_out_until_it_is_mended(home: Path) -> None:
    expect(home, EXPECT.format(channel="meeting", severity="critical"))
    bring(home, "mail", USUAL)
    bring(home, "board", USUAL)
    done = ingest(home)
    assert len(done.refused) == 1
    assert done.refused[0].startswith("in/board-1.csv: only meetings is not met (")
    loaded = "SELECT DISTINCT source FROM source_file ORDER BY ALL"
    assert query(home, loaded) == [("mail",)]
    told = "SELECT refused FROM run_source WHERE source = 'board' ORDER BY run_id DESC LIMIT 1"
    assert query(home, told) == [(1,)]
    expect(home, EXPECT.format(channel="message", severity="critical"))
    assert ingest(home).refused == []
    assert query(home, loaded) == [("board",), ("mail",)]


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ([EXPECT.format(channel="work", severity="warning")] * 2, "two are called 'only works'"),
        (['[[source.expect]]\ntype = "expect_wonders"\n'], "expect 'wonders': Great Expectations"),
        (
            ['[[source.expect]]\ntype = "x"\nseverity = "fatal"\n'],
            "expect[0].severity: Invalid enum value 'fatal'",
        ),
    ],
)
def test_what_cannot_be_expected_ends_in_one_line_before_anything_is_read(
    home: Path, blocks: list[str], words: str
) -> None:
    expect(home, *blocks)
    bring(home, "mail", USUAL)
    with pytest.raises(ConfigError) as error:
        ingest(home)
    assert words in str(error.value)
    assert str(error.value).startswith(f"{home / SETTINGS}: source")
    assert query(home, "SELECT count(*) FROM run") == [(30,)]


def test_only_so_many_runs_keep_their_pages(home: Path) -> None:
    (home / SETTINGS).write_text(TOML + "[quality]\ndocs_runs = 2\n")
    for _ in range(3):
        bring(home, "mail", USUAL)
        ingest(home)
    assert len(list((home / "data-docs/runs").iterdir())) == 2


@pytest.mark.slow
def test_nights_as_a_data_engineer_sees_them(
    home: Path, server: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """`tieline run` and `tieline status`: a good night, a poor one, a silent one, a good one."""
    codes, told, now = [], [], []
    for board in (USUAL, 30, 0, USUAL):
        bring(home, "mail", USUAL)
        if board:
            bring(home, "board", board)
        ran = tieline(home, "run", env=server)
        assert ran.code == 0, ran.err
        with pytest.raises(SystemExit) as ended:
            command(["status", "-s", str(home / SETTINGS)], standalone_mode=False)
        codes.append(ended.value.code)
        out = capsys.readouterr().out
        told.append([line for line in out.splitlines() if line.startswith("Look at")])
        with open_readonly(read_config(home / SETTINGS).current) as con:
            now.append({row[0]: row[3] for row in read_quality(con)}["board"])
        a_day_passes(home)
    assert codes == [0, 3, 3, 0]
    assert "board brought 30 events" in told[1][0]
    assert "board brought 0 events" in told[2][0]
    assert told[0] == told[3] == []
    assert now[0] == now[3] == [], "and so the report, of which there is a new one each time"
    assert now[1] == ["volume"]
    assert "volume" in now[2]


def test_a_source_that_gets_another_name_is_the_same_source(home: Path) -> None:
    """Else all that it showed would be shown by two, and what it takes back would stay."""
    bring(home, "mail", 3)
    bring(home, "board", 3)
    ingest(home)
    path = home / SETTINGS
    path.write_text(path.read_text().replace('name = "mail"', 'name = "post"'))
    with open_warehouse(read_config(path).warehouse) as con:
        con.execute("DELETE FROM stale_day")
    ingest(home)
    for table in ("source_file", "observation"):
        assert query(home, f"SELECT DISTINCT source, partner FROM {table} ORDER BY ALL") == [
            ("board", "board"),
            ("post", "post"),
        ]
    assert query(home, "SELECT DISTINCT source FROM run_source ORDER BY ALL") == [
        ("board",),
        ("post",),
    ]
    assert query(home, "SELECT count(*) FROM stale_day") == [(1,)]
    export = home / "in/mail-0.csv"
    export.write_text("\n".join([*export.read_text().splitlines()[:-1], ""]))  # one taken back
    ingest(home)
    assert query(home, "SELECT count(*) FROM event") == [(5,)]
    assert query(home, "SELECT count(*) FROM source_file") == [(2,)]
