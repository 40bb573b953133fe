"""`tieline.toml`, read and checked: what cannot be meant is refused in one line."""

from __future__ import annotations

import os
import re
import tomllib
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from flows.config import HOME_VARIABLE, Config, ConfigError, ModelParameters, People, Settings
from flows.remote import is_remote, unsafe_options, wrong_with

RESERVED_PARAMETERS = ("data_first_day", "data_last_day", "first", "last")  # the runner's own


def read_config(path: Path, home: Path | None = None) -> Config:
    """Read and check `path`.

    Raises:
        ConfigError: the file is missing, is not TOML, or a setting is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such settings file; make one with `tieline init`") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); check the file") from error
    try:
        settings = msgspec.convert(tomllib.loads(text), Settings)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML ({error}); mend that line") from error
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {_plain(error)}") from error
    _check(path, settings)
    base = home or (Path(os.environ[HOME_VARIABLE]) if HOME_VARIABLE in os.environ else path.parent)
    config = Config(path=path.resolve(), home=base.resolve(), settings=settings)
    _check_folders(config)
    return config


def _plain(error: msgspec.ValidationError) -> str:
    cause, _, place = str(error).partition(" - at `$")
    where = place.strip("`.").replace("[...]", "") or "the file"
    return f"{where}: {cause.replace('Object contains unknown', 'unknown')}; see docs/settings.md"


def _check(path: Path, settings: Settings) -> None:
    try:
        ZoneInfo(settings.network.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(
            f"{path}: network.time_zone: {settings.network.time_zone!r} is no time zone; "
            "write one like Europe/Amsterdam"
        ) from None
    if not _is_known(settings.network.country):
        raise ConfigError(
            f"{path}: network.country: no public holidays known for {settings.network.country!r}; "
            'write a code of two letters like NL, or "" for none'
        )
    _check_variables(path, settings)
    if not settings.people.boundaries:
        raise ConfigError(f"{path}: people.boundaries: empty; name at least one, as organisation")
    if settings.window.since >= settings.window.until:
        raise ConfigError(f"{path}: window: since is not before until, so nothing would be read")
    _check_domains(path, settings.people)
    _check_dated(path, settings.people)
    _check_parameters(path, settings.parameters)
    _check_remote(path, settings)
    if settings.run.engine == "spark" and not settings.lake.path:
        raise ConfigError(f"{path}: run.engine: Spark reads the event lake; set lake.path too")
    names = [source.name for source in settings.source]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{path}: source: two are called {name!r}; give each its own name")
    for source in settings.source:
        if source.mapping and not source.format:
            raise ConfigError(f"{path}: source {source.name!r}: mapping without format")


def _check_folders(config: Config) -> None:
    """What is private is not in a folder that others are shown, nor the other way round."""
    private = {"warehouse": config.warehouse.parent.resolve(), "key": config.key_file.resolve()}
    for name, folder in (("published", config.published), ("docs", config.docs)):
        place = f"{config.path}: folders.{name}"
        for what, path in private.items():
            if path.is_relative_to(folder.resolve()):
                raise ConfigError(
                    f"{place}: the {what} lies in this folder, which others read; give each a folder of its own"
                )
        if folder.resolve().is_relative_to(private["warehouse"]):
            raise ConfigError(
                f"{place}: lies in the folder of the warehouse, which none but its owner may open; name another"
            )


def _check_variables(path: Path, settings: Settings) -> None:
    """A variable that the environment lacks would be taken for the name of a folder."""
    people = settings.people
    folders = msgspec.structs.asdict(settings.folders).items()
    places = [(f"folders.{name}", place) for name, place in folders if isinstance(place, str)]
    places += [("people", one) for one in (*people.directories, *people.excluded, *people.consent)]
    places += [(f"source {one.name!r}: files", one.files) for one in settings.source]
    places += [("lake.path", settings.lake.path)]
    for what, place in places:
        if left := re.search(r"\$(\w+|\{\w+\})", os.path.expandvars(place)):
            raise ConfigError(
                f"{path}: {what}: the environment has no {left[1].strip('{}')}; set it, or mend {place!r}"
                " (a $ that is meant as it stands is written [$] in a pattern)"
            )


def _check_remote(path: Path, settings: Settings) -> None:
    """Addresses that can be used, and no secret in any; what is wrong is told without what is there."""
    people = settings.people
    places = [(f"source {one.name!r}: files", one.files) for one in settings.source]
    places += [("people.directories", one) for one in people.directories]
    places += [("lake.path", settings.lake.path)]
    for what, address in places:
        filled = os.path.expandvars(address)
        if is_remote(filled) and (why := wrong_with(filled)):
            raise ConfigError(f"{path}: {what}: {why}; see docs/operations.md")
    for name in ("excluded", "consent"):
        if any(map(is_remote, getattr(people, name))):
            raise ConfigError(
                f"{path}: people.{name}: a list of people must be on this machine, where no night misses it"
            )
    tables = {f"remote.options.{one!r}": told for one, told in settings.remote.options.items()}
    for table, told in (tables | {"lake.options": settings.lake.options}).items():
        if unsafe := unsafe_options(told):
            raise ConfigError(
                f"{path}: {table}: {unsafe[0]} is a secret; put it in the environment, and name that here as"
                f' {unsafe[0]} = "$VARIABLE"'
            )


def _is_known(country: str) -> bool:
    if country in {"", "NL"}:
        return True
    from warehouse.serving.days_off import is_known  # takes a second

    return is_known(country)


def _check_parameters(path: Path, parameters: ModelParameters) -> None:
    """Lines go quiet before they are lost; own parameters are names that SQL can use and that nothing else has."""
    if parameters.lost_days <= parameters.quiet_days:
        raise ConfigError(
            f"{path}: parameters: lost_days ({parameters.lost_days}) is not more than quiet_days"
            f" ({parameters.quiet_days}), so no line would be quiet before it is lost; mend one of them"
        )
    for name in parameters.own:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise ConfigError(
                f"{path}: parameters.own: {name!r} is no name; use small letters, digits and _"
            )
        if name in (*msgspec.structs.asdict(parameters), *RESERVED_PARAMETERS):
            raise ConfigError(
                f"{path}: parameters.own: {name!r} is Tieline's own already; choose another name"
            )


def _check_domains(path: Path, people: People) -> None:
    """Mail domains as they stand in addresses; what is written otherwise would be nobody's."""
    tables = {"domains": people.domains, "neutral_domains": people.neutral_domains}
    for table, name in [(table, name) for table, names in tables.items() for name in names]:
        if not re.fullmatch(r"[^@*\s.]+(\.[^@*\s.]+)*", name):
            plain = name.rpartition("@")[2].strip("*. ") or "partner.example"
            raise ConfigError(
                f"{path}: people.{table}: {name!r} is no mail domain; write {plain!r}, its subdomains included"
            )


def _check_dated(path: Path, people: People) -> None:
    """Rows in order of time; a spelling that is itself spelled otherwise would be half done."""
    tables = {"domains": people.domains, "units": people.units}
    for table, name, told in [
        (t, n, told) for t, rows in tables.items() for n, told in rows.items()
    ]:
        last: dict[str, date] = {}
        for row in told if not isinstance(told, str) else ():
            if row.boundary and row.boundary not in people.boundaries:
                raise ConfigError(
                    f"{path}: people.{table}: {name!r}: boundary {row.boundary!r} is not among people.boundaries"
                )
            end = row.until or date.max
            if last.get(row.boundary, date.min) >= end:
                raise ConfigError(
                    f"{path}: people.{table}: {name!r}: {row.unit!r} does not end after the row before it; "
                    "put the rows in order of time, and until in all but the last"
                )
            last[row.boundary] = end
    for name, unit in people.units.items():
        if isinstance(unit, str) and unit != name and isinstance(people.units.get(unit), str):
            further = people.units[unit]
            if further != unit:
                raise ConfigError(
                    f"{path}: people.units: {name!r} = {unit!r}, and {unit!r} = {further!r}; "
                    f"write {name!r} = {further!r}"
                )
