"""Parameters that flows share. Pydantic checks them; Prefect's form shows what the flow's docstring says of each."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

SettingsPath = Annotated[str, Field(min_length=1)]
Wait = Annotated[int, Field(ge=0, le=86_400)]
