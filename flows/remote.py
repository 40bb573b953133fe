"""Addresses of files elsewhere (`s3://bucket/folder/*.mbox`): where their copies are, how they are reached.

No secret stands in an address, in the settings or in a message.
"""

from __future__ import annotations

import errno
import os
import re
import threading
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

T = TypeVar("T")
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
HERE = {"file", "local", "dir"}
EXTRAS = {
    "s3": "s3", "s3a": "s3", "az": "azure", "abfs": "azure", "abfss": "azure", "sftp": "sftp",
    "ssh": "sftp",
}  # fmt: skip
SECRET = re.compile(r"secret|token|passw|passphrase|credential|sas|connection_string|(^|_)key$")
VARIABLE = re.compile(r"\$\{?\w+\}?")
# A server that nobody vouched for could hand out anything: sshfs, left alone, asks for no proof. And where a
# line goes dead in the midst of a file, asyncssh would wait for ever, Azure's library for five minutes.
_SFTP: Mapping[str, Any] = {"known_hosts": (), "keepalive_interval": 15}
_AZURE: Mapping[str, Any] = {"connection_timeout": 10, "read_timeout": 20}
ALWAYS: Mapping[str, Mapping[str, Any]] = {
    scheme: {"sftp": _SFTP, "azure": _AZURE}[extra]
    for scheme, extra in EXTRAS.items()
    if extra in {"sftp", "azure"}
}
MAGIC = set("*?[")
NOT_LET_IN = {
    "NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "ClientAuthenticationError",
    "PermissionDenied",
}  # fmt: skip
OURS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
SHORT, LONG = 8, 300  # letters of a secret, and of a message


class RemoteError(Exception):
    """A place elsewhere cannot be read; one line with address, cause and cure. Its cause says if it may pass."""


def is_remote(path: str) -> bool:
    """Whether `path` is an address and no path of this machine."""
    return SCHEME.match(path) is not None


def copy_of(address: str) -> PurePosixPath:
    """Where the copy of an address is, within the folder of copies."""
    found = SCHEME.match(address)
    assert found is not None, address  # noqa: S101 callers ask is_remote first
    return PurePosixPath(found[1].lower()) / address[found.end() :].lstrip("/")


def address_of(copy: Path) -> str:
    """The address of a copy, by its path within the folder of copies."""
    return f"{copy.parts[0]}://{'/'.join(copy.parts[1:])}"


def parted(address: str) -> tuple[str, str]:
    """The part of an address before the first component with a * or the like, and the rest."""
    scheme, parts = address[: address.index("://") + 3], address.partition("://")[2].split("/")
    cut = next((n for n, part in enumerate(parts) if set(part) & MAGIC), len(parts))
    return scheme + "/".join(parts[:cut]), "/".join(parts[cut:])


def wrong_with(address: str) -> str:
    """Why an address cannot be used, in words that hold nothing of it that is secret; empty if it can."""
    if "::" in address:
        return "addresses cannot be chained; name one place"
    found = SCHEME.match(address)
    if found and found[1].lower() in HERE:
        return "a folder of this machine; write its path without file://"
    if ".." in address.split("/"):
        return "an address with .. in it; name the real place"
    if set(address.partition("://")[2].partition("/")[0]) & MAGIC:
        return "a * in the name of the bucket or server; name one"
    if urlsplit(address).password is not None or re.search(r"\?[^/]*=", address):
        return "a password or token in the address; take it out, and put it in the environment"
    return ""


def unsafe_options(options: Mapping[str, str]) -> list[str]:
    """Options that hold a secret itself, where they may only name a variable of the environment."""
    return [
        name
        for name, value in options.items()
        if SECRET.search(name) and not VARIABLE.fullmatch(value)
    ]


def options_of(address: str, told: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Options for `address`: of the longest beginning that is told, variables filled in.

    Raises RemoteError where a variable is not set.
    """
    scheme = address.partition("://")[0].lower()
    begin = max((one for one in told if address.startswith(one)), key=len, default=None)
    filled = {
        name: os.path.expandvars(value) for name, value in (told[begin] if begin else {}).items()
    }
    missing = [value for value in filled.values() if VARIABLE.fullmatch(value)]
    if missing:
        raise RemoteError(
            f"{address}: the environment has no {missing[0].strip('${}')}; set it, or mend remote.options"
        )
    return {**ALWAYS.get(scheme, {}), **filled}


def opened(address: str, options: Mapping[str, Any]) -> tuple[Any, str]:
    """The file system of an address without *, and the path in it."""
    import fsspec  # light commands reach nothing

    files, path = fsspec.core.url_to_fs(address, skip_instance_cache=True, **options)
    return files, str(path)


@contextmanager
def reaching(address: str, options: Mapping[str, Any]) -> Iterator[None]:
    """What goes wrong there becomes a RemoteError: every file system has exceptions of its own.

    What goes wrong here, on the disk of the copies, stays what it is.
    """
    try:
        yield
    except RemoteError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in OURS:
            raise
        words = scrubbed(str(error), options.values())
        raise RemoteError(f"{address}: {_told(address, error, words)}") from _cause(error)


def within(seconds: float, look: Callable[[], T]) -> T:
    """What `look` gives. Raises TimeoutError: some packages try a line that is dead for half an hour."""
    found: list[T] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            found.append(look())
        except Exception as error:  # noqa: BLE001 raised again below
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)  # one that hangs keeps nobody from ending
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not found:
        raise TimeoutError(f"no answer within {seconds:,.0f} s")
    return found[0]


def _told(address: str, error: Exception, words: str) -> str:
    """Cause and cure."""
    scheme = address.partition("://")[0].lower()
    if isinstance(error, ImportError):
        what = (
            f"'tieline[{EXTRAS[scheme]}]'" if scheme in EXTRAS else f"what fsspec names ({words})"
        )
        return f"no package for {scheme}:// here; pip install {what}"
    if isinstance(error, ValueError) and "Protocol not known" in words:
        return f"nothing is known of {scheme}://; mend the address"
    if isinstance(error, FileNotFoundError):
        return "no such bucket or folder; mend the address, or have it made"
    if "HostKey" in type(error).__name__:
        return "nobody vouches for this server; put its key into ~/.ssh/known_hosts"
    if isinstance(error, PermissionError) or type(error).__name__ in NOT_LET_IN:
        return (
            f"not let in ({words or type(error).__name__}); mend the credentials in the environment"
        )
    return f"cannot be reached ({type(error).__name__}: {words}); the next run tries again"


def _cause(error: Exception) -> Exception:
    """What `is_transient` judges: packages of object storage have no common word for a broken line."""
    is_final = isinstance(
        error, ImportError | ValueError | TypeError | PermissionError | FileNotFoundError
    )
    if is_final or "HostKey" in type(error).__name__ or type(error).__name__ in NOT_LET_IN:
        return error
    return ConnectionError(type(error).__name__)


def scrubbed(words: str, options: Iterable[Any]) -> str:
    """`words` on one line, without passwords, tokens and what the environment keeps secret."""
    kept = [value for name, value in os.environ.items() if SECRET.search(name.lower())]
    for value in (*kept, *(one for one in options if isinstance(one, str))):
        if len(value) >= SHORT:
            words = words.replace(value, "***")
    words = re.sub(r"//[^/\s@]*:[^/\s@]*@", "//***@", words)
    return " ".join(re.sub(r"\?[^\s\"')]*", "", words).split())[:LONG]
