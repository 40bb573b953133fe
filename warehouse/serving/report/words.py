"""Every word of the report, in each of its languages, from one file."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Final

LANGUAGES: Final = ("nl", "en")
_FILE: Final = Path(__file__).parent / "words.toml"


@cache
def every_word() -> dict[str, dict[str, str]]:
    """Key → language → text, as words.toml has them."""
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def words(language: str) -> dict[str, str]:
    """Key → text in `language`.

    Raises:
        ValueError: the report does not speak it.
    """
    if language not in LANGUAGES:
        raise ValueError(f"no language {language!r}; there are: {', '.join(LANGUAGES)}")
    return {key: texts[language] for key, texts in every_word().items()}
