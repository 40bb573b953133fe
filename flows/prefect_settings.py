"""What Prefect is told before it is imported: stay quiet, stay here, start fast."""

from __future__ import annotations

import errno
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

# With or without a server of the user's own.
_ALWAYS = {
    # The client's and the server's own ways of phoning home.
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # The default cache key hashes every argument: 180 ms for a 30 MB frame, and we never reuse it.
    "PREFECT_TASKS_DEFAULT_NO_CACHE": "true",
}

# Only for the server that Prefect starts for the time of one run.
_NO_SERVER = {
    # Prefect's default profile says this; a profile of the user's own may not.
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "true",
    # A first start migrates an empty database: 9 s idle, more than the default 20 s on a busy host.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    # We use no blocks; registering their types costs 0.3 s at every start.
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    "PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION": "false",
    # Client and server are the same installation.
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
    # Nobody reads these logs once the run is over; a failure reaches the caller as an exception.
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
}

# Unless the user asked for a log level.
_NO_LOGS = {
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_INTERNAL_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    # The server is stopped in mid-query at exit; sqlalchemy then logs an error past Prefect's own
    # levels. The console is the only place where all of it can be held back.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
}

_LOOPBACK = ("127.0.0.1", "localhost")


def quiet(home: Path, env: MutableMapping[str, str] = os.environ) -> None:
    """Fill in what the user has not set; call it before anything imports prefect.

    What stands in the environment or in the user's active Prefect profile is kept. Where either
    names a server (PREFECT_API_URL), logs and start-up stay as Prefect has them.

    Args:
        home: folder of our own for Prefect's state, made if missing. Used where there is neither
            a PREFECT_HOME nor a profile.
        env: the environment to fill.

    Raises:
        OSError: `home` cannot be made or written.
    """
    profile = _profile(env)
    chosen = {**profile, **env}
    defaults = dict(_ALWAYS)
    if not chosen.get("PREFECT_API_URL"):
        defaults |= _NO_SERVER
        if "PREFECT_LOGGING_LEVEL" not in chosen:
            defaults |= _NO_LOGS
    for name in defaults.keys() - profile.keys():
        env.setdefault(name, defaults[name])
    if not profile and "PREFECT_HOME" not in env:
        env["PREFECT_HOME"] = str(_writable(home))
    _bypass_proxy(env)


def _profile(env: Mapping[str, str]) -> dict[str, str]:
    """Settings of the user's active Prefect profile; empty where there is none."""
    home = env.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 never fails, unlike Path.home
    folder = env.get("PREFECT_HOME", f"{home}/.prefect")
    path = Path(env.get("PREFECT_PROFILES_PATH", f"{folder}/profiles.toml"))
    try:
        with path.open("rb") as file:
            book = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError):
        return {}  # Prefect itself says what is wrong with a file it cannot read
    active = env.get("PREFECT_PROFILE", book.get("active", ""))
    found: dict[str, str] = book.get("profiles", {}).get(active, {})
    return found


def _writable(home: Path) -> Path:
    # Prefect only warns here, and fails 20 s later with a database error.
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(home, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        why = f"{home}: Prefect cannot keep its state here ({error.strerror})"
        cure = "make it writable, or set PREFECT_HOME to a folder that is"
        raise OSError(f"{why}; {cure}") from error
    return home


def _bypass_proxy(env: MutableMapping[str, str]) -> None:
    # Prefect asks its own server on loopback for its health through HTTP_PROXY, and gives up.
    # The lower-case name hides the upper-case one, so it must carry what either says.
    hosts = [name.strip() for name in env.get("no_proxy", env.get("NO_PROXY", "")).split(",")]
    if "*" not in hosts:
        env["no_proxy"] = ",".join(dict.fromkeys(filter(None, [*hosts, *_LOOPBACK])))
