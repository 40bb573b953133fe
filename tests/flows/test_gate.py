"""What fails the audit is not published, in a real run: the last release stays, and the run says why."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
import pytest

from tests.flows.conftest import (
    WITHOUT_AUDIT,
    Ran,
    environment,
    make_home,
    published,
    query,
    small_network,
    tieline,
)  # fmt: skip
from warehouse.serving.releases import releases

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration
# The choice of what to hide gives up at once: as if there were none.
GIVES_UP = "import quality.disclosure_choice as c; c.TURNS = 0; from flows.cli import main; main()"
OLDER = "import quality.disclosure_guard as g; g.VERSION -= 1; from flows.cli import main; main()"


def test_a_release_that_fails_the_audit_is_not_published(
    server: dict[str, str], tmp_path: Path
) -> None:
    home = make_home(tmp_path / "home", small_network())
    settings = home / "tieline.toml"
    assert tieline(home, "run", env=server).code == 0
    before, release = published(home), (home / "published/current").resolve()

    settings.write_text(settings.read_text().replace(WITHOUT_AUDIT, "[disclosure]\nk = 5\n"))
    failed = subprocess.run(
        [sys.executable, "-c", GIVES_UP, "run"], cwd=home, env=environment(home, server),
        capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    assert failed.returncode == 1, failed
    last = failed.stderr.splitlines()[-1]
    assert last.startswith("tieline: "), last
    assert "hidden numbers could be computed from what would be shown" in last
    assert "the last release stays" in last
    assert (home / "published/current").resolve() == release
    assert published(home).keys() == before.keys()
    assert query(home, "SELECT count(*) FROM withheld") == [(0,)]

    done: Ran = tieline(home, "run", env=server)
    assert done.code == 0, done
    assert (home / "published/current").resolve() != release
    assert not release.exists(), "made under other rules: it shows what this one hides"
    with duckdb.connect(str(home / "published/current/bi.duckdb"), read_only=True) as con:
        assert con.sql("SELECT protection, rounding FROM mart.publication").fetchall() == [
            (0.1, 0.05)
        ]
        (withheld,) = con.sql(
            "SELECT count(*) FROM mart.metric_value WHERE hidden_reason = 'protects another number'"
        ).fetchall()[0]
    assert withheld


def test_releases_of_an_older_audit_are_withdrawn(server: dict[str, str], tmp_path: Path) -> None:
    """Without anything new in the data; of one that does not say which audit it had, too."""
    home = make_home(tmp_path / "home", small_network())
    settings = home / "tieline.toml"
    settings.write_text(settings.read_text().replace(WITHOUT_AUDIT, "[disclosure]\nk = 5\n"))
    subprocess.run(
        [sys.executable, "-c", OLDER, "run"], cwd=home, env=environment(home, server),
        capture_output=True, check=True, timeout=180,
    )  # fmt: skip
    older = (home / "published/current").resolve()
    silent = older.with_name(f"before-{older.name[-19:]}")
    shutil.copytree(older, silent)
    (silent / "bi.duckdb").chmod(0o600)
    with duckdb.connect(str(silent / "bi.duckdb")) as con:
        con.execute("ALTER TABLE mart.publication DROP COLUMN audit_version")

    assert tieline(home, "run", env=server).code == 0
    assert [one.path for one in releases(home / "published")] == [
        (home / "published/current").resolve()
    ]
    assert not older.exists()
    assert not silent.exists()
