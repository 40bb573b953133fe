"""How much of a file is taken before it is called hostile: every bound of size, in one place.

Whoever needs other bounds changes them here; they are looked up when a file is read.
"""

from __future__ import annotations

LINE = 1 << 23  # bytes of one line of text that are read, roughly; what comes after is passed over
HELD = 1 << 29  # bytes of one text that has to be held whole: a calendar, a JSON document
JSON_LINE = 1 << 28  # bytes of one line of JSON, which may be a whole page or export
UNPACKED = 1 << 40  # bytes that one packed file may unpack to
RATIO = 200  # times its packed size that a file may unpack to
FREE = 1 << 30  # bytes up to which the ratio does not matter
MEMBERS = 200_000  # files that one archive may hold
