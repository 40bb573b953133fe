"""What to write in `tieline.toml` for the files of a folder."""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from pathlib import Path, PurePosixPath
from textwrap import wrap
from typing import TYPE_CHECKING

import polars as pl
from msgspec.structs import asdict

from flows.globs import branch, literal, patterns, trunk

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from flows.config import Dated, Settings
    from flows.survey import Seen, Survey

# Domains that everybody uses say nothing about an organisation.
NEUTRAL = ("gmail.com", "outlook.com", "hotmail.com", "icloud.com", "users.noreply.github.com")
ALSO_NEUTRAL = (  # told only where they occur
    "aol.com", "fastmail.com", "gmx.de", "gmx.net", "googlemail.com", "hotmail.nl", "hey.com",
    "kpnmail.nl", "kernel.org", "live.com", "live.nl", "mail.com", "mail.ru", "me.com", "msn.com",
    "outlook.nl", "planet.nl", "proton.me", "protonmail.com", "pm.me", "qq.com", "163.com",
    "xs4all.nl", "yahoo.com", "ymail.com", "zeelandnet.nl", "ziggo.nl", "zonnet.nl",
)  # fmt: skip
NARROW = 70  # signs of a list on one line
MANY_DOMAINS = 25  # candidates that are told
_SECOND_LEVEL = {"ac", "co", "com", "edu", "gov", "net", "nhs", "org"}


def proposal(found: Survey, settings: Settings, home: Path) -> str:
    """The text of a `tieline.toml` in `home` that reads every export and directory of `found`."""
    from flows.starting import settings_text

    return settings_text(
        name=settings.network.name,
        time_zone=settings.network.time_zone,
        people=_people(found, settings, _base(found, home)),
        sources=blocks(found, home),
    )


def blocks(found: Survey, home: Path, named: Container[str] = ()) -> str:
    """`[[source]]` of the exports, as text; those in `named` left out."""
    base = _base(found, home)
    return "".join(_block(*source) for source in sources(found, base, named))


def _base(found: Survey, home: Path) -> str:
    """What paths of the survey's files begin with in settings in `home`."""
    if found.address:
        return f"{found.address}/"
    there = os.path.relpath(found.folder.resolve(), home.resolve())
    return "" if there == os.curdir else literal(there) + "/"


# --- [people] -----------------------------------------------------------------------------------


def _people(found: Survey, settings: Settings, base: str) -> str:
    boundaries, used, unused = _directories(found.directories)
    every = {_file(seen) for seen in found.files}
    files = [base + p for p in patterns({seen.label for seen in used}, every)]
    seen_domains = [d for d in ALSO_NEUTRAL if d in found.domains]
    neutral = list(dict.fromkeys([*settings.people.neutral_domains, *NEUTRAL, *seen_domains]))
    lines = [
        "[people]",
        "# Who belongs where and when: email, aliases, organisation, team, ..., valid_from, valid_to, share.",
        f"directories = {_list(files)}",
        *(f"# {seen.label}: {why}" for seen, why in unused),
        f"boundaries = {_list(boundaries)}    # columns of the directory to measure across",
        "# Domains that everybody uses say nothing about an organisation.",
        f"neutral_domains = {_list(neutral)}",
        "# Addresses that are no person, besides no-reply@ and the like.",
        f"nobody = {_list(settings.people.nobody)}",
        "",
        "[people.domains]",
        *_domains(found, settings, neutral),
    ]
    return "\n".join(lines)


def _directories(
    found: Sequence[Seen],
) -> tuple[list[str], list[Seen], list[tuple[Seen, str]]]:
    """Boundaries that every directory tells, those directories, and why others are left out."""
    largest = sorted(found, key=lambda seen: (-len(seen.file.units), -seen.people))
    boundaries: list[str] = []
    used, unused = [], []
    for seen in largest:
        shared = [b for b in boundaries or seen.file.units if b in seen.file.units]
        if shared:
            boundaries = shared
            used.append(seen)
        elif _joins(seen):
            used.append(seen)
        else:
            has = ", ".join(seen.file.units) or "none that parts people into units"
            unused.append((seen, f"left out; of columns to measure across it has {has}"))
    return boundaries or ["organisation"], used, unused


def _joins(seen: Seen) -> bool:
    """Whether the directory says which addresses or domains belong together, if no more."""
    told = seen.file.directory
    return bool(told and told.members.is_empty() and told.rejects.height < told.records)


def _domains(found: Survey, settings: Settings, neutral: Iterable[str]) -> Iterator[str]:
    """Candidates with their people, subdomains counted with their parent where that occurs."""
    told = settings.people.domains
    yield from (f"{_text(domain)} = {_units(unit)}" for domain, unit in told.items())
    silent = {name.lower() for name in (*told, *neutral)}
    counts: dict[str, int] = defaultdict(int)
    for domain, people in found.domains.items():
        parts = domain.split(".")
        parents = {".".join(parts[n:]) for n in range(len(parts))}
        if not parents & silent:
            counts[min(parents & found.domains.keys(), key=len)] += people
    if not counts:
        yield '# For people whom no directory knows, as: "gemeente.example" = "Gemeente"'
        return
    yield "# For people whom no directory knows. Remove the # of those that are right."
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    homes = _homes(found)
    names = [
        f"# {_text(domain)} = {_text(homes.get(domain) or _name(domain))}"
        for domain, _ in ranked[:MANY_DOMAINS]
    ]
    width = max(map(len, names))
    for line, (_, people) in zip(names, ranked, strict=False):
        yield f"{line:<{width}}  # {people:,} {'person' if people == 1 else 'people'}"
    if rest := ranked[MANY_DOMAINS:]:
        yield f"# ... and {len(rest):,} more domains, of {sum(n for _, n in rest):,} people"


def _homes(found: Survey) -> dict[str, str]:
    """Domain → organisation that most people of that domain have in the directories."""
    frames = [
        seen.file.directory.members.filter(boundary="organisation").select(
            "address", "unit", domain=pl.col("address").str.extract("@(.+)$")
        )
        for seen in found.directories
        if seen.file.directory
    ]
    if not frames:
        return {}
    most = pl.concat(frames).unique().group_by("domain", "unit").len()
    ranked = most.drop_nulls().sort("len", "unit").select("domain", "unit")
    return dict(ranked.iter_rows())  # the last of a domain, which has most, stays


def _units(unit: str | list[Dated]) -> str:
    """The unit of a domain, or those that it was of in turn, as TOML."""
    if isinstance(unit, str):
        return _text(unit)
    rows = (
        ", ".join(
            f"{key} = {value if key == 'until' else _text(value)}"
            for key, value in asdict(row).items()
            if value or key == "unit"
        )
        for row in unit
    )
    return f"[{', '.join(f'{{ {row} }}' for row in rows)}]"


def _name(domain: str) -> str:
    """A first guess at what the organisation is called."""
    parts = domain.split(".")
    owned = parts[:-2] if parts[-2:-1] and parts[-2] in _SECOND_LEVEL else parts[:-1]
    return (owned or parts)[-1].capitalize()


# --- [[source]] ---------------------------------------------------------------------------------

Source = tuple[str, str, str, str, "Mapping[str, str]"]  # name, partner, format, files, mapping


def _file(seen: Seen) -> str:
    """What the settings have to name: the file, or the archive that it is in."""
    return seen.holder or seen.label


def sources(found: Survey, base: str = "", named: Container[str] = ()) -> list[Source]:
    """A block per format and sub-folder; more where no one pattern takes all its files and no other.

    Files in `named` are left out.
    """
    every = {_file(seen) for seen in found.files}
    exports = [seen for seen in found.exports if _file(seen) not in named]
    top = trunk([_file(seen) for seen in exports])
    groups: dict[tuple[str, str, tuple[tuple[str, str], ...]], set[str]] = defaultdict(set)
    for seen in exports:
        folder = branch(_file(seen), top)
        key = (folder, seen.file.format, tuple(sorted(seen.file.mapping.items())))
        groups[key].add(_file(seen))
    told: list[Source] = []
    for (folder, form, mapping), labels in sorted(groups.items()):
        partner = PurePosixPath(folder).name.replace("_", " ").replace("-", " ")
        for pattern in patterns(labels, every):
            where = _slug(folder.removeprefix(top) or found.folder.resolve().name)
            stem = form if where == form else f"{where}-{form}"
            taken = {name for name, *_ in told}
            name = next(n for n in _numbered(stem) if n not in taken)
            order = {key: n for n, key in enumerate(_ORDER)}
            kept = dict(sorted(mapping, key=lambda pair: order.get(pair[0], len(order))))
            told.append((name, partner[:1].upper() + partner[1:], form, base + pattern, kept))
    return told


_ORDER = (
    "time", "time_format", "end", "person", "sender", "recipient", "role", "action", "item",
    "event", "channel",
)  # fmt: skip


def _block(name: str, partner: str, form: str, files: str, mapping: Mapping[str, str]) -> str:
    lines = ["", "[[source]]", f"name = {_text(name)}"]
    if partner:
        lines.append(f"partner = {_text(partner)}")
    lines += [f"format = {_text(form)}", f"files = {_text(files)}"]
    if mapping:
        pairs = ", ".join(f"{key} = {_text(value)}" for key, value in mapping.items())
        lines += [
            "# Proposed by the names of the columns; see docs/formats.md, mapping a table of events.",
            f"mapping = {{ {pairs} }}",
        ]
    return "\n".join([*lines, ""])


def _text(value: str) -> str:
    """A TOML string; JSON's escapes are TOML's."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(values: Iterable[str]) -> str:
    """A TOML array, folded where it is long."""
    texts = [_text(value) for value in values]
    if len(whole := f"[{', '.join(texts)}]") <= NARROW:
        return whole
    # A space within a name is no place to fold.
    joined = ", ".join(text.replace(" ", "\0") for text in texts)
    lines = wrap(joined, 96, break_long_words=False, break_on_hyphens=False)
    lines = [line.replace("\0", " ") for line in lines]
    return "\n".join(["[", *(f"  {line}" for line in lines), "]"])


def _slug(text: str) -> str:
    return re.sub(r"[^\w]+", "-", text.lower()).strip("-") or "exports"


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    yield from (f"{stem}-{n}" for n in range(2, 1_000_000))
