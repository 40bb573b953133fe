"""Every command but `run` and `demo`: what it prints, how it ends, and that it starts light."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from polars.testing import assert_frame_equal

from flows import cli, ingest, options
from flows.config import SETTINGS, Config
from flows.config_read import read_config
from flows.key import read_key
from flows.plan import export_files
from flows.publish import release
from flows.transform import bring_up_to_date
from tests.flows.conftest import (
    ORGANISATIONS,
    Ran,
    environment,
    make_home,
    small_network,
    tieline,
    undated,
    write_settings,
)
from tests.network import all_models
from transforms.sources import SOURCES
from warehouse import identity, load, state
from warehouse.connection import open_warehouse

RUN_ID = "20260601T020000Z"
NETWORK = small_network()
METRICS = [model.name for model in all_models() if model.header]


def night(config: Config) -> None:
    """What `tieline run` does, without Prefect."""
    now, key, models = datetime.now(UTC), read_key(config), all_models()
    with (
        open_warehouse(config.warehouse, reach=[config.published]) as con,
        open_warehouse(config.identity) as people,
    ):
        load.create(con)
        identity.create(people)
        state.begin_run(con, RUN_ID, now)
        for file in export_files(config):
            ingest.stage_file(con, people, config, file, key, RUN_ID)
        directories = ingest.read_directories(con, people, config)
        found = ingest.stage_people(con, people, config, directories, key)
        ingest.check_and_load(con, config, found, run_id=RUN_ID, batch=1)
        bring_up_to_date(con, config, models, today=config.today())
        release(con, config, models, run_id=RUN_ID, today=config.today())
        state.end_run(con, RUN_ID, "succeeded")


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a release; never changed, only copied."""
    home = make_home(tmp_path_factory.mktemp("cli") / "home", NETWORK)
    night(read_config(home / SETTINGS))
    return home


@pytest.fixture
def home(ready: Path, tmp_path: Path) -> Path:
    return shutil.copytree(ready, tmp_path / "home", symlinks=True)


def call(*arguments: object) -> Ran:
    """In this process: fast. Errors of the command itself are raised."""
    done = CliRunner().invoke(cli.tieline, [str(a) for a in arguments], catch_exceptions=False)
    return Ran(done.exit_code, done.stdout, done.stderr)


def trends(home: Path, *arguments: object) -> Ran:
    return call("trends", "-s", home / SETTINGS, *arguments)


# --- start light ---------------------------------------------------------------------------------

HEAVY = ("prefect", "great_expectations", "sqlalchemy", "scipy")
FRAMES = ("polars", "pandas", "pyarrow", "numpy")  # each takes longer than a small query
WATCHED = f"""
import sys
from flows.cli import main
try:
    main()
finally:
    print("HEAVY", *(name for name in {HEAVY + FRAMES} if name in sys.modules), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--help",), 0),
        (("init", "elsewhere"), 0),
        (("check",), 0),
        (("status",), 0),
        (("sources",), 0),
        (("sources", "mbox"), 0),
        (("metrics",), 0),
        (("metrics", METRICS[0]), 0),
        (("trends",), 0),
        (("run", "--help"), 0),
        (("run", "-s", "nowhere.toml"), 2),
    ],
)
def test_light_commands_load_nothing_heavy(
    arguments: tuple[str, ...], code: int, home: Path
) -> None:
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, *arguments],
        cwd=home, env=environment(home), capture_output=True, text=True, check=False,
    )  # fmt: skip
    print(f"tieline {' '.join(arguments)}: {time.perf_counter() - begun:.2f} s")
    assert done.returncode == code, done.stderr
    *said, heavy = done.stderr.splitlines()
    assert said == [] if code == 0 else len(said) == 1
    loaded = set(heavy.split()[1:])
    # Metrics computed in Python bring what they compute with.
    assert loaded.isdisjoint(HEAVY) or (arguments[0], loaded & {*HEAVY}) == ("metrics", {"scipy"})
    if arguments in {("--help",), ("trends",), ("run", "--help")}:
        assert loaded.isdisjoint(FRAMES)


# --- help ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(cli.tieline.commands))
def test_help_shows_an_example(name: str) -> None:
    shown = call(name, "--help")
    assert shown.code == 0
    assert re.search(rf"\n  Examples?:\n +tieline {name}\b", shown.out), shown.out
    assert max(map(len, shown.out.splitlines())) <= 100


def test_help_tells_the_exit_codes() -> None:
    shown = call("--help").out
    for code in (options.OK, options.FAILED, options.USAGE, options.REFUSED, options.BUSY):
        assert re.search(rf"\n +{code}  \w+", shown), code
    for name in ("check", "status"):
        assert "exit code 1" in " ".join(call(name, "--help").out.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nonsense",), "No such command 'nonsense'"),
        (("trends", "--grain", "year"), "'day', 'week', 'month', 'quarter'"),
        (("trends", "--since", "1 June"), "write one like 2026-01-31"),
        (("trends", "--colour", "red"), "No such option"),
    ],
)
def test_wrong_options(arguments: tuple[str, ...], words: str, ready: Path) -> None:
    ran = tieline(ready, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
    assert "Traceback" not in ran.err


# --- trends --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "choice",
    [
        (),
        ("--metric", "flow.weight", "--unit", "Aqua"),
        ("--metric", "cross_boundary_share", "--grain", "week", "--channel", "meeting"),
        ("--since", "2026-03-01"),
    ],
)
def test_every_format_gives_the_same_rows(
    choice: tuple[str, ...], ready: Path, tmp_path: Path
) -> None:
    file = tmp_path / "rows.parquet"
    assert trends(ready, *choice, "--format", "parquet", "-o", file).out == ""
    rows = pl.read_parquet(file)
    assert rows.height > 3
    piped = tieline_bytes(ready, "trends", *choice, "--format", "parquet")
    assert_frame_equal(pl.read_parquet(BytesIO(piped)), rows)

    csv = tieline_bytes(ready, "trends", *choice, "--format", "csv")
    assert_frame_equal(pl.read_csv(BytesIO(csv), schema=rows.schema), rows)

    found = json.loads(tieline_bytes(ready, "trends", *choice, "--format", "json"))
    assert found == json.loads(json.dumps(rows.to_dicts(), default=str))

    shown = trends(ready, *choice).out
    least, most = (f"{share:.1%}" for share in (rows["unknown"].min(), rows["unknown"].max()))
    span = least if least == most else f"{least} to {most}"
    assert f"{span} of all weight touches unknown people" in shown.splitlines()[0]
    lines = [line for line in shown.splitlines() if re.match(r" \d{4}-\d\d-\d\d ", line)]
    assert [line.split()[0] for line in lines] == [str(day) for day in rows["period"]]
    for line, value in zip(lines, rows["value"], strict=True):
        if value is not None:
            assert f"{round(value, 3) + 0.0:,.3f}".rstrip("0").rstrip(".") in line.split()


def tieline_bytes(home: Path, *arguments: str) -> bytes:
    command = [sys.executable, "-m", "flows", *arguments]
    return subprocess.run(
        command, cwd=home, env=environment(home), capture_output=True, check=True
    ).stdout


def test_a_choice_holds_what_was_asked(ready: Path, tmp_path: Path) -> None:
    def rows(*choice: str) -> pl.DataFrame:
        trends(ready, *choice, "--format", "parquet", "-o", tmp_path / "rows.parquet")
        return pl.read_parquet(tmp_path / "rows.parquet")

    flow = rows("--metric", "flow", "--unit", "Bosk")
    assert {name.partition(".")[0] for name in flow["metric"]} == {"flow"}
    assert set(flow["metric"]) > set(rows("--metric", "flow.weight", "--unit", "Bosk")["metric"])
    assert (flow["unit"].eq("Bosk") | flow["other_unit"].eq("Bosk")).all()
    late = rows("--metric", "flow", "--unit", "Bosk", "--since", "2026-03-01")
    assert_frame_equal(late, flow.filter(pl.col("period") >= pl.date(2026, 3, 1)))
    unknown = rows("--metric", "cross_boundary_share.unknown_share", "--unit", "(all)")
    of_period = dict(unknown.select("period", "value").iter_rows())
    assert flow["unknown"].to_list() == [of_period[day] for day in flow["period"]]
    assert flow["unknown"].is_not_null().any()
    network = rows()
    assert set(network["unit"]) == {"(all)"}
    assert network["period"].n_unique() == 1


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (("--metric", "nope"), ("no metric 'nope'", "ei_index, flow")),
        (("--metric", "flow.nope"), ("no measure 'nope'", "hours, weight")),
        (("--unit", "Nope"), ("no unit 'Nope'", "Aqua, Bosk, Cura")),
        (("--metric", "flow", "--unit", "Nope"), ("no unit 'Nope'", "Aqua, Bosk, Cura")),
        (("--channel", "telex"), ("no channel 'telex'", "meeting, message, work")),
        (("--boundary", "planet"), ("no boundary 'planet'", "organisation")),
        (("--since", "2040-01-01"), ("no rows for this choice",)),
    ],
)
def test_a_name_that_is_not_there_is_told_with_those_that_are(
    choice: tuple[str, ...], words: tuple[str, ...], ready: Path
) -> None:
    ran = tieline(ready, "trends", *choice)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert re.match("tieline: .*bi.duckdb: " + ".*".join(map(re.escape, words)), ran.err), ran.err
    assert "TIELINE_DEBUG" not in ran.err


def test_nothing_published_yet(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", NETWORK)
    ran = tieline(home, "trends")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.endswith("bi.duckdb: nothing is published yet; run `tieline run` first\n")


def test_settings_and_home_come_from_options_or_the_environment(
    ready: Path, tmp_path: Path
) -> None:
    rows = tieline(ready, "trends").out
    away = tmp_path / "away"
    away.mkdir()
    settings = away / "mine.toml"
    shutil.copy(ready / SETTINGS, settings)
    assert tieline(away, "trends", "-s", str(ready / SETTINGS)).out == rows
    assert tieline(away, "trends", "-s", "mine.toml", "--home", str(ready)).out == rows
    env = {"TIELINE_SETTINGS": str(settings), "TIELINE_HOME": str(ready)}
    assert tieline(away, "trends", env=env).out == rows


# --- check ---------------------------------------------------------------------------------------


def check(home: Path) -> Ran:
    return call("check", "-s", home / SETTINGS)


def test_check_tells_of_every_file_and_of_single_records(home: Path) -> None:
    ran = check(home)
    assert ran.code == 0
    for path in (home / "incoming").iterdir():
        assert re.search(rf"incoming/{path.name} +\S+ +\d+ +\d+ +\d+ +\d+ +2026-", ran.out)
    assert re.search(
        r"^incoming/cura-agenda.ics: line \d+: has no start; the rest is read$",
        ran.out,
        re.MULTILINE,
    )
    assert re.search(
        r"^incoming/cura-mail.mbox: byte \d+: no valid date .*; the rest is read$",
        ran.out,
        re.MULTILINE,
    )
    assert ran.out.endswith("Nothing to mend. Next: tieline run\n")


def problem(home: Path, pattern: str) -> None:
    ran = check(home)
    assert ran.code == 1, ran.out
    assert re.search(f"^{pattern}$", ran.out, re.MULTILINE), ran.out
    assert "Next: tieline run" not in ran.out


def test_check_finds_what_is_missing(home: Path) -> None:
    (home / "incoming/board.json").unlink()
    problem(home, r"\S+tieline.toml: source 'board': no file matches 'incoming/board\*'; .*")
    told = (home / "tieline.toml").read_text()
    ended = told.replace(
        'files = "incoming/board*"', 'files = "incoming/board*"\nuntil = 2025-01-01'
    )
    assert ended != told
    (home / "tieline.toml").write_text(ended)
    assert check(home).code == 0, "of a source that has ended no file is missed"
    (home / "tieline.toml").write_text(told)
    (home / "directory/people.csv").unlink()
    problem(home, r"\S+tieline.toml: people.directories: no file matches 'directory/\*.csv'; .*")
    write_settings(home, ())
    problem(home, r"\S+tieline.toml: no \[\[source\]\] yet; .*tieline sources.*")


def test_check_finds_the_wrong_format(home: Path) -> None:
    shutil.copy(home / "incoming/aqua-agenda.ics", home / "incoming/aqua-mail.mbox")
    problem(home, r"incoming/aqua-mail.mbox: looks like icalendar, the settings say mbox; .*")


def test_check_finds_what_cannot_be_read(home: Path) -> None:
    (home / "incoming/bosk-agenda.ics").write_bytes(bytes(range(256)) * 9)
    problem(home, r"incoming/bosk-agenda.ics: no BEGIN:VCALENDAR.*; export .*")


def test_check_finds_what_a_run_would_refuse(home: Path) -> None:
    (home / "incoming/bosk-mail.mbox").write_text("".join(map(undated, range(25))))
    problem(home, r"incoming/bosk-mail.mbox: 25 of 25 records cannot be read, .*; export it again")


def test_check_finds_a_boundary_without_a_column(home: Path) -> None:
    settings = (home / SETTINGS).read_text()
    (home / SETTINGS).write_text(
        settings.replace("[people]", '[people]\nboundaries = ["organisation", "sector"]', 1)
    )
    problem(home, r"directory/people.csv: no column for boundary 'sector'; .*")


# --- status --------------------------------------------------------------------------------------


def status(home: Path) -> Ran:
    return call("status", "-s", home / SETTINGS)


def test_status_of_a_good_run(ready: Path) -> None:
    ran = status(ready)
    assert ran.code == 0
    assert f"Last run    {RUN_ID} succeeded" in ran.out
    for name in ORGANISATIONS:
        assert re.search(rf"\n  {name}-mail +1 files, last day 2026-05-0\d", ran.out)


def test_status_before_the_first_run(tmp_path: Path) -> None:
    ran = status(make_home(tmp_path / "home", NETWORK))
    assert ran.code == 1
    assert ran.out.endswith("nothing has run yet; run `tieline run`\n")


def test_status_tells_what_needs_somebody(home: Path) -> None:
    config = read_config(home / SETTINGS)
    with open_warehouse(config.warehouse) as con:
        state.begin_run(con, "20260602T020000Z", datetime.now(UTC))
    killed = status(home)  # or so it seems while nobody holds the warehouse
    assert (killed.code, "20260602T020000Z running" in killed.out) == (1, True)
    with open_warehouse(config.warehouse) as con:
        state.end_run(con, "20260602T020000Z", "failed", "OSError: disk full")
    failed = status(home)
    assert failed.code == 1
    assert "20260602T020000Z failed: OSError: disk full" in failed.out
    with open_warehouse(config.warehouse) as con:
        state.end_run(con, "20260602T020000Z", "succeeded")
        con.execute("INSERT INTO stale_day VALUES ('2026-02-02')")
    assert status(home).code == 1
    assert "Waiting     1 days" in status(home).out
    with open_warehouse(config.warehouse) as con:
        con.execute("DELETE FROM stale_day")
    assert status(home).code == 0
    with (home / SETTINGS).open("a") as file:
        file.write('[[source]]\nname = "new"\nformat = "mbox"\nfiles = "new/*"\n')
    missing = status(home)
    assert missing.code == 3
    assert "Missing     new: nothing loaded; `tieline check` says why\n" in missing.out


HOLD = """
import sys
from pathlib import Path
from warehouse.connection import open_warehouse
with open_warehouse(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_status_while_a_run_is_busy(home: Path) -> None:
    path = home / "warehouse/tieline.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        env=environment(home), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        ran = status(home)
        assert ran.code == 0
        assert ran.out.startswith("A run is busy: ")
        assert f"PID {holder.pid}" in ran.out
        lock = path.with_name("tieline.duckdb.lock.json")
        since = (datetime.now(UTC) - timedelta(hours=21)).isoformat()
        lock.write_text(f'{{"pid": {holder.pid}, "run_id": "x", "since": "{since}"}}')
        stuck = status(home)
        lock.unlink()
        assert stuck.code == 1
        assert "BROKEN      a run has been busy since " in stuck.out
        assert trends(home).code == 0  # readers of the release do not notice


# --- sources, metrics, init ----------------------------------------------------------------------


def test_sources_are_listed_and_explained() -> None:
    shown = call("sources").out
    for name, source in SOURCES.items():
        assert re.search(
            rf"^{name} +{source.channel} +{re.escape(source.title)}$", shown, re.MULTILINE
        )
        explained = call("sources", name).out
        assert source.how in explained
        assert all(field in explained for field in source.reads)


def test_metrics_are_listed_and_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.metrics.read_models", all_models)  # read once, not for every call
    for language in ("en", "nl"):
        shown = call("metrics", "--language", language).out
        for model in all_models():
            if model.header:
                assert model.header[f"title_{language}"] in shown
                explained = call("metrics", model.name, "--language", language).out
                assert model.header[f"definition_{language}"] in explained
                assert model.header["reference"] in explained
                for measure in model.header["measures"]:
                    assert f"{model.name}.{measure}" in shown
                    assert f"{model.name}.{measure}" in explained


@pytest.mark.parametrize(("command", "known"), [("sources", "mbox"), ("metrics", METRICS[0])])
def test_an_unknown_name_is_told_with_those_there_are(
    command: str, known: str, tmp_path: Path
) -> None:
    ran = tieline(tmp_path, command, "nope")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert re.match(rf"tieline: no \w+ 'nope'; there are: .*\b{known}\b", ran.err)


def test_init_makes_a_home_that_check_understands(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "network"
    ran = call("init", folder)
    assert ran.code == 0
    key = folder / "secret/tieline.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    assert {path.name for path in folder.iterdir()} == {
        "tieline.toml",
        "incoming",
        "directory",
        "secret",
    }
    assert all(str(folder / name) in ran.out for name in ("tieline.toml", "incoming", "directory"))
    assert f"tieline check -s {folder / SETTINGS}" in ran.out
    checked = check(folder)
    assert checked.code == 1
    assert "no [[source]] yet" in checked.out


def test_init_twice_changes_nothing(tmp_path: Path) -> None:
    assert tieline(tmp_path, "init", "mine").code == 0
    before = {p: p.read_bytes() for p in (tmp_path / "mine").rglob("*") if p.is_file()}
    again = tieline(tmp_path, "init", "mine")
    assert (again.code, again.out) == (2, "")
    assert re.fullmatch(r"tieline: mine/tieline\.toml: is there already; .*\n", again.err)
    assert {p: p.read_bytes() for p in (tmp_path / "mine").rglob("*") if p.is_file()} == before


def test_an_error_of_ours_is_one_line_unless_asked(home: Path) -> None:
    path = Path(os.path.realpath(home / "published/current/bi.duckdb"))
    path.chmod(0o600)
    path.write_bytes(b"no database")
    ran = tieline(home, "trends")
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert ran.err.startswith("tieline: ")
    assert ran.err.endswith("TIELINE_DEBUG=1 shows where\n")
    assert "Traceback" in tieline(home, "trends", env={"TIELINE_DEBUG": "1"}).err
