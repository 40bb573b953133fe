"""Data as text in a page."""

from __future__ import annotations

import json
from typing import Any


def embedded(value: dict[str, Any]) -> str:
    """JSON that cannot end the script element which holds it, in one line."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
