"""Mailboxes (mbox, mboxrd quoting): one per partner, with every mail its people sent or got."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC
from email.utils import format_datetime, formataddr
from functools import lru_cache
from typing import TYPE_CHECKING

from flows.demo_network import texts
from flows.demo_network.people import BY_SLUG, LIST_DOMAIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from flows.demo_network.happenings import Mail
    from flows.demo_network.people import Seat

EXTRA = {
    "person": (),
    "newsletter": (
        "Precedence: bulk",
        "List-Unsubscribe: <mailto:afmelden@nieuws.example>",
    ),
    "machine": ("Auto-Submitted: auto-generated",),
    "list": (f"List-Id: Regionetwerk <regionetwerk.{LIST_DOMAIN}>", "Precedence: list"),
}
IMPOSSIBLE = (
    "From secretariaat@{domain} Sat Jan 10 09:00:00 2026",
    "From: secretariaat@{domain}",
    "To: info@{domain}",
    "Subject: Verstuurd op een dag die niet bestaat",
    "Date: Tue, 31 Feb 2026 25:61:00 +0100",
    "Message-ID: <onmogelijk-{number}@{domain}>",
    "",
    "Deze datum bestaat niet.",
    "",
    "",
)


def mailboxes(mails: Sequence[Mail], gap: tuple[str, date, date] | None) -> dict[str, bytes]:
    """Slug → mailbox; `gap` is (slug, first day, day after the last) of what was not delivered."""
    ids = {mail.number: message_id(mail) for mail in mails}
    boxes: defaultdict[str, list[bytes]] = defaultdict(list)
    for mail in sorted(mails, key=lambda mail: (mail.sent, mail.number)):
        text = _message(mail, ids)
        day = mail.sent.date()
        for slug in holders(mail):
            if gap is None or slug != gap[0] or not gap[1] <= day < gap[2]:
                boxes[slug].append(text)
    return {slug: b"".join(box) for slug, box in boxes.items()}


def holders(mail: Mail) -> Iterable[str]:
    """Partners in whose mailbox the mail is."""
    people = (mail.sender, *mail.to, *mail.cc)
    return dict.fromkeys(
        slug for slug in (*(seat.organisation for seat in people), *mail.copies) if slug
    )


def impossible_dates(slug: str, count: int) -> bytes:
    """Mails dated on a day that does not exist."""
    domain = BY_SLUG[slug].domain
    return "".join(
        "\n".join(IMPOSSIBLE).format(domain=domain, number=number) for number in range(count)
    ).encode()


def _message(mail: Mail, ids: dict[int, str]) -> bytes:
    sender = written(mail.sender, mail.number)
    lines = [
        f"From {sender} {mail.sent.astimezone(UTC).ctime()}",
        f"From: {mailbox(mail.sender.name, sender)}",
        f"To: {_addressees(mail.to, mail.number)}",
    ]
    if mail.cc:
        lines.append(f"Cc: {_addressees(mail.cc, mail.number)}")
    root = mail.thread[0] if mail.thread else mail.number
    lines += (
        f"Subject: {'Re: ' if mail.thread else ''}{texts.subject(root)}",
        f"Date: {format_datetime(mail.sent)}",
        f"Message-ID: {ids[mail.number]}",
    )
    if mail.thread:
        lines.append(f"In-Reply-To: {ids[mail.thread[-1]]}")
        lines.append("References: " + "\n ".join(ids[number] for number in mail.thread))
    lines += EXTRA[mail.kind]
    lines += (
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        *(f">{line}" if line.startswith("From ") else line for line in texts.body(mail.number)),
        "",
        "",
    )
    return "\n".join(lines).encode()


def message_id(mail: Mail) -> str:
    domain = mail.sender.address.partition("@")[2]
    return f"<{mail.number * 2654435761 % 2**32:08x}.{mail.number}@{domain}>"


def _addressees(seats: Iterable[Seat], number: int) -> str:
    return ",\n ".join(mailbox(seat.name, written(seat, number)) for seat in seats)


def written(seat: Seat, number: int) -> str:
    """Now and then people use another of their addresses."""
    if seat.aliases and (number + seat.number) % 9 == 0:
        return seat.aliases[0]
    return seat.address


@lru_cache(maxsize=1024)
def mailbox(name: str, address: str) -> str:
    """Name and address as a header has them, encoded where the name is not ASCII."""
    return formataddr((name, address))
