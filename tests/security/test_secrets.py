"""No secret in what a run tells: files, screen, and everything that a real Prefect server keeps of it."""

from __future__ import annotations

import base64
import secrets
import sqlite3
from pathlib import Path

import pytest

from tests.flows.conftest import STAFF, make_home, running_server, small_network, tieline
from tests.flows.test_server import webhook

pytestmark = [pytest.mark.slow, pytest.mark.integration]

KEY = secrets.token_hex(32)
DATABASE, PARTNER, CLOUD, HOOK = (
    f"{name}-{secrets.token_hex(8)}" for name in ("pg", "sftp", "s3", "hook")
)
SETTINGS = """
[publish.postgres]

[remote.options."sftp://127.0.0.1:9"]
password = "$PARTNER_WORD"
known_hosts = "none"

[[source]]
name = "away"
format = "mbox"
files = "sftp://partner@127.0.0.1:9/out"
"""
NOISY = {
    "PREFECT_LOGGING_LEVEL": "DEBUG", "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "DEBUG",
    "PREFECT_LOGGING_TO_API_ENABLED": "true", "TIELINE_LOG": "json",
}  # fmt: skip


class Told:
    """A run that fails where it can: all that was written and said, but the places of secrets themselves."""

    def __init__(self, folder: Path) -> None:
        self.home = make_home(folder / "home", small_network(weeks=2))
        (self.home / "secret/tieline.key").write_text(KEY)
        with (self.home / "tieline.toml").open("a") as file:
            file.write(SETTINGS)
        with running_server(folder) as env, webhook([]) as address:
            wanted = env | NOISY | {
                "TIELINE_POSTGRES": f"postgresql://tieline:{DATABASE}@127.0.0.1:9/x",
                "PARTNER_WORD": PARTNER, "AWS_SECRET_ACCESS_KEY": CLOUD,
                "TIELINE_WEBHOOK": f"{address}/{HOOK}",
            }  # fmt: skip
            nobody = {"TIELINE_WEBHOOK": f"https://127.0.0.1:9/{HOOK}"}
            self.unheard = tieline(self.home, "notify", env=wanted | nobody)
            self.notify = tieline(self.home, "notify", env=wanted)
            self.ran = [
                tieline(self.home, "run", env=wanted | more)
                for more in ({}, {"TIELINE_DEBUG": "1"})
            ]
            self.status = tieline(self.home, "status", env=wanted)
        said = [*self.ran, self.unheard, self.notify, self.status]
        self.texts = {f"said {n}": f"{one.out}{one.err}".encode() for n, one in enumerate(said)}
        self.database = folder / "prefect/prefect.db"
        apart = (
            self.home / "secret",
            self.home / "incoming",
            self.home / "directory",
            self.home / "warehouse/identity",
        )
        for path in folder.rglob("*"):
            if path.is_file() and not any(path.is_relative_to(one) for one in apart):
                self.texts[str(path.relative_to(folder))] = path.read_bytes()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return Told(tmp_path_factory.mktemp("told"))


def test_the_run_went_where_secrets_are_used(told: Told) -> None:
    """Else nothing is shown: the server was told, the bucket was asked, the copy was tried."""
    text = told.ran[0].out + told.ran[0].err
    assert told.ran[0].code == 1, text
    assert told.notify.code == 0, told.notify
    assert told.unheard.code == 2, told.unheard
    assert "the webhook cannot be reached" in told.unheard.err
    assert "not copied to PostgreSQL" in text
    assert "sftp://partner@127.0.0.1:9/out: cannot be reached" in text.replace("…@", "partner@"), (
        text
    )
    with sqlite3.connect(told.database) as con:
        counts = {
            table: con.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("flow_run", "flow_run_state", "task_run", "log", "artifact")
        }
    con.close()
    assert all(counts.values()), counts


@pytest.mark.parametrize("name", ["key", "database", "partner", "cloud", "hook"])
def test_no_secret_is_told(told: Told, name: str) -> None:
    raw = bytes.fromhex(KEY)
    spelled = {
        "key": (KEY.encode(), raw, base64.b64encode(raw), base64.b64encode(KEY.encode())),
        "database": (DATABASE.encode(),), "partner": (PARTNER.encode(),), "cloud": (CLOUD.encode(),),
        "hook": (HOOK.encode(),),
    }[name]  # fmt: skip
    found = [place for place, text in told.texts.items() if any(one in text for one in spelled)]
    assert found == []


def test_no_person_is_told_to_the_server(told: Told) -> None:
    people = [address.encode() for staff in STAFF.values() for address in staff]
    found = [place for place, text in told.texts.items() if any(one in text for one in people)]
    assert found == []
