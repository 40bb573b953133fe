"""Prefect without a server, in a process of its own: quiet, offline, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows.prefect_settings import quiet

ROOT = Path(__file__).resolve().parents[2]
# A port that nobody listens on: whoever goes out through a proxy gets nowhere.
NOWHERE = "http://127.0.0.1:9"

FLOW = """
import sys
from pathlib import Path
from flows.prefect_settings import quiet

quiet(Path(sys.argv[1]))

from prefect import flow, task

@task
def double(i: int) -> int:
    return 2 * i

@flow(name="tieline-nightly")
def nightly() -> int:
    return sum(double(i) for i in range(20))

print(nightly())
"""

# Python starts every process with this, Prefect's server included.
WATCH = """
import os, sys

_log = open(os.environ["WATCH_LOG"], "a", buffering=1)

def watch(event, args):
    if event in ("socket.connect", "socket.bind", "socket.sendto"):
        address = args[1]
        host = address[0] if isinstance(address, tuple) else "unix"
    elif event == "socket.getaddrinfo":
        host = args[0]
    else:
        return
    _log.write(f"{os.getpid()} {event} {host}\\n")

sys.addaudithook(watch)
"""


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str
    left: bool  # a process of the run is still alive
    network: list[tuple[str, str, str]]  # process, event, host


def is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def alive(group: int) -> bool:
    try:
        os.killpg(group, signal.SIGTERM)  # also tidies up after a run that failed the test
    except ProcessLookupError:
        return False
    return True


def offline() -> list[str]:
    """A network of its own with nothing but loopback, where the kernel lets us have one."""
    with_loopback = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    try:
        done = subprocess.run([*with_loopback, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return []
    return with_loopback if done.returncode == 0 else []


def run(
    code: str, state: Path, home: Path, tmp_path: Path, seconds: float = 0, **extra: str
) -> Ran:
    """Run `code`; give what it leaves `seconds` to end."""
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    log = tmp_path / "network.log"
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
        "WATCH_LOG": str(log),
        **extra,
    }
    with subprocess.Popen(
        [*offline(), sys.executable, "-W", "error::UserWarning", "-c", code, str(state)],
        cwd=tmp_path,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        process.wait(timeout=150)
        end = time.monotonic() + seconds
        while time.monotonic() < end and is_there(process.pid):
            time.sleep(0.2)
        left = alive(process.pid)
        out, err = process.communicate(timeout=10)
    seen = [line.split(" ", 2) for line in log.read_text().splitlines()]
    return Ran(process.returncode, out, err, left, [(p, e, h) for p, e, h in seen])


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kept from test to test, as from night to night."""
    return tmp_path_factory.mktemp("tieline") / "state" / "prefect"


@pytest.mark.integration
@pytest.mark.parametrize("home", ["empty", "unwritable"])
def test_a_run_without_a_server(home: str, state: Path, tmp_path: Path) -> None:
    folder = tmp_path / "home"
    if home == "empty":
        folder.mkdir()
    else:
        folder.touch()  # no folder can ever be made under a file, not even by root
    # Where spans would go: without OpenTelemetry's own starter nobody sends any.
    told = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "OTEL_EXPORTER_OTLP_ENDPOINT")

    ran = run(FLOW, state, folder, tmp_path, **dict.fromkeys(told, NOWHERE))

    assert (ran.code, ran.out, ran.err) == (0, "380\n", "")
    assert not ran.left
    hosts = {host for _, _, host in ran.network} - {"unix"}
    assert hosts <= {"127.0.0.1", "localhost"}
    # The watch saw both processes: the one that asks and the one that answers.
    assert {event for _, event, _ in ran.network} >= {"socket.connect", "socket.bind"}
    assert len({process for process, _, _ in ran.network}) == 2
    assert (state / "prefect.db").exists()
    if home == "empty":
        assert list(folder.iterdir()) == []


@pytest.mark.integration
def test_a_failed_flow_says_only_what_we_say(state: Path, tmp_path: Path) -> None:
    failing = FLOW.replace("return 2 * i", "raise OSError('mail.mbox: gone')").replace(
        "print(nightly())",
        "try:\n    nightly()\nexcept OSError as error:\n    sys.exit(f'tieline: {error}')",
    )
    ran = run(failing, state, tmp_path, tmp_path)
    assert (ran.code, ran.out, ran.err) == (1, "", "tieline: mail.mbox: gone\n")
    assert not ran.left


@pytest.mark.integration
def test_a_killed_run_leaves_no_server(state: Path, tmp_path: Path) -> None:
    """Its server ends with it: what is killed stops nothing by itself."""
    dying = FLOW.replace(
        "from prefect import flow",
        "from flows.ephemeral import guard; guard(); import os, signal\nfrom prefect import flow",
    ).replace("return 2 * i", "os.kill(os.getpid(), signal.SIGKILL)")
    ran = run(dying, state, tmp_path, tmp_path, seconds=20)
    assert ran.code == -signal.SIGKILL, ran
    assert not ran.left


def test_the_watch_sees_who_goes_out(tmp_path: Path) -> None:
    going_out = """
import socket
with socket.socket() as s:
    s.settimeout(0.01)
    try:
        s.connect(("192.0.2.1", 9))
    except OSError:
        pass
"""
    ran = run(going_out, tmp_path, tmp_path, tmp_path)
    assert [(event, host) for _, event, host in ran.network] == [("socket.connect", "192.0.2.1")]


def filled(home: Path, **env: str) -> dict[str, str]:
    env.setdefault("HOME", str(home))  # never the developer's own profile
    quiet(home, env)
    return env


def test_what_the_user_set_is_kept(tmp_path: Path) -> None:
    mine = {"HOME": str(tmp_path), "DO_NOT_TRACK": "0", "PREFECT_HOME": str(tmp_path / "mine")}
    env = filled(tmp_path / "ours", **mine)
    assert env.items() >= mine.items()
    assert not (tmp_path / "ours").exists()


def test_a_log_level_asked_for_is_shown(tmp_path: Path) -> None:
    env = filled(tmp_path / "ours", PREFECT_LOGGING_LEVEL="INFO")
    assert "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL" not in env


@pytest.mark.parametrize("where", ["environment", "profile"])
def test_a_real_server_keeps_its_logs(where: str, tmp_path: Path) -> None:
    url = "http://prefect.example:4200/api"
    told = {}
    if where == "environment":
        told = {"PREFECT_API_URL": url}
    else:
        book = tmp_path / ".prefect" / "profiles.toml"  # as `prefect config set` leaves it
        book.parent.mkdir()
        book.write_text(f'active = "team"\n[profiles.team]\nPREFECT_API_URL = "{url}"\n')
    env = filled(tmp_path / "ours", HOME=str(tmp_path), **told)
    assert not [name for name in env if "LOGGING" in name or "EPHEMERAL" in name]
    assert env["DO_NOT_TRACK"] == "1"
    assert ("PREFECT_HOME" in env) == (where == "environment")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, "127.0.0.1,localhost"),
        ({"NO_PROXY": "corp.example"}, "corp.example,127.0.0.1,localhost"),
        ({"NO_PROXY": "a", "no_proxy": "b, 127.0.0.1"}, "b,127.0.0.1,localhost"),
        ({"no_proxy": "*"}, "*"),
    ],
)
def test_loopback_never_goes_through_a_proxy(
    before: dict[str, str], after: str, tmp_path: Path
) -> None:
    assert filled(tmp_path, **before)["no_proxy"] == after


def test_a_state_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"file/state: .*set PREFECT_HOME"):
        filled(tmp_path / "file" / "state")
