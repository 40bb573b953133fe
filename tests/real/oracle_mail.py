"""Mail as the standard library reads it, and the acts that METRICS.md A makes of it."""

from __future__ import annotations

import gzip
import mailbox
import re
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parsedate_to_datetime
from typing import TYPE_CHECKING

import pandas as pd

from tests.real.oracle_people import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date
    from email.message import Message
    from pathlib import Path
    from zoneinfo import ZoneInfo

TO, CC = 1.0, 0.5
CAP = 8


@dataclass(frozen=True)
class Mail:
    """One message; people in one spelling, lists and machines left out."""

    id: str
    sender: str | None
    to: frozenset[str]
    cc: frozenset[str]
    day: date
    parent: str | None
    is_automated: bool

    @property
    def weights(self) -> dict[str, float]:
        """Recipients and what part of the message is theirs, before it is brought to 1."""
        return dict.fromkeys(self.cc, CC) | dict.fromkeys(self.to, TO)

    @property
    def people(self) -> frozenset[str]:
        return self.to | self.cc | ({self.sender} if self.sender else set())


def messages(path: Path) -> list[Message]:
    """Header blocks of every message of a compressed mailbox."""
    with tempfile.NamedTemporaryFile(suffix=".mbox") as file:
        file.write(gzip.decompress(path.read_bytes()))
        file.flush()
        box = mailbox.mbox(file.name, factory=BytesHeaderParser().parse, create=False)
        try:
            return list(box)
        finally:
            box.close()


def named(message: Message, *headers: str) -> list[str]:
    """Addresses as written in these headers."""
    values = [str(value) for name in headers for value in message.get_all(name, [])]
    return [address for _, address in getaddresses(values) if "@" in address]


def ids(message: Message, header: str) -> list[str]:
    return re.findall(r"<([^<>\s]+)>", str(message.get(header, "")))


def mail(message: Message, zone: ZoneInfo, is_nobody: Callable[[str], bool]) -> Mail:
    lists = {
        f"{a}@{b}" for a, b in re.findall(r"<([^.<>]+)\.([^<>]+)>", message.get("List-Id", ""))
    }

    def people(header: str) -> list[str]:
        found = [canonical(address) for address in named(message, header)]
        return [one for one in found if one not in lists and not is_nobody(one)]

    author = named(message, "From")[0].lower()
    sender = next(iter(people("From")), None)
    answered, before = ids(message, "In-Reply-To"), ids(message, "References")
    submitted = message.get("Auto-Submitted", "no").lower()
    return Mail(
        id=ids(message, "Message-ID")[0],
        sender=sender,
        to=frozenset(people("To")) - {sender},
        cc=frozenset(people("Cc")) - {sender, *people("To")},
        day=parsedate_to_datetime(message["Date"]).astimezone(zone).date(),
        parent=answered[0] if answered else before[-1] if before else None,
        is_automated=submitted != "no"
        or message.get("Precedence", "").lower() in {"bulk", "junk"}
        or ("List-Unsubscribe" in message and "List-Id" not in message)
        or re.match(r"no-?reply@|.*\[bot\]", author) is not None,
    )


def united(mails: Iterable[Mail]) -> dict[str, Mail]:
    """Copies of a message as one: To and Cc of all."""
    found: dict[str, Mail] = {}
    for one in mails:
        known = found.setdefault(one.id, one)
        to = known.to | one.to
        found[one.id] = replace(known, to=to, cc=(known.cc | one.cc) - to)
    return found


def answered(mails: dict[str, Mail]) -> Iterator[Mail]:
    """What people wrote. Who answers the list answers the one whose message it was."""
    for one in mails.values():
        if one.is_automated:
            continue
        parent = mails.get(one.parent or "")
        if not one.weights and parent and not parent.is_automated and parent.sender != one.sender:
            yield replace(one, to=frozenset({parent.sender}))
        else:
            yield one


def acts(mails: Iterable[Mail]) -> pd.DataFrame:
    """day, s, t, w: each message is 1 over its recipients, unless it is a broadcast."""
    rows = [
        (one.day, one.sender, person, weight / sum(one.weights.values()))
        for one in mails
        if one.sender and len(one.people) <= CAP
        for person, weight in one.weights.items()
    ]
    return pd.DataFrame(rows, columns=["day", "s", "t", "w"]).astype({"day": "datetime64[us]"})


def header_count(path: Path, pattern: bytes) -> Counter[bytes]:
    """How often each value of a header line occurs, by regular expression over the whole file."""
    return Counter(
        re.findall(pattern, gzip.decompress(path.read_bytes()), re.MULTILINE | re.IGNORECASE)
    )
