"""What is on the disk before what, as the kernel was told it: the order that a loss of power leaves."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CALLS = (
    "write,pwrite64,pwritev,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat"
)
LINE = re.compile(r"^\d+ +(?P<call>\w+)\((?P<rest>.*)\) += ")
COMMIT = """
import sys
from pathlib import Path
from warehouse.connection import open_warehouse
with open_warehouse(Path(sys.argv[1])) as con:
    con.execute("CREATE TABLE t (n BIGINT)")
    con.execute("BEGIN")
    con.execute("INSERT INTO t VALUES (1)")
    con.execute("COMMIT")
    import os
    os._exit(0)
"""
KEY = "import sys; from pathlib import Path; from flows.key import make_key; make_key(Path(sys.argv[1]))"


def calls(folder: Path, *command: str) -> list[tuple[str, str]]:
    """(call, its arguments) of a program, in the order in which the kernel got them."""
    if not shutil.which("strace"):
        pytest.skip("no strace here")
    log = folder / "calls"
    done = subprocess.run(
        ["strace", "-f", "-y", "-s", "0", "-e", f"trace={CALLS}", "-o", str(log), sys.executable, *command],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "ptrace" in done.stderr:
        pytest.skip("no right to trace here")
    assert done.returncode == 0, done.stderr
    return [
        (m["call"], m["rest"]) for line in log.read_text().splitlines() if (m := LINE.match(line))
    ]


def on_disk(made: list[tuple[str, str]], until: int, place: str) -> bool:
    """Whether what was written to the file at `place` before call `until` had been synced by then."""
    inside = [call for call, rest in made[:until] if f"<{place}>" in rest]
    return bool(inside) and inside[-1] in {"fsync", "fdatasync"}


@pytest.mark.slow
def test_a_release_is_on_the_disk_before_it_gets_its_name_and_its_readers(tmp_path: Path) -> None:
    made = calls(tmp_path, "-m", "tests.serving.made_up", str(tmp_path / "net"), "1", "2", "0.0")
    named = [
        n
        for n, (call, rest) in enumerate(made)
        if call.startswith("rename") and ".building-" in rest
    ]
    linked = [
        n
        for n, (call, rest) in enumerate(made)
        if call.startswith("rename") and "/.current-" in rest
    ]
    assert len(named) == len(linked) == 2
    for name, link in zip(named, linked, strict=True):
        building = re.findall(r'"([^"]*\.building-[^"]*)"', made[name][1])[0]
        files = {
            place
            for _, rest in made[:name]
            for place in re.findall(r"<([^>]*)>", rest)
            if place.startswith(f"{building}/") and not place.endswith((".wal", ".tmp"))
        }
        assert f"{building}/bi.duckdb" in files
        for place in files:
            assert on_disk(made, name, place), place
        assert on_disk(made, name, building), "its names"
        folder = str(Path(building).parent)
        between = [rest for call, rest in made[name:link] if call == "fsync"]
        assert any(f"<{folder}>" in rest for rest in between), "its new name"
        after = [rest for call, rest in made[link:] if call == "fsync"]
        assert f"<{Path(folder).parent}>" in after[0], "the link"


@pytest.mark.slow
def test_a_commit_is_on_the_disk_when_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "w" / "tieline.duckdb"
    made = calls(tmp_path, "-c", COMMIT, str(path))
    log = [call for call, rest in made if f"<{path}.wal>" in rest]
    assert "write" in "".join(log)
    assert log[-1] in {"fsync", "fdatasync"}


@pytest.mark.slow
def test_a_key_is_on_the_disk_before_anything_that_needs_it(tmp_path: Path) -> None:
    path = tmp_path / "secret" / "tieline.key"
    made = calls(tmp_path, "-c", KEY, str(path))
    link = next(
        n for n, (call, rest) in enumerate(made) if call.startswith("link") and str(path) in rest
    )
    written = next(place for call, rest in made[:link] if call == "write"
                   for place in re.findall(r"<([^>]*\.tieline\.key[^>]*)>", rest))  # fmt: skip
    assert on_disk(made, link, written)
    assert any(f"<{path.parent}>" in rest for call, rest in made[link:] if call == "fsync")
