"""Settings of places that are not on this machine."""

from __future__ import annotations

from msgspec import Struct, field


class Remote(Struct, frozen=True, forbid_unknown_fields=True):
    """Exports in a bucket or on a server: `files` and `directories` may be addresses that fsspec knows.

    `s3://bucket/folder/*.mbox`, `az://container/folder/*`, `sftp://user@host/folder`; docs/operations.md
    says what each needs. Secrets stand in no file: they come from the environment.

    Attributes:
        keep: Whether the private copies that a run reads stay for the next one, until they are deleted where
            they come from. Without it those of sources are removed once read, and fetched anew each night.
        options: Options of the file system, as fsspec names them, for all addresses that begin alike:
            `[remote.options."s3://bucket"]` with `endpoint_url = "https://..."`. $VARIABLES are filled in.
    """

    keep: bool = True
    options: dict[str, dict[str, str]] = field(default_factory=dict)
