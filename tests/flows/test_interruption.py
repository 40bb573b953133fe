"""Ctrl-C at any moment, the awkward ones too: one line, exit code 130, and nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.flows.conftest import (
    ROOT,
    assert_same,
    environment,
    make_home,
    query,
    small_network,
    tables,
    tieline,
)

if TYPE_CHECKING:
    from pathlib import Path

WORDS = "tieline: interrupted; nothing is lost, run again"
NETWORK = small_network(weeks=6)

# --- moments that Python or a package makes something else of ------------------------------------

BEGIN = """
import os, signal, sys, threading, types

def hit(number=signal.SIGINT):
    os.kill(os.getpid(), number)

def command():
    MOMENT

sys.modules["flows.cli"] = types.SimpleNamespace(main=command)
from flows.__main__ import main
main()
"""
LONG = """
    from flows.interruption import also, end
    from warehouse.connection import cut_short, open_scratch
    signal.signal(signal.SIGTERM, end)
    also(cut_short)
    threading.Timer(0.5, hit, [signal.NUMBER]).start()
    with open_scratch() as con:
        con.execute("SELECT count(*) FROM range(1000000000000) r(n) WHERE hash(n) = 3")
"""
MOMENTS = {
    "in code that is compiled first, as of a dataclass": "exec('hit()')",
    "in a query": LONG.replace("NUMBER", "SIGINT"),
    "in a query, by SIGTERM": LONG.replace("NUMBER", "SIGTERM"),
    "where it is overheard": """
    from flows.stopwatch import Stopwatch
    class Deaf:
        def __del__(self):
            hit()
    with Stopwatch().stage("read"):
        Deaf()
    print("went on")
""",
    "on the way out": "import atexit; atexit.register(hit); sys.exit(0)",
    "while a thread of others waits for hours": """
    import atexit, pathlib
    threading.Thread(target=threading.Event().wait, args=[3600]).start()
    atexit.register(pathlib.Path("ended").touch)
    hit()
""",
    "twice": """
    try:
        hit()
    finally:
        hit()
        print("went on")
""",
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_interruption_is_one_line_and_an_exit_code(moment: str, tmp_path: Path) -> None:
    (tmp_path / "begin.py").write_text(BEGIN.replace("MOMENT", MOMENTS[moment]))
    ran = subprocess.run(
        [sys.executable, "-m", "begin"], cwd=tmp_path, env=environment(tmp_path), timeout=60,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == (143 if "SIGTERM" in moment else 130), ran
    assert ran.stdout == ""
    assert ran.stderr.splitlines()[-1] == WORDS
    assert ran.stderr.count(WORDS) == 1
    assert "Traceback" not in ran.stderr or "overheard" in moment
    assert (tmp_path / "ended").exists() == ("hours" in moment), (
        "what is to be done at the end was not"
    )


def test_what_is_over_is_over(tmp_path: Path) -> None:
    """While Python takes itself down, after its handlers are gone."""
    last = "sys.last = type('Last', (), {'__del__': lambda _, kill=os.kill, me=os.getpid(): kill(me, 2)})()"
    (tmp_path / "begin.py").write_text(BEGIN.replace("MOMENT", f"{last}; sys.exit(0)"))
    ran = subprocess.run(
        [sys.executable, "-m", "begin"], cwd=tmp_path, env=environment(tmp_path), timeout=60,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")


def test_whoever_started_it_may_have_it_ignored(tmp_path: Path) -> None:
    (tmp_path / "begin.py").write_text(BEGIN.replace("MOMENT", "hit(); print('went on')"))
    ran = subprocess.run(
        ["/bin/sh", "-c", f"trap '' INT; exec {sys.executable} -m begin"], cwd=tmp_path,
        env=environment(tmp_path), timeout=60, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "went on\n", "")


# --- whole runs ----------------------------------------------------------------------------------

# Tells when the program listens: before that the signal is Python's own business.
RUN = """
import signal
set = signal.signal
def telling(*what):
    set(*what)
    signal.signal = set
    print("listens", flush=True)
signal.signal = telling
from flows.__main__ import main
main()
"""


@pytest.mark.slow
@pytest.mark.integration
def test_a_run_can_be_interrupted_at_any_moment(server: dict[str, str], tmp_path: Path) -> None:
    whole = make_home(tmp_path / "whole", NETWORK)
    assert tieline(whole, "run", env=server).code == 0  # what is imported is on the disk now
    home = make_home(tmp_path / "home", NETWORK)
    begun = time.monotonic()
    code, _ = interrupted(make_home(tmp_path / "timed", NETWORK), server, 600)
    assert code == 0
    takes = time.monotonic() - begun
    ended = [interrupted(home, server, takes * part / 12) for part in range(12)]
    cut_short = [words for code, words in ended if code == 130]
    assert {code for code, _ in ended} <= {0, 130}, ended  # 0: it was over before
    assert len(cut_short) > 6
    for words in cut_short:
        assert words.splitlines()[-1] == WORDS
        assert words.count(WORDS) == 1
        assert "Traceback" not in words
    assert tieline(home, "run", env=server).code == 0
    assert_same(tables(home), tables(whole))
    states = query(home, "SELECT DISTINCT state, message FROM run WHERE state <> 'succeeded'")
    assert set(states) <= {("failed", "interrupted")}


def interrupted(home: Path, server: dict[str, str], seconds: float) -> tuple[int, str]:
    """Exit code and standard error of a run that is interrupted after so many seconds, if it is not over by then."""
    with subprocess.Popen(
        [sys.executable, "-c", RUN, "run"], cwd=home, env=environment(home, server) | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "listens\n"
        try:
            _, words = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGINT)
            _, words = process.communicate(timeout=300)
        return process.returncode, words
