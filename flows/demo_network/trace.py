"""A mail server's own log (Exchange's enhanced summary): one partner delivers it beside its mailbox."""

from __future__ import annotations

import csv
import io
from datetime import UTC
from typing import TYPE_CHECKING

from flows.demo_network.mbox import holders, message_id, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.demo_network.happenings import Mail

HEADER = (
    "origin_timestamp_utc", "sender_address", "recipient_status", "message_subject", "total_bytes",
    "message_id", "network_message_id", "original_client_ip", "directionality", "connector_id",
    "delivery_priority",
)  # fmt: skip


def trace(slug: str, mails: Sequence[Mail]) -> bytes:
    """CSV of the mails between people that passed the partner's server: a row each."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(HEADER)
    for mail in sorted(mails, key=lambda mail: (mail.sent, mail.number)):
        if mail.kind != "person" or slug not in holders(mail):
            continue
        status = ";".join(
            f"{written(seat, mail.number)}##Receive, Deliver" for seat in (*mail.to, *mail.cc)
        )
        rows.writerow([
            mail.sent.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000Z"),
            written(mail.sender, mail.number), status, "", 4096, message_id(mail),
            f"{mail.number:032x}", "", "Incoming", "", "Normal",
        ])  # fmt: skip
    return text.getvalue().encode()
