"""The server that Prefect starts for a run is that run's alone, and ends with it, also when that is killed.

Prefect stops it at exit. A process that is killed has no exit: its server would stay for good.
"""

from __future__ import annotations

import os
import subprocess
from typing import Any

# Reads until the other end of the pipe is gone, which only the run holds.
WATCH = ("/bin/sh", "-c", 'read _; kill "$0"')
PORTS = range(16_000, 32_000)  # below those that the kernel gives to clients


def guard() -> None:
    """Give every server that this process starts a watcher. Only where no server of the user's own is named."""
    from prefect.settings import PREFECT_API_URL

    if PREFECT_API_URL.value() or not os.access(WATCH[0], os.X_OK):
        return
    from prefect.server.api.server import SubprocessASGIServer as Server

    # Prefect draws one of 1,000 ports, and takes whoever answers there for its own server: of runs that
    # start at once two could share one, and lose it when the first ends.
    Server._port_range = PORTS  # noqa: SLF001 there is no setting for it
    started = Server._run_uvicorn_command  # noqa: SLF001 there is no other place to learn its number

    def watched(self: Server) -> subprocess.Popen[Any]:
        process = started(self)
        watch(process.pid)
        return process

    Server._run_uvicorn_command = watched  # type: ignore[method-assign]  # noqa: SLF001


def watch(pid: int) -> None:
    """End process `pid` when this one is gone, however it went."""
    end, ours = os.pipe()  # nobody inherits `ours`; the kernel closes it when this process dies
    with open(end, "rb") as stdin:  # noqa: PTH123 a descriptor, no path
        subprocess.Popen(  # noqa: S603 our own words
            [*WATCH, str(pid)],
            stdin=stdin,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # what interrupts the run leaves it at its post
        ).returncode = 0  # it outlives us: nobody waits for it
    os.set_inheritable(ours, False)
