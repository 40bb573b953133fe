"""The same with real servers that speak S3, Azure's and SFTP, with a dead one of each; and a fetch that is killed."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh
import fsspec
import pytest
from moto.server import ThreadedMotoServer

from flows.config import SETTINGS
from flows.config_read import read_config
from flows.fetch import PART, fetch
from flows.remote import RemoteError
from flows.transient import is_transient
from tests.flows.conftest import ROOT, tieline
from tests.flows.test_fetch import ask, home_of
from tests.flows.test_incoming import mails
from tests.plain_night import ingest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

AZURITE = ROOT / ".venv/npm/node_modules/.bin"
SECRET = "a-secret-of-forty-letters-or-thereabouts"


# --- S3 ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[fsspec.AbstractFileSystem]:
    """A bucket called exports, and the environment of who may read it."""
    for name, value in environment(endpoint).items():
        monkeypatch.setenv(name, value)
    files = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
    files.mkdir("exports")
    yield files
    files.rm("exports", recursive=True)


def environment(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "who", "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip


def test_a_bucket_of_s3_is_read_night_after_night(
    s3: fsspec.AbstractFileSystem, tmp_path: Path
) -> None:
    s3.pipe_file("exports/een/a.csv", mails(0, 30).encode())
    s3.pipe_file("exports/een/sub/b.csv", mails(30, 40).encode())
    s3.pipe_file("exports/twee/c.csv", mails(40, 50).encode())
    s3.pipe_file("exports/een/../../evil.csv", b"x")
    home = home_of(
        tmp_path / "home", ("een", "s3://exports/een"), ("twee", "s3://exports/**/c*.csv"),
        ("drie", "s3://exports/empty/*.csv"),
    )  # fmt: skip
    done = ingest(home)
    assert done.files == 3
    assert [words for words in done.refused if "evil" not in words] == []
    paths = [path for (path,) in ask(home, "SELECT path FROM source_file ORDER BY 1")]
    assert paths == [
        "s3://exports/een/a.csv",
        "s3://exports/een/sub/b.csv",
        "s3://exports/twee/c.csv",
    ]
    assert ingest(home).files == 0
    s3.pipe_file("exports/een/a.csv", mails(1, 31).encode())  # as long as before, within a second
    assert ingest(home).files == 1
    assert ask(home, "SELECT count(*) FROM event") == [(49,)]


def test_two_writes_in_one_second_are_told_apart(
    s3: fsspec.AbstractFileSystem, tmp_path: Path
) -> None:
    config = read_config(home_of(tmp_path / "home", ("a", "s3://exports/a.csv")) / SETTINGS)
    for text in (b"one", b"two", b"six"):
        s3.pipe_file("exports/a.csv", text)
        assert fetch(config, "s3://exports/a.csv").new == 1
        assert config.place("s3://exports/a.csv").read_bytes() == text
    assert fetch(config, "s3://exports/a.csv").new == 0


def test_what_may_pass_is_tried_again_and_what_not_is_told(
    s3: fsspec.AbstractFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = read_config(home_of(tmp_path / "home", ("a", "s3://exports/*.csv")) / SETTINGS)
    with pytest.raises(RemoteError, match="no such bucket or folder") as told:
        fetch(config, "s3://nobody/*.csv")
    assert not is_transient(told.value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(RemoteError, match="cannot be reached") as told:
        fetch(config, "s3://exports/*.csv")
    assert is_transient(told.value)
    assert SECRET not in str(told.value)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(RemoteError, match="not let in") as told:
        fetch(config, "s3://exports/*.csv")
    assert not is_transient(told.value)


@pytest.mark.integration
def test_a_night_as_users_run_it(
    endpoint: str, s3: fsspec.AbstractFileSystem, tmp_path: Path
) -> None:
    """One bucket answers, one is away: done, but told; and the secret is in no file and on no screen."""
    s3.pipe_file("exports/a.csv", mails(0, 30).encode())
    home = home_of(tmp_path / "home", ("away", "s3://nobody/*.csv"), ("een", "s3://exports/*.csv"))
    ran = tieline(home, "run", env=environment(endpoint))
    assert ran.code == 3, ran
    assert "s3://nobody/*.csv: no such bucket or folder" in ran.out
    assert ask(home, "SELECT count(*) FROM event") == [(30,)]
    checked = tieline(home, "check", env=environment(endpoint))
    assert checked.code == 1
    assert "s3://exports/a.csv" in checked.out
    assert SECRET not in ran.out + ran.err + checked.out + checked.err
    for path in home.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


# --- a fetch that is killed ------------------------------------------------------------------------

FETCH = """
import sys
from pathlib import Path
from flows.config_read import read_config
from flows.fetch import fetch
print(fetch(read_config(Path(sys.argv[1])), "s3://exports/big"))
"""


def test_a_killed_fetch_leaves_nothing_half_read(
    endpoint: str, s3: fsspec.AbstractFileSystem, tmp_path: Path
) -> None:
    texts = {f"{n}.csv": os.urandom(12_000_000) for n in range(4)}
    for name, text in texts.items():
        s3.pipe_file(f"exports/big/{name}", text)
    home = home_of(tmp_path / "home", ("a", "s3://exports/big"))
    config = read_config(home / SETTINGS)
    copies = config.place("s3://exports/big")
    kills = 0
    for wait in (0.0, 0.02, 0.05, 0.1, 0.2):
        with subprocess.Popen(
            [sys.executable, "-c", FETCH, str(home / SETTINGS)], cwd=ROOT,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **environment(endpoint)},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            while process.poll() is None and not any(
                part.stat().st_size for part in copies.glob(f".*{PART}")
            ):
                time.sleep(0.005)
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
            kills += process.wait() == -signal.SIGKILL
        for name, text in texts.items():
            assert not (copies / name).exists() or (copies / name).read_bytes() == text
        whole = list(copies.glob("*.csv"))
        if len(whole) > 2:  # something to lose for the next one
            whole[0].unlink()
    assert kills >= 3
    fetch(config, "s3://exports/big")
    assert {path.name: path.read_bytes() for path in copies.iterdir()} == texts


# --- Azure ---------------------------------------------------------------------------------------

# Known to everybody: the emulator has no other.
AZURITE_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)


def azure_at(port: int) -> str:
    return (
        f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={AZURITE_KEY};"
        f"BlobEndpoint=http://127.0.0.1:{port}/devstoreaccount1;"
    )


@pytest.fixture
def azurite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """Microsoft's own emulator; `make test-all` installs it."""
    found = shutil.which("azurite-blob", path=f"{AZURITE}:{os.environ['PATH']}")
    if not found:
        pytest.skip("azurite-blob is not here: make .venv/.azurite")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [found, "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--blobPort", str(port)],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azure_at(port))
    try:
        while True:
            assert process.poll() is None, "the emulator ended"
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.2)
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_container_of_azure_is_read_night_after_night_and_told_when_it_is_dead(
    azurite: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = fsspec.filesystem("az", skip_instance_cache=True, use_listings_cache=False)
    files.mkdir("exports")
    files.pipe_file("exports/een/a.csv", mails(0, 30).encode())
    home = home_of(tmp_path / "home", ("een", "az://exports/een/*.csv"))
    config = read_config(home / SETTINGS)
    with pytest.raises(RemoteError, match="no such bucket or folder") as told:
        fetch(config, "az://nobody/*.csv")
    assert not is_transient(told.value)
    assert ingest(home).files == 1
    assert ingest(home).files == 0
    files.pipe_file("exports/een/a.csv", mails(1, 31).encode())  # as long as before
    assert ingest(home).files == 1
    assert ask(home, "SELECT count(*) FROM event") == [(30,)]
    monkeypatch.setattr("flows.fetch.FIRST", 2)
    azurite.send_signal(signal.SIGSTOP)
    done = ingest(home)
    azurite.send_signal(signal.SIGCONT)
    assert len(done.refused) == 1
    assert "no answer within 2 s" in done.refused[0]
    assert AZURITE_KEY not in done.refused[0]
    assert ask(home, "SELECT count(*) FROM event") == [(30,)]


# --- SFTP ----------------------------------------------------------------------------------------


class Sftp:
    """A server of a partner: its own folder, one user with a key."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "srv"
        (self.root / "out").mkdir(parents=True)
        self.home = folder / "user"
        (self.home / ".ssh").mkdir(parents=True)
        key, self.host_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
        key.write_private_key(str(self.home / ".ssh/id_ed25519"))
        (self.home / ".ssh/id_ed25519").chmod(0o600)
        key.write_public_key(str(folder / "authorized"))
        self.authorized = str(folder / "authorized")
        self.connections: list[asyncssh.SSHServerConnection] = []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.server = asyncio.run_coroutine_threadsafe(self._listen(), self.loop).result(30)
        self.port = self.server.get_port()

    def _made(self) -> asyncssh.SSHServer:
        connections = self.connections

        class Server(asyncssh.SSHServer):
            def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
                connections.append(conn)

        return Server()

    async def _listen(self) -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1", 0, server_factory=self._made, server_host_keys=[self.host_key], authorized_client_keys=self.authorized,
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(self.root)),
        )  # fmt: skip

    def vouch(self) -> None:
        line = f"[127.0.0.1]:{self.port} {self.host_key.export_public_key().decode()}"
        (self.home / ".ssh/known_hosts").write_text(line)

    def stop(self) -> None:
        """Nobody listens any more, and whoever was connected is cut off."""

        async def end() -> None:
            self.server.close()
            await self.server.wait_closed()
            for one in self.connections:
                one.abort()
                await one.wait_closed()

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(30)

    def close(self) -> None:
        self.stop()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(30)
        self.loop.close()


@pytest.fixture
def sftp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sftp]:
    server = Sftp(tmp_path)
    monkeypatch.setenv("HOME", str(server.home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    yield server
    server.close()


def test_a_server_of_sftp_is_read_once_somebody_vouched_for_it(sftp: Sftp, tmp_path: Path) -> None:
    (sftp.root / "out/a.csv").write_text(mails(0, 30))
    (sftp.root / "out/b.csv.filepart").write_text(mails(30, 40))
    (sftp.root / "out/link.csv").symlink_to("/etc/passwd")
    address = f"sftp://partner@127.0.0.1:{sftp.port}/out"
    home = home_of(tmp_path / "home", ("een", address), ("twee", f"{address}/b*.csv"))
    config = read_config(home / SETTINGS)
    with pytest.raises(RemoteError, match="nobody vouches for this server") as told:
        fetch(config, address)
    assert not is_transient(told.value)
    sftp.vouch()
    done = ingest(home)
    assert (done.files, done.refused) == (1, [])
    assert ask(home, "SELECT path, events FROM source_file") == [
        (f"sftp://…@127.0.0.1:{sftp.port}/out/a.csv", 30)
    ]
    assert ingest(home).files == 0
    (sftp.root / "out/b.csv.filepart").rename(sftp.root / "out/b.csv")
    (sftp.root / "out/a.csv").unlink()
    assert ingest(home).files == 2, "both sources name it"
    assert ask(home, "SELECT count(*) FROM event") == [(40,)]
    assert [path.name for path in config.copies.rglob("*.csv")] == ["b.csv"]


def test_a_server_of_sftp_that_is_gone_may_come_back(sftp: Sftp, tmp_path: Path) -> None:
    sftp.vouch()
    address = f"sftp://partner@127.0.0.1:{sftp.port}/out"
    config = read_config(home_of(tmp_path / "home", ("een", address)) / SETTINGS)
    assert fetch(config, address).files == 0
    with pytest.raises(RemoteError, match="no such bucket or folder"):
        fetch(config, f"{address}/nowhere")
    sftp.stop()
    with pytest.raises(RemoteError, match="cannot be reached") as told:
        fetch(config, address)
    assert is_transient(told.value)


# --- places that are dead ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["s3://exports/*.csv", "az://exports/*.csv", "sftp://me@{}/out"]
)
def test_a_place_that_takes_the_call_and_says_nothing_is_given_up(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Left alone, the packages try for minutes."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("flows.fetch.FIRST", 2)
    with socket.create_server(
        ("127.0.0.1", 0)
    ) as silent:  # the kernel takes the call, nobody answers
        where = "{}:{}".format(*silent.getsockname())
        for name, value in environment(f"http://{where}").items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azure_at(silent.getsockname()[1]))
        address = address.format(where)
        config = read_config(home_of(tmp_path / "home", ("een", address)) / SETTINGS)
        with pytest.raises(RemoteError, match="no answer within 2 s") as told:
            fetch(config, address)
        assert is_transient(told.value)
        assert ingest(config.home).refused == [str(told.value)]
