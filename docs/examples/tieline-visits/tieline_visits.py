"""Visitors' book of a front desk: a line per visit, as time|host|visitor."""
from datetime import UTC, datetime
from itertools import islice

from transforms.sources.base import (
    BATCH_ROWS, RAW_EVENT, RAW_PARTICIPATION, RAW_REJECT, Batch, Source, frame,
)
from transforms.sources.opening import opened_text

def read(path, options):
    with opened_text(path) as text:
        lines = enumerate(text, 1)
        while chunk := list(islice(lines, BATCH_ROWS)):
            yield batch(chunk, options)

def batch(lines, options):
    events, people, rejects = ({name: [] for name in columns}
                               for columns in (RAW_EVENT, RAW_PARTICIPATION, RAW_REJECT))
    for number, line in lines:
        try:
            time, host, visitor = line.strip().lower().split("|")
            at = datetime.fromisoformat(time).replace(tzinfo=options.time_zone).astimezone(UTC)
        except ValueError:
            add(rejects, (number, "line", "is not time|host|visitor"))
            continue
        if options.since <= at < options.until:
            key = f"meeting:visit:{time}|{host}|{visitor}"
            add(events, (key, "meeting", "visit", at, None, host, None, None, None, False, False, 0, number))
            add(people, (key, host, "organiser", "none", False))
            add(people, (key, visitor, "required", "none", False))
    told = len(events["event_key"]) + len(rejects["place"])
    return Batch(frame(events, RAW_EVENT), frame(people, RAW_PARTICIPATION),
                 frame(rejects, RAW_REJECT), records=len(lines), skipped=len(lines) - told)

def add(columns, row):
    for column, value in zip(columns.values(), row, strict=True):
        column.append(value)

SOURCE = Source(
    name="visits", title="Visitors' book (.visits)", channel="meeting",
    how="The front desk's tablet: Menu > Export > This year", reads=("time", "host", "visitor"),
    sniff=lambda path, head: 0.8 * (head.partition(b"\n")[0].count(b"|") == 2), read=read,
)
