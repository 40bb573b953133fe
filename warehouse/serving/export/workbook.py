"""Tables and views as one Excel workbook: a sheet each, and one with what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from xlsxwriter import Workbook

from warehouse.serving.export.released import batches, facts
from warehouse.serving.export.tables import written

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb
    import polars as pl
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from warehouse.serving.export.released import Relation

ROWS: Final = 1_048_575  # of a sheet, below its header
SHEETS: Final = (
    "signal", "quarterly_network", "quarterly_organisation", "quarterly_lines", "monthly_network",
    "monthly_organisation", "monthly_team", "monthly_lines", "metric", "calendar",
)  # fmt: skip
_FORMATS: Final = {
    "DOUBLE": "#,##0.00", "BIGINT": "#,##0", "INTEGER": "#,##0", "DATE": "yyyy-mm-dd",
    "TIMESTAMP": "yyyy-mm-dd hh:mm", "VARCHAR": "@",
}  # fmt: skip
_WIDTHS: Final = {"DATE": 11, "TIMESTAMP": 16, "DOUBLE": 12, "BIGINT": 10, "BOOLEAN": 10}
_WIDEST: Final = 48


class TooManyRowsError(Exception):
    """A table does not fit on a sheet; the message says which and what to do."""


def write_workbook(
    con: duckdb.DuckDBPyConnection, tables: Sequence[Relation], path: Path
) -> dict[str, int]:
    """Write `tables` as sheets of the workbook `path`; return table → rows.

    Texts are written as texts, so none is run as a formula. Raises TooManyRowsError.
    """
    rows = {}
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False, "nan_inf_to_errors": True,
        "default_date_format": _FORMATS["DATE"],
    }  # fmt: skip
    with written(path) as part, Workbook(part, options) as book:
        told = {key: str(value) for key, value in facts(con).items() if value is not None}
        book.set_properties(
            {"title": f"Connecting lines of {told['network']}", "author": "Tieline"}
        )
        head = book.add_format(
            {"bold": True, "bg_color": "#DCE6F1", "bottom": 1, "text_wrap": True}
        )
        _about(book, head, tables, told)
        for table in tables:
            rows[table.name] = _sheet(con, book, head, table)
    return rows


def _sheet(con: duckdb.DuckDBPyConnection, book: Workbook, head: Format, table: Relation) -> int:
    """One sheet: header with the words of each column as a note, filter, frozen header, widths."""
    sheet = book.add_worksheet(table.name)
    kinds = [book.add_format({"num_format": _FORMATS.get(f.type, "General")}) for f in table.fields]
    frames = batches(con, table)
    first = next(frames)
    rows, started = 0, False
    for frame in frames:
        if not started:
            _columns(sheet, head, table, kinds, frame)
            started = True
        if rows + frame.height > ROWS:
            raise TooManyRowsError(
                f"{table.name}: more than {ROWS:,} rows, which no sheet holds; leave it out, or"
                " export it as csv or parquet"
            )
        for row in frame.iter_rows():
            rows += 1
            for column, value in enumerate(row):
                if value is None:
                    continue
                if isinstance(value, str):
                    sheet.write_string(rows, column, value, kinds[column])
                else:
                    sheet.write(rows, column, value, kinds[column])
    if not started:
        _columns(sheet, head, table, kinds, first)
    sheet.autofilter(0, 0, max(rows, 1), len(table.fields) - 1)
    return rows


def _columns(
    sheet: Worksheet, head: Format, table: Relation, kinds: Sequence[Format], frame: pl.DataFrame
) -> None:
    """Header, widths and frozen panes: before the rows, since rows are written as they come."""
    keys = ("period", "period_end", "label", "boundary", "unit", "other_unit", "line", "kind")
    frozen = next((n for n, f in enumerate(table.fields) if f.name not in keys), 0)
    sheet.freeze_panes(1, min(frozen, 3))
    for number, field in enumerate(table.fields):
        width = _WIDTHS.get(field.type) or _longest(frame[field.name])
        sheet.set_column(number, number, max(width, min(len(field.name), 16) + 2), kinds[number])
        sheet.write_string(0, number, field.name, head)
        sheet.write_comment(0, number, field.description)


def _longest(texts: pl.Series) -> int:
    longest = texts.str.len_chars().max() if texts.len() else None
    return min(cast("int", longest or 8) + 2, _WIDEST)


def _about(book: Workbook, head: Format, tables: Sequence[Relation], told: dict[str, str]) -> None:
    """The first sheet: where the numbers come from, and what each column means."""
    sheet = book.add_worksheet("about")
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    bold = book.add_format({"bold": True})
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 30)
    sheet.set_column(2, 2, 90, wrap)
    sheet.freeze_panes(1, 0)
    for column, text in enumerate(("sheet", "column", "meaning")):
        sheet.write_string(0, column, text, head)
    row = 1
    for name, value in told.items():
        sheet.write_string(row, 0, "publication", bold)
        sheet.write_string(row, 1, name)
        sheet.write_string(row, 2, value, wrap)
        row += 1
    for table in tables:
        sheet.write_url(row, 0, f"internal:'{table.name}'!A1", bold, table.name)
        sheet.write_string(row, 2, table.description, wrap)
        row += 1
        for field in table.fields:
            sheet.write_string(row, 1, field.name)
            sheet.write_string(row, 2, field.description, wrap)
            row += 1
