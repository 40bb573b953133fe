"""`tieline check s3://bucket/folder`: a survey of what is elsewhere, of which nothing stays here."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from msgspec import structs

from flows.config import Config, ConfigError
from flows.fetch import fetch
from flows.remote import parted, wrong_with
from flows.survey import Survey, survey

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def survey_of(address: str, config: Config) -> Iterator[tuple[Survey, Config, str]]:
    """The survey of a folder elsewhere, settings for which it is one here, and what could not be had.

    Raises ConfigError for an address that cannot be used, RemoteError.
    """
    why = wrong_with(address) or ("a * in it; name the folder" if parted(address)[1] else "")
    if why:
        raise ConfigError(f"the address: {why}; see docs/operations.md")
    with TemporaryDirectory(prefix="tieline-") as place:
        folders = structs.replace(config.settings.folders, warehouse=place)
        apart = structs.replace(config, settings=structs.replace(config.settings, folders=folders))
        missing = fetch(apart, address).missing
        copies = apart.place(address)
        if not copies.is_dir():
            raise ConfigError(
                f"{address}: no folder with files in it; name the one that the exports are in"
            )
        yield replace(survey(copies, apart), address=address.rstrip("/")), apart, missing
