"""What the users expect of their sources, as it stands in tieline.toml."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field


class Expect(Struct, frozen=True, forbid_unknown_fields=True):
    """What you expect of a source, by any expectation of Great Expectations; docs/operations.md shows some.

    Attributes:
        type: Its name there, as expect_column_values_to_be_in_set.
        arguments: Its arguments there, as { column = "kind", value_set = ["mail"] }.
        table: What it is of: the events, participations or files of the source that a run reads, as the tables
            observed_event, observed_participation and source_file have them, or each night as a whole, as
            source_night.
        severity: critical refuses the files of the source that the run has read; warning stands in
            `tieline status`; info is only kept. A night is never critical.
        name: Your own name for it; when empty, its type and column.
    """

    type: str
    arguments: dict[str, Any] = field(default_factory=dict)
    table: Literal["event", "participation", "file", "night"] = "event"
    severity: Literal["critical", "warning", "info"] = "warning"
    name: str = ""

    @property
    def title(self) -> str:
        """What it is called."""
        kind = self.type.removeprefix("expect_").replace("_", " ")
        return self.name or " ".join(filter(None, (kind, str(self.arguments.get("column", "")))))
