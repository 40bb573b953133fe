"""The report: one HTML file that needs no network, made from a published database and nothing else."""

from __future__ import annotations

from warehouse.serving.report.page import FILES, render, write_beside
from warehouse.serving.report.words import LANGUAGES

__all__ = ["FILES", "LANGUAGES", "render", "write_beside"]
