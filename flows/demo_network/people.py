"""Who is in the demo network: organisations, their teams, and the seats people hold in them.

Every name is put together from parts; nobody here exists. Domains end in `.example` (RFC 2606).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

ALWAYS = date(1, 1, 1)
OPEN = date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Organisation:
    """A partner. `slug` names its folder of exports, `teams` are (name, seats)."""

    slug: str
    name: str
    sector: str
    teams: tuple[tuple[str, int], ...]

    @property
    def domain(self) -> str:
        return f"{self.slug}-rijnoever.example"


ORGANISATIONS = (
    Organisation("gemeente", "Gemeente Rijnoever", "overheid", (
        ("Gemeente Jeugd", 8), ("Gemeente Zorg", 8), ("Gemeente Veiligheid", 6),
        ("Gemeente Wijken", 6), ("Gemeente Bestuur", 4),
    )),
    Organisation("ziekenhuis", "Ziekenhuis Rijnoever", "zorg", (
        ("Ziekenhuis Geriatrie", 7), ("Ziekenhuis Spoed", 7), ("Ziekenhuis Transfer", 6),
        ("Ziekenhuis Staf", 5),
    )),
    Organisation("thuiszorg", "Thuiszorg Rijnoever", "zorg", (
        ("Thuiszorg Noord", 8), ("Thuiszorg Zuid", 8), ("Thuiszorg Planning", 5),
    )),
    Organisation("huisartsen", "Huisartsengroep Rijnoever", "zorg", (
        ("Huisartsen Oost", 6), ("Huisartsen West", 6), ("Huisartsen Bureau", 5),
    )),
    Organisation("welzijn", "Welzijn Rijnoever", "welzijn", (
        ("Welzijn Ouderen", 7), ("Welzijn Jongeren", 7), ("Welzijn Bureau", 5),
    )),
    Organisation("scholen", "Scholengroep Rijnoever", "onderwijs", (
        ("Scholen Zorgteam", 8), ("Scholen Passend", 6), ("Scholen Directie", 5),
    )),
    Organisation("politie", "Politie Rijnoever", "openbare orde", (
        ("Politie Wijkagenten", 8), ("Politie Intake", 6),
    )),
    Organisation("verzekeraar", "Zorgverzekeraar Rijnoever", "zorg", (
        ("Verzekeraar Inkoop", 7), ("Verzekeraar Regio", 5),
    )),
)  # fmt: skip
BY_SLUG = {organisation.slug: organisation for organisation in ORGANISATIONS}
PRIVATE_DOMAIN = "prive.example"
LIST_DOMAIN = "lists.rijnoever.example"
OUTSIDE_DOMAIN = "adviesbureau-meander.example"  # people whom no directory knows

FIRST_NAMES = (
    "Aaf", "Bram", "Cato", "Daniël", "Elske", "Faas", "Gijs", "Hanne", "Imke", "Jelmer", "Karim",
    "Lotte", "Mees", "Noor", "Okke", "Puck", "Renée", "Sjors", "Teun", "Ulbe", "Vera", "Wout",
    "Ymke", "Zoë", "Amira", "Bilal", "Chantal", "Dewi", "Emre", "Fenna", "Giulia", "Hidde", "Ilse",
    "Joris", "Kaja", "Levi", "Maud", "Nienke", "Oya", "Pim",
)  # fmt: skip
NAME_HEADS = (
    "Wilgen", "Kreek", "Duin", "Veen", "Hoef", "Kiem", "Broek", "Zand", "Kamp", "Elzen", "Riet",
    "Mist", "Bies", "Wier",
)  # fmt: skip
NAME_TAILS = (
    "wacht", "horst", "stroom", "brink", "gaarde", "kade", "lo", "werf", "akker", "zicht", "vliet",
    "spoor", "weerd", "tij",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Seat:
    """A person's place in one organisation: what they write from, and how active they are there.

    People who changed organisation have two seats one after the other, part-timers two at once.
    `organisation` is a slug, or "" for those outside the network. `last` is the last day, included.
    """

    number: int
    person: int
    name: str
    address: str
    organisation: str
    team: str = ""
    aliases: tuple[str, ...] = ()  # other addresses this person writes from in this seat
    first: date = ALWAYS
    last: date = OPEN
    share: float = 1.0
    activity: float = 1.0

    def active(self, day: date) -> bool:
        return self.first <= day <= self.last


Change = tuple[str, int, str, str]  # organisation, place in it, second organisation and team

MOVERS: tuple[tuple[int, Change], ...] = (  # (whole month at whose start they move, change)
    (2, ("gemeente", 12, "welzijn", "Welzijn Bureau")),
    (6, ("ziekenhuis", 20, "huisartsen", "Huisartsen Bureau")),
    (8, ("scholen", 15, "gemeente", "Gemeente Jeugd")),
    (9, ("politie", 11, "gemeente", "Gemeente Veiligheid")),
)
PART_TIMERS: tuple[Change, ...] = (
    ("ziekenhuis", 5, "huisartsen", "Huisartsen Oost"),
    ("ziekenhuis", 11, "huisartsen", "Huisartsen West"),
    ("gemeente", 10, "welzijn", "Welzijn Jongeren"),
    ("thuiszorg", 9, "ziekenhuis", "Ziekenhuis Transfer"),
)
MAIDEN_NAMES = (("gemeente", 4), ("thuiszorg", 3), ("welzijn", 9), ("huisartsen", 7))
PRIVATE_ADDRESSES = (("scholen", 6), ("huisartsen", 3), ("welzijn", 13))


def seats(rng: Random, months: tuple[date, ...]) -> tuple[Seat, ...]:
    """Everybody's seats, in the order of ORGANISATIONS; `months` are the firsts of whole months."""
    names = _names(rng)
    held: list[Seat] = []
    for organisation in ORGANISATIONS:
        for team, size in organisation.teams:
            for _ in range(size):
                first, last = names[len(held)]
                address = _address(first[0], last, organisation.domain)
                activity = min(rng.paretovariate(1.4), 9.0)
                held.append(Seat(
                    len(held), len(held), f"{first} {last}", address, organisation.slug, team,
                    activity=activity,
                ))  # fmt: skip
    spare = iter(names[len(held) :])
    for slug, place in MAIDEN_NAMES:
        seat = at(held, slug)[place]
        _rewrite(held, seat, _address(seat.name[0], next(spare)[1], BY_SLUG[slug].domain))
    for slug, place in PRIVATE_ADDRESSES:
        seat = at(held, slug)[place]
        first, last = seat.name.split(" ")
        _rewrite(held, seat, _address(first, last, PRIVATE_DOMAIN))
    second = [_moved(held, change, months[month]) for month, change in MOVERS]
    second += [_shared(held, change) for change in PART_TIMERS]
    return (*held, *(replace(seat, number=len(held) + i) for i, seat in enumerate(second)))


def outsiders(rng: Random, first_number: int) -> tuple[Seat, ...]:
    """A few advisers from outside; the directory does not know them."""
    return tuple(
        Seat(number, number, f"Adviseur {chr(65 + i)}", f"adviseur{i + 1}@{OUTSIDE_DOMAIN}", "",
             activity=rng.paretovariate(1.4))
        for i, number in enumerate(range(first_number, first_number + 4))
    )  # fmt: skip


def account(slug: str, local: str, name: str) -> Seat:
    """A mailbox of an organisation that is nobody's: a newsletter, a machine."""
    return Seat(-1, -1, name, f"{local}@{BY_SLUG[slug].domain}", slug)


def at(held: Iterable[Seat], slug: str) -> list[Seat]:
    """Seats at one organisation, in order."""
    return [seat for seat in held if seat.organisation == slug]


def directory(
    held: tuple[Seat, ...], merger: tuple[str, str, date] | None
) -> list[tuple[str, ...]]:
    """Rows of the people directory, header first; `merger` is (slug, into slug, first day)."""
    main: dict[int, str] = {}
    known: dict[int, dict[str, None]] = {}
    for seat in sorted(held, key=lambda seat: (seat.person, seat.last < OPEN, seat.number)):
        main.setdefault(seat.person, seat.address)  # of movers, today's address
        known.setdefault(seat.person, {}).update(dict.fromkeys((seat.address, *seat.aliases)))
    rows: list[tuple[str, ...]] = [
        ("email", "aliases", "name", "organisation", "team", "sector",
         "valid_from", "valid_to", "share")
    ]  # fmt: skip
    for seat in held:
        aliases = ";".join(a for a in known[seat.person] if a != main[seat.person])
        for slug, first, last in _employers(seat, merger):
            employer = BY_SLUG[slug]
            rows.append((
                main[seat.person], aliases, seat.name, employer.name, seat.team, employer.sector,
                "" if first == ALWAYS else first.isoformat(),
                "" if last == OPEN else last.isoformat(), f"{seat.share:g}",
            ))  # fmt: skip
    return rows


def _employers(
    seat: Seat, merger: tuple[str, str, date] | None
) -> Iterable[tuple[str, date, date]]:
    if merger is None or seat.organisation != merger[0] or seat.last < merger[2]:
        return [(seat.organisation, seat.first, seat.last)]
    slug, into, day = merger
    return [
        (slug, seat.first, day - timedelta(days=1)),
        (into, max(seat.first, day), seat.last),
    ]


def _names(rng: Random) -> list[tuple[str, str]]:
    # Every surname once, so that addresses never collide.
    lasts = [head + tail for head, tail in product(NAME_HEADS, NAME_TAILS)]
    rng.shuffle(lasts)
    return [(rng.choice(FIRST_NAMES), last) for last in lasts]


def _address(first: str, last: str, domain: str) -> str:
    plain = unicodedata.normalize("NFKD", f"{first}.{last}").encode("ascii", "ignore").decode()
    return f"{plain.lower()}@{domain}"


def _rewrite(held: list[Seat], seat: Seat, alias: str) -> None:
    held[seat.number] = replace(seat, aliases=(*seat.aliases, alias))


def _second(held: list[Seat], change: Change) -> tuple[Seat, Seat]:
    slug, place, into, team = change
    seat = at(held, slug)[place]
    first, last = seat.name.split(" ")
    address = _address(first[0], last, BY_SLUG[into].domain)
    return seat, replace(seat, address=address, organisation=into, team=team, aliases=())


def _moved(held: list[Seat], change: Change, day: date) -> Seat:
    old, new = _second(held, change)
    held[old.number] = replace(old, last=day - timedelta(days=1))
    return replace(new, first=day)


def _shared(held: list[Seat], change: Change) -> Seat:
    old, new = _second(held, change)
    held[old.number] = replace(old, share=0.5)
    return replace(new, share=0.5)
