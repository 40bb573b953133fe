"""A folder to begin in: one's own, or the demo network's."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

from flows.config import SETTINGS, ConfigError
from flows.key import make_key

if TYPE_CHECKING:
    from pathlib import Path

DEMO_END = date(2026, 11, 1)  # excluded: twelve whole months

NO_PEOPLE = """\
[people]
# Who belongs where and when: CSV with email, aliases, organisation, team, ..., valid_from, valid_to, share.
directories = ["directory/*.csv"]
boundaries = ["organisation"]          # columns of the directory to measure across
# Domains that everybody uses say nothing about an organisation.
neutral_domains = ["gmail.com", "outlook.com", "hotmail.com", "icloud.com", "users.noreply.github.com"]
# Addresses that are no person, besides no-reply@ and the like.
nobody = []

[people.domains]
# For people whom no directory knows.
# "gemeente.example" = "Gemeente"
"""
NO_SOURCES = """
# One block per partner and tool; `tieline sources` lists the formats.
# [[source]]
# name = "gemeente-agenda"
# partner = "Gemeente"
# format = "icalendar"
# files = "incoming/gemeente/*.ics"
"""


def settings_text(
    *,
    name: str = "My network",
    time_zone: str = "Europe/Amsterdam",
    people: str = NO_PEOPLE,
    sources: str = NO_SOURCES,
) -> str:
    """A commented `tieline.toml`; `people` and `sources` are its tables of these names, as text."""
    return f"""\
# Settings of Tieline. Everything not set here keeps the value shown in docs/settings.md.
# Paths are relative to this file; $VARIABLES are filled in.

[network]
name = {json.dumps(name, ensure_ascii=False)}
time_zone = "{time_zone}"

{people.strip()}

{sources.strip()}

[disclosure]
k = 5               # at least so many people on each side of what is published
dominance = 0.75    # none of whom carries more than this part of it
"""


def make_home(folder: Path, text: str = "") -> list[str]:
    """Make `folder` with settings (`text`, or an example), key and empty folders; say what was made.

    Raises:
        ConfigError: settings are there already.
    """
    settings = folder / SETTINGS
    if settings.exists():
        raise ConfigError(f"{settings}: is there already; choose another folder, or edit it")
    for name in ("incoming", "directory"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    settings.write_text(text or settings_text(), encoding="utf-8")
    key = folder / "secret" / "tieline.key"
    if not key.exists():
        make_key(key)
    return [
        f"{settings}: settings, with comments; "
        + ("look whether they are right" if text else "name your sources there"),
        f"{folder / 'incoming'}: put exports here, a folder per partner",
        f"{folder / 'directory'}: put directories of people here",
        f"{key}: the key of the pseudonyms; keep a safe copy, never share it",
        f"Next: tieline check -s {settings}",
    ]


def make_home_from(exports: Path, folder: Path) -> list[str]:
    """The same with settings for the files below `exports`, which stay where they are.

    Raises:
        ConfigError: settings are there already, or no reader knows any file.
    """
    from flows.proposal import proposal
    from flows.survey import settings_near, survey
    from flows.survey_text import total

    if (folder / SETTINGS).exists():
        raise ConfigError(
            f"{folder / SETTINGS}: is there already; choose another folder, or edit it"
        )
    config = settings_near(exports)
    found = survey(exports, config)
    if not found.exports:
        raise ConfigError(
            f"{exports}: no file in it is an export that is known; "
            f"`tieline check {exports}` says what they are"
        )
    made = make_home(folder, proposal(found, config.settings, folder))
    told = [total(found)]
    if found.unknown or any(seen.wrong for seen in found.files):
        told.append(f"`tieline check {exports}` says what is not known, or must be mended.")
    if not any(seen.file.units for seen in found.directories):
        told.append(
            "No directory says who belongs where: put one in directory/ and name it under [people], "
            "or remove the # of the right lines under [people.domains]."
        )
    return [made[0], *told, *made[1:]]


def make_demo(folder: Path) -> list[str]:
    """Write the demo network's exports and settings into `folder`, unless they are there."""
    from flows.demo_network import write_demo

    settings = folder / SETTINGS
    if settings.exists():
        return [f"The demo network is in {folder} already."]
    network = write_demo(folder, end=DEMO_END)
    if not (folder / "secret" / "tieline.key").exists():
        make_key(folder / "secret" / "tieline.key")
    settings.write_text(demo_settings(), encoding="utf-8")
    return [
        f"Made the demo network in {folder}: {network.people} people of "
        f"{len(network.organisations)} organisations, {network.start} to {network.end}."
    ]


def demo_settings() -> str:
    """`tieline.toml` of the demo network: a calendar and a mail source per organisation, one board."""
    from flows.demo_network.exports import LOGGED
    from flows.demo_network.people import LIST_DOMAIN, ORGANISATIONS, PRIVATE_DOMAIN

    domains = "\n".join(f'"{o.domain}" = "{o.name}"' for o in ORGANISATIONS)
    sources = "".join(
        _source(f"{o.slug}-{name}", o.name, form, f"incoming/{o.slug}/{files}")
        for o in ORGANISATIONS
        for name, form, files in (("agenda", "icalendar", "*.ics"), ("post", "mbox", "*.mbox*"))
    )
    name = next(o.name for o in ORGANISATIONS if o.slug == LOGGED)
    log = _source(
        f"{LOGGED}-logboek", name, "message-trace", f"incoming/{LOGGED}/berichtenlogboek.csv"
    )
    return f"""\
# Settings of the demo network; docs/demo.md tells what is in it.

[network]
name = "Regio Rijnoever"
time_zone = "Europe/Amsterdam"

[people]
directories = ["directory/*.csv"]
boundaries = ["organisation", "team", "sector"]
neutral_domains = ["{PRIVATE_DOMAIN}"]
nobody = ["*@{LIST_DOMAIN}"]

[people.domains]
{domains}
{sources}{log}{_source("gedeeld-bord", "Regio Rijnoever", "jira", "incoming/gedeeld-bord/*.json")}"""


def _source(name: str, partner: str, form: str, files: str) -> str:
    return f"""
[[source]]
name = "{name}"
partner = "{partner}"
format = "{form}"
files = "{files}"
"""
