"""Users as Microsoft Graph (Entra) and the Google Workspace Directory API return them.

Pages, arrays, single users or one a line. Every plain field of a user is a column under its own
name, so that it can be a boundary; what lies deeper and is known gets the header of a table.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from transforms.sources import wrapped_json
from transforms.sources.base import RAW_REJECT, UnreadableFileError
from transforms.sources.directory_table import read_rows
from transforms.sources.opening import decoded
from transforms.sources.wrapped_json import BROKEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from transforms.sources.directory_frames import Directory

_USER = msgspec.json.Decoder(dict[str, Any])
_WORDS = re.compile(r'"([uU]serPrincipalName|primaryEmail|admin#directory#users?)"')
_OTHERS = re.compile(
    r'"(internetMessageId|iCalUI[Dd]|attendanceRecords|call(?:Id|Type)|photoData)"\s*:'
)


def is_users_json(start: bytes) -> bool:
    """Whether it is JSON with the addresses that only users have."""
    text = decoded(start)
    if not text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        return False
    return _WORDS.search(text) is not None and _OTHERS.search(text) is None


def read_users_json(
    path: Path, boundaries: Sequence[str], *, valid_to: str = "included"
) -> Directory:
    """Members, aliases and names; positions are records.

    Raises UnreadableFileError where the file is no JSON, or no user has any unit or alias.
    """
    users: list[tuple[int, dict[str, str]]] = []
    broken: list[tuple[int, str, str]] = []
    for record in wrapped_json.records(path, ("value", "users")):
        try:
            user = _USER.decode(record.raw)
        except BROKEN:
            broken.append((record.position, record.place, "no user"))
            continue
        users.append((record.position, _cells(user)))
    if not users:
        raise UnreadableFileError(f"{path}: no user in it; export the users again")
    header = list(dict.fromkeys(name for _, cells in users for name in cells))
    rows = ((number, [cells.get(name, "") for name in header]) for number, cells in users)
    found = read_rows(path, header, rows, boundaries, place="record", valid_to=valid_to)
    rejects = pl.DataFrame(broken, schema=RAW_REJECT, orient="row")
    return replace(
        found,
        rejects=pl.concat([found.rejects, rejects]).sort("position"),
        records=found.records + len(broken),
    )


def _cells(user: Mapping[str, Any]) -> dict[str, str]:
    """A user as cells under headers that a table could have.

    PowerShell writes the same fields with a capital in front.
    """
    user = {name[:1].lower() + name[1:]: value for name, value in user.items()}
    cells = {
        name: _text(value) for name, value in user.items() if not isinstance(value, dict | list)
    }
    cells |= {
        "email": cells.pop("mail", "") or cells.get("primaryEmail", ""),
        "aliases": ";".join(_aliases(user)),
        "name": cells.pop("displayName", "") or _text(_within(user, "name").get("fullName")),
    }
    for name in ("employeeOrgData", "onPremisesExtensionAttributes"):
        cells |= {key: _text(value) for key, value in _within(user, name).items()}
    for fields in _within(user, "customSchemas").values():
        if isinstance(fields, dict):
            cells |= {key: _text(value) for key, value in fields.items()}
    if place := _main(user.get("organizations")):
        cells |= {key: _text(place.get(key)) for key in ("department", "costCenter", "location")}
        cells["organisation"] = _text(place.get("name"))
    return {name: text for name, text in cells.items() if text}


def _aliases(user: Mapping[str, Any]) -> Iterator[str]:
    for key in ("otherMails", "aliases", "nonEditableAliases"):
        yield from (text for text in _list(user, key) if isinstance(text, str))
    for text in _list(user, "proxyAddresses"):
        if isinstance(text, str) and text.lower().startswith("smtp:"):
            yield text[5:]
    for one in _list(user, "emails"):
        if isinstance(one, dict) and isinstance(one.get("address"), str):
            yield one["address"]


def _main(places: object) -> Mapping[str, Any]:
    """The organisation that is marked as the first one, or stands first."""
    told = [one for one in places if isinstance(one, dict)] if isinstance(places, list) else []
    return next((one for one in told if one.get("primary") is True), told[0] if told else {})


def _within(user: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = user.get(key)
    return value if isinstance(value, dict) else {}


def _list(user: Mapping[str, Any], key: str) -> list[Any]:
    value = user.get(key)
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return (
        str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    )
