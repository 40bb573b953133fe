"""Days that are no days: since ever, and until further notice."""

from __future__ import annotations

from datetime import date

ALWAYS = date(1, 1, 1)
OPEN = date(9999, 12, 31)
