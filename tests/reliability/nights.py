"""Nights cheap enough to be killed by the hundred: a process that has everything imported forks each.

The stages, the warehouse, Great Expectations, the locks and the publication are the real ones. Left
out is what the kills do not need: Prefect's engine, two thirds of the metrics, the HTML report.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
STAGES = ("begin", "read", "check", "load", "transform", "publish", "end")
METRICS = ("flow", "net_flow")
# Steps that change what is on the disk by a call of Python's; DuckDB's own are met by chance.
WRITES = (
    "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.chmod", "os.truncate",
    "shutil.rmtree", "shutil.move", "os.link",
)  # fmt: skip


# --- in the forked process -----------------------------------------------------------------------


def one_night(order: dict[str, Any], told: int) -> None:
    """Run the night of `order`, telling each stage on the descriptor `told` as it begins."""
    from tests.plain_night import night

    if order.get("crypto"):
        from warehouse import cipher

        cipher.CRYPTO = order["crypto"]
    if order.get("write"):
        _die_at_write(order["write"])
    if order.get("command"):
        os.write(told, b"begin\n")
        _command(order)
        os.write(told, b"end\n")
        return
    before = order.get("before")
    if before:
        exec(before, {})  # a fault to inject, from the test itself
    _tell_stages(told)
    if order.get("backfill"):
        from flows.backfill import backfill

        since, until = map(date.fromisoformat, order["backfill"])
        home = order["home"]
        backfill.fn(since, until, f"{home}/tieline.toml", home, wait=order.get("wait", 0))
    else:
        night(Path(order["home"]), wait=order.get("wait", 0), rebuild=order.get("rebuild", False))
    os.write(told, b"end\n")


def _command(order: dict[str, Any]) -> None:
    """Another command than `run`, with the models of these nights."""
    import flows.erase
    import flows.rekey
    from flows import nightly
    from flows.backup import back_up, restore
    from flows.config import SETTINGS
    from flows.config_read import read_config

    flows.erase.models_of = flows.rekey.models_of = nightly.models_of
    home, file = Path(order["home"]), Path(order.get("file", ""))
    if order["command"] == "restore":
        restore(file, home)
        return
    config = read_config(home / SETTINGS)
    if order["command"] == "forget":
        flows.erase.forget(config, order["person"], wait=order.get("wait", 0))
    elif order["command"] == "rotate":
        flows.rekey.rotate(config)
    elif order["command"] == "backup":
        back_up(config, file, with_key=True)
    else:
        _upgrade(config)


def _upgrade(config: Any) -> None:
    """What every run begins with."""
    from warehouse import identity, load
    from warehouse.connection import open_warehouse

    for path, create in ((config.warehouse, load.create), (config.identity, identity.create)):
        with open_warehouse(path) as con:
            create(con)


def _tell_stages(told: int) -> None:
    from flows import ingest, session, stages

    def telling(holder: Any, name: str, stage: str) -> None:
        inner = getattr(holder, name)

        def outer(*arguments: Any, **named: Any) -> Any:
            os.write(told, f"{stage}\n".encode())
            return inner(*arguments, **named)

        setattr(holder, name, outer)

    telling(session, "open_warehouse", "begin")
    telling(ingest, "stage_file", "read")
    telling(ingest, "validate", "check")
    telling(ingest.load, "load", "load")
    telling(stages, "write_lake", "lake")
    telling(stages, "bring_up_to_date", "transform")
    telling(stages, "release", "publish")


def _die_at_write(number: int) -> None:
    left = number

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        is_write = event in WRITES or (
            event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
        ) or (event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT)  # fmt: skip
        if is_write:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def _few_models() -> None:
    """What publication needs, two metrics, and what they read."""
    import flows.publish
    from flows import backfill, nightly
    from transforms.model import read_models

    models = {model.name: model for model in read_models()}
    wanted: set[str] = set()
    ahead = [*METRICS, "trend", "direction", "line_state", "completeness", "delivery"]
    while ahead:
        name = ahead.pop()
        if name not in wanted and name in models:
            wanted.add(name)
            ahead += models[name].reads
    few = [model for model in models.values() if model.name in wanted]
    nightly.models_of = backfill.models_of = lambda _config: few

    def page(folder: Path, **_: object) -> None:
        (folder / "report.html").write_text("a report")

    flows.publish.write_beside = page


def serve() -> None:
    """Fork a night per line of standard input: answer with its process, its stages and its end."""
    import duckdb_sqlalchemy  # noqa: F401
    import great_expectations  # noqa: F401

    import quality.checkpoint  # noqa: F401

    _few_models()
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            os.setsid()
            os.umask(0o077)
            out = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(out, 1)
            os.dup2(out, 2)
            code = 1
            try:
                one_night(order, write)
                code = 0
            except BaseException as error:  # noqa: BLE001 told to the test, which judges it
                print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            finally:
                os._exit(code)
        os.close(write)
        print(child, flush=True)
        with os.fdopen(read) as stages:
            for stage in stages:
                print(stage.strip(), flush=True)
        _, status = os.waitpid(child, 0)
        print(f"ended {os.waitstatus_to_exitcode(status)}", flush=True)


# --- in the test ---------------------------------------------------------------------------------


@dataclass
class Ended:
    """How a night ended: exit code (negative: by that signal), last stage, seconds of each, last words."""

    code: int
    stage: str
    seconds: dict[str, float]
    words: str = ""
    stages: list[str] = field(default_factory=list)


class Nights:
    """The forking process, and orders to it."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "night.log"
        self.errors = (folder / "nights.err").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from tests.reliability.nights import serve; serve()"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )
        assert self._line() == "ready", (folder / "nights.err").read_text()

    def _line(self) -> str:
        out: IO[str] | None = self.process.stdout
        assert out is not None
        return out.readline().strip()

    def run(
        self,
        home: Path,
        *,
        kill: tuple[str, float] | None = None,
        on_stage: Callable[[str, int], None] | None = None,
        **order: Any,
    ) -> Ended:
        """One night; `kill`: SIGKILL so many seconds after a stage (or a later one) began."""
        assert self.process.stdin is not None
        told = {"home": str(home), "log": str(self.log), **order}
        self.process.stdin.write(json.dumps(told) + "\n")
        self.process.stdin.flush()
        number = int(self._line())
        begun, stage, seconds = time.monotonic(), "begin", {}
        seen = []
        while not (line := self._line()).startswith("ended"):
            now = time.monotonic()
            seconds[stage] = seconds.get(stage, 0.0) + now - begun
            begun, stage = now, line
            seen.append(stage)
            if on_stage:
                on_stage(stage, number)
            if kill and stage != "end" and STAGES.index(stage) >= STAGES.index(kill[0]):
                time.sleep(kill[1])
                kill = None
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
        seconds[stage] = seconds.get(stage, 0.0) + time.monotonic() - begun
        words = self.log.read_text().strip().splitlines() if self.log.exists() else []
        return Ended(int(line.split()[1]), stage, seconds, words[-1] if words else "", seen)

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()
        self.errors.close()
