"""What a mail's headers say: who wrote it, to whom, when, in reply to what, and if a machine did.

Every reader of mail uses these functions, so one message has one key in every export. Odd headers
never raise; what cannot be understood is left out.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import parsedate_tz
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HEADERS = (  # every header that is read, except Received, which only stands in for Date
    "from", "sender", "reply-to", "x-original-from", "to", "cc", "date", "message-id",
    "in-reply-to", "references", "list-id", "list-post", "list-unsubscribe", "precedence",
    "auto-submitted", "x-gm-thrid",
)  # fmt: skip

REMEMBERED_VALUES = 32_768
REMEMBERED_LENGTH = 400  # longer values are rare, and would let the memory grow
ADDRESS_LENGTH = 320  # RFC 3696: 64 before the @, 255 behind it
DATE_LENGTH = 200
DECODED_LENGTH = 4000  # decoding costs more than its length
DAY_SECONDS = 86_400
LAST_HOUR, LAST_MINUTE, LEAP_SECOND = 23, 59, 60
EPOCH_DAY = 719_163  # date(1970, 1, 1).toordinal()


class Mail(NamedTuple):
    """One message. `to` and `cc` name each person once, without the sender and the list itself."""

    key: str
    sender: str
    thread: str
    reply: str | None
    to: tuple[str, ...]
    cc: tuple[str, ...]
    is_automated: bool


def mail_of(headers: Mapping[str, str], second: int) -> Mail | None:
    """The message that `headers` (lower-case name → value, perhaps folded) describe.

    `second` is the time of sending in UTC seconds since 1970, as `seconds` returns it. None: no
    header names a sender who is somebody.
    """
    lists = list_addresses(headers.get("list-id", ""), headers.get("list-post", ""))
    sender, is_machine = author(headers.get("from", ""))
    if sender is None or sender in lists:
        sender = _behind(headers, lists, is_rewritten=sender is not None)
        if sender is None:
            return None
        is_machine = is_machine or is_machine_address(sender)
    to = addresses(headers["to"]) if "to" in headers else ()
    cc = addresses(headers["cc"]) if "cc" in headers else ()
    own = own_id(headers.get("message-id", ""))
    key = f"mail:{own or anonymous_id(sender, second, {*to, *cc})}"
    root, parent = ends(headers["references"]) if "references" in headers else ("", "")
    if "in-reply-to" in headers:
        answered, _ = ends(headers["in-reply-to"])
        root, parent = root or answered, answered or parent
    conversation = headers.get("x-gm-thrid", "").strip()
    thread = f"gm:{conversation}" if conversation else f"mail:{root}" if root else key
    reply = f"mail:{parent}" if parent and parent != own else None
    others = _without({sender, *lists}, to)
    copied = _without({sender, *lists, *others}, cc)
    return Mail(key, sender, thread, reply, others, copied, is_machine or _says_machine(headers))


def _without(nobody: set[str], addresses: tuple[str, ...]) -> tuple[str, ...]:
    if nobody.isdisjoint(addresses):
        return addresses
    return tuple(address for address in addresses if address not in nobody)


def _behind(headers: Mapping[str, str], lists: frozenset[str], *, is_rewritten: bool) -> str | None:
    """Sender of a mail whose From names nobody, or (rewritten for DMARC) the list itself."""
    names = ("x-original-from", "reply-to") if is_rewritten else ("sender",)
    candidates = (address for name in names for address in addresses(headers.get(name, "")))
    return next((address for address in candidates if address not in lists), None)


# --- addresses --------------------------------------------------------------------------------

_ADDRESS = re.compile(r'[^\x00-\x20\x7f\s@<>,;:()"\\]+@[^\x00-\x20\x7f\s@<>,;()"\\]+')
_LOCAL_PART = re.compile(r'[^\x00-\x20\s@<>,;:()"\\]+')
_QUOTED_NAME = re.compile(r'"[^"\\(]*+"(?=\s*<)')
_OUTSIDE = re.compile(r'\\.|"(?:[^"\\]|\\.)*+"|[^\\"(]++|.', re.DOTALL)
_COMMENT = re.compile(r"\\.|[()]|[^\\()]++|.", re.DOTALL)
_ROUTE = re.compile(r"<\s*+(?:@[^<>:]*+|mailto):", re.IGNORECASE)
_GROUP = re.compile(r"(?:^|(?<=[,;]))[^,;:<>@]*+:")
_ARCHIVED = re.compile(r"\s*(\S+) at (\S+\.\S+)\s*")  # how Pipermail writes an address


def addresses(value: str) -> tuple[str, ...]:
    """Addresses that an address header names: lower case, in order, each once.

    Quoted names with commas, comments, groups, routes, encoded words and `;` between addresses are
    understood. What is no address (a group's name, undisclosed-recipients) is left out.
    """
    is_short = len(value) <= REMEMBERED_LENGTH
    return _addresses(value) if is_short else _addresses.__wrapped__(value)


@lru_cache(REMEMBERED_VALUES)  # the same people write to the same people
def _addresses(value: str) -> tuple[str, ...]:
    if '"' in value:
        value = _QUOTED_NAME.sub("", value)
    if '"' in value or "(" in value or ":" in value or ";" in value or "\\" in value:
        value = _bare(value)
    found = [
        address for token in value.split(",") if (address := _mailbox(token[-REMEMBERED_LENGTH:]))
    ]
    if not found and "=?" in value and "@" in (decoded := decoded_words(value)):
        found = [
            address
            for token in _bare(decoded).split(",")
            if (address := _mailbox(token[-REMEMBERED_LENGTH:]))
        ]
    return tuple(dict.fromkeys(found))


@lru_cache(REMEMBERED_VALUES)
def _mailbox(token: str) -> str | None:
    """The address in `Name <address>` or in a bare address; callers pass a token's last part."""
    start = token.rfind("<")
    if start >= 0:
        written = "".join(token[start + 1 :].partition(">")[0].split())
    else:
        words = [word for word in token.split() if "@" in word]
        written = words[0] if words else ""
    address = written.strip("'").rstrip(".").lower()
    return address if len(address) <= ADDRESS_LENGTH and _ADDRESS.fullmatch(address) else None


def _bare(value: str) -> str:
    """`value` without quoted names, comments, routes and group names: safe to split at commas.

    One pass, so that an absurd header costs no more than its length.
    """
    kept = []
    depth = at = 0
    while at < len(value):
        match = (_COMMENT if depth else _OUTSIDE).match(value, at)
        part = match[0] if match else value[at]
        at += len(part)
        if part == "(":
            depth += 1
        elif depth:
            depth -= part == ")"
        elif part[0] == '"':
            is_local_part = value[at : at + 1] == "@" and _LOCAL_PART.fullmatch(part[1:-1])
            kept.append(part[1:-1] if is_local_part else " ")
        elif part[0] != "\\":
            kept.append(part)
    if depth:  # a lone parenthesis, as in a smiley, is no comment
        return _bare(value.replace("(", " "))
    return _GROUP.sub(",", _ROUTE.sub("<", "".join(kept))).replace(";", ",")


def decoded_words(value: str) -> str:
    """`value` with its RFC 2047 encoded words decoded, or as it is if that fails."""
    if len(value) > DECODED_LENGTH:
        return value
    try:
        text = str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value
    return text.encode("utf-8", "replace").decode("utf-8")


_MAILTO = re.compile(r"mailto:([^<>?\s,]+)", re.IGNORECASE)


@lru_cache(1024)
def _list_addresses(list_id: str, list_post: str) -> frozenset[str]:
    labels = list_id.rpartition("<")[2].partition(">")[0].strip().lower().split(".")
    # RFC 2919 does not say which dot stands for the @, and a local part may hold dots of its own.
    named = {
        f"{'.'.join(labels[:dot])}@{'.'.join(labels[dot:])}" for dot in range(1, len(labels) - 1)
    }
    posted = {unquote(address).strip().lower() for address in _MAILTO.findall(list_post)}
    return frozenset(address for address in named | posted if _ADDRESS.fullmatch(address))


def list_addresses(list_id: str, list_post: str) -> frozenset[str]:
    """Addresses of the mailing list itself, from the values of List-Id and List-Post."""
    if not list_id and not list_post:
        return frozenset()
    return _list_addresses(list_id[-ADDRESS_LENGTH:], list_post[:REMEMBERED_LENGTH])


# --- machines ---------------------------------------------------------------------------------

_MACHINE = re.compile(
    r"(?:.*[-_.+])?(?:no[-_.]?reply|do[-_.]?not[-_.]?reply)(?:[-_.+=].*)?"
    r"|mailer-daemon(?:[-_.+=].*)?|postmaster|(?:.*[-_+])?bounces?(?:[-_+=.].*)?|.*\[bot\]"
)
_BOT_NAME = re.compile(r"""\[bot\]["')\s]*+(?:<|\Z)""", re.IGNORECASE)


def is_machine_address(address: str) -> bool:
    """Whether the part before the @ is no-reply, mailer-daemon, postmaster, bounces or a [bot]."""
    return _MACHINE.fullmatch(address.rpartition("@")[0]) is not None


def author(value: str) -> tuple[str | None, bool]:
    """First address of a From header (None: none), and whether name or address is a machine's."""
    return _author(value) if len(value) <= REMEMBERED_LENGTH else _author.__wrapped__(value)


@lru_cache(REMEMBERED_VALUES)
def _author(value: str) -> tuple[str | None, bool]:
    found = addresses(value)
    address = found[0] if found else None
    if not found and (archived := _ARCHIVED.fullmatch(_bare(value))):
        address = _mailbox("@".join(archived.groups())[-REMEMBERED_LENGTH:])
    name = decoded_words(value) if "=?" in value else value
    is_machine = address is not None and is_machine_address(address)
    return address, is_machine or _BOT_NAME.search(name) is not None


def _says_machine(headers: Mapping[str, str]) -> bool:
    """Whether the headers say: sent by a machine. A List-Id alone says: discussion list."""
    if "list-unsubscribe" in headers and "list-id" not in headers:
        return True  # a newsletter
    if "precedence" in headers and headers["precedence"].strip().lower() in {"bulk", "junk"}:
        return True
    if "auto-submitted" not in headers:
        return False
    return headers["auto-submitted"].partition(";")[0].strip().lower() not in {"no", ""}


# --- identity ---------------------------------------------------------------------------------

_ID = re.compile(r"<([!-;=?-~]++)>")  # an id that is not all ASCII is found as nested ones are
_NESTED_ID = re.compile(r"<((?:[^<>]|<[^<>]*>)+)>")  # "<<id>+suffix>", as a gateway writes it
_PLAIN_ID = re.compile(r"\s*+<([!-;=?-~]++)>\s*+")  # as nearly all are
_OWN_ID = re.compile(r"\s*<[^<>]*>(?=\s)")  # what follows is a comment
_BRACKETS = str.maketrans("", "", "<>")


def own_id(value: str) -> str:
    """The id in a Message-ID header, without angle brackets and white space; "" if none."""
    if plain := _PLAIN_ID.fullmatch(value):
        return plain[1]
    comment = _OWN_ID.match(value)
    return "".join((comment[0] if comment else value).translate(_BRACKETS).split())


def ends(value: str) -> tuple[str, str]:
    """First and last id in References or In-Reply-To, as `own_id` writes them; "" if none."""
    found = _ID.findall(value)
    if not found or len(found) != value.count("<"):
        nested = (own_id(name) for name in _NESTED_ID.findall(value))
        found = [name for name in nested if name]
        if not found:
            words = value.translate(_BRACKETS).split()
            found = words if len(words) == 1 else [word for word in words if "@" in word]
    return (found[0], found[-1]) if found else ("", "")


def anonymous_id(sender: str, second: int, recipients: Iterable[str]) -> str:
    """Identity of a message without Message-ID: "~" and a hash of sender, UTC second, recipients.

    `recipients` are all distinct addresses of To and Cc, a list's address included: the sender's
    own copy does not show that it is a list's.
    """
    parts = (sender, str(second), *sorted(set(recipients)))
    return "~" + blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


# --- time -------------------------------------------------------------------------------------

_DATE = re.compile(
    r"\s*(?:[A-Za-z]+\.?,?\s*)?(\d{1,2})[\s-]+([A-Za-z]{3})[a-z]*+\.?[\s-]+(\d{2,4})"
    r"\s+(\d{1,2}):(\d\d)(?::(\d\d))?"
    r"\s*((?:UTC?|GMT)?[+-]\d\d:?\d\d|[A-Za-z]*+)\s*(?:\(|\Z)",
    re.ASCII,
)
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_ZONES = {  # hours; RFC 5322 obsolete zones and Europe's; every other name means UTC
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "WEST": 1, "BST": 1, "CET": 1, "MET": 1, "CEST": 2, "MEST": 2, "EET": 2, "EEST": 3,
}  # fmt: skip


_USUAL_DATE = re.compile(  # what nearly every mail has
    r"\s?[A-Z][a-z]{2}, (\d{1,2} [A-Z][a-z]{2} \d{4}) ([01]\d|2[0-3]):([0-5]\d):([0-5]\d)"
    r" ([+-]\d{4})(?: \(|\Z)",
    re.ASCII,
)
_TWO_DIGITS = {f"{number:02}": number for number in range(60)}


def seconds(value: str) -> int | None:
    """A Date header in UTC seconds since 1970-01-01. None: missing or impossible.

    A date without zone, or with an unknown one, is UTC.
    """
    match = _USUAL_DATE.match(value)
    if match is None:
        return _unusual_seconds(value)
    day, hour, minute, second, zone = match.groups()
    start = _midnight(day, zone)
    if start is None:
        return None
    return start + (_TWO_DIGITS[hour] * 60 + _TWO_DIGITS[minute]) * 60 + _TWO_DIGITS[second]


def _unusual_seconds(value: str) -> int | None:
    match = _DATE.match(value)
    if match is None:
        return _odd_seconds(value)
    day, month, year, hour, minute, second, zone = match.groups()
    start, offset = _day_start(day, month, year), _offset(zone)
    hours, minutes, rest = int(hour), int(minute), int(second or 0)
    is_clock = hours <= LAST_HOUR and minutes <= LAST_MINUTE and rest <= LEAP_SECOND
    if start is None or offset is None or not is_clock:
        return None
    return start + hours * 3600 + minutes * 60 + rest - offset


@lru_cache(4096)
def _midnight(day: str, zone: str) -> int | None:
    """When a day written as "1 Jan 2026" starts in a zone."""
    start, offset = _day_start(*day.split()), _offset(zone)
    return None if start is None or offset is None else start - offset


@lru_cache(4096)
def _day_start(day: str, month: str, year: str) -> int | None:
    number = int(year)
    if year < "50" and len(year) == len("49"):  # RFC 5322, 4.3
        number += 2000
    elif len(year) < len("1999"):
        number += 1900
    try:
        return (
            date(number, _MONTHS[month.lower()], int(day)).toordinal() - EPOCH_DAY
        ) * DAY_SECONDS
    except (KeyError, ValueError):
        return None


@lru_cache(1024)
def _offset(zone: str) -> int | None:
    digits = zone.lstrip("UTCGM").replace(":", "")
    if not digits[1:].isdecimal() or digits[0] not in "+-":
        return _ZONES.get(zone.upper(), 0) * 3600
    size = int(digits[1:3]) * 3600 + int(digits[3:5]) * 60
    return None if size >= DAY_SECONDS else -size if digits[0] == "-" else size


_DATE_COMMENT = re.compile(r"\([^()]*\)")
_COLON = re.compile(r"\s*+:\s*+")


def _odd_seconds(value: str) -> int | None:
    """asctime, missing parts, comments in between, ISO 8601: slower, and rare."""
    value = _COLON.sub(":", _DATE_COMMENT.sub("", value[:DATE_LENGTH])).strip()
    try:
        parsed = parsedate_tz(value)
        if parsed is not None and parsed[0] > 0:
            return int(datetime(*parsed[:6], tzinfo=UTC).timestamp()) - (parsed[9] or 0)
        moment = datetime.fromisoformat(value)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (IndexError, OverflowError, TypeError, ValueError):
        return None
