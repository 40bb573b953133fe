"""Refused rows after somebody has looked at them: read their file again, or leave it at that."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb


def release(con: duckdb.DuckDBPyConnection, files: Sequence[int]) -> int:
    """Let the next run read the files again, whatever was discarded of them; return how many have refusals."""
    con.execute("BEGIN")
    mine = {"files": list(files)}
    found = con.execute(
        "SELECT count(DISTINCT file_id) FROM quarantine WHERE list_contains($files, file_id)", mine
    ).fetchall()[0][0]
    con.execute("DELETE FROM discarded WHERE list_contains($files, file_id)", mine)
    # What it held stays until it is read: an empty content is that of no file.
    con.execute(
        "UPDATE source_file SET content = '' WHERE list_contains($files, file_id) AND file_id IN"
        " (SELECT file_id FROM quarantine)",
        mine,
    )
    con.execute("COMMIT")
    return int(found)


def discard(
    con: duckdb.DuckDBPyConnection, files: Sequence[int], contents: Mapping[int, str]
) -> int:
    """Remove the files' refusals and remember them, so that they are not told again; return how many.

    `contents`: file_id → hash of the file as it is now; a file that was refused whole is not tried
    again while it is that.
    """
    con.execute("BEGIN")
    mine = {"files": list(files)}
    con.execute(
        """INSERT INTO discarded
           SELECT DISTINCT q.file_id, q.position, q.stage, q.reason,
             CASE WHEN q.stage = 'batch' THEN coalesce(c.content, '') ELSE '' END
           FROM quarantine AS q
           LEFT JOIN (SELECT unnest($ids) AS file_id, unnest($contents) AS content) AS c USING (file_id)
           WHERE list_contains($files, q.file_id)""",
        mine | {"ids": list(contents.keys()), "contents": list(contents.values())},
    )
    rows = con.execute(
        "DELETE FROM quarantine WHERE list_contains($files, file_id)", mine
    ).fetchall()[0][0]
    con.execute("COMMIT")
    return int(rows)


def given_up(con: duckdb.DuckDBPyConnection) -> set[tuple[int, str]]:
    """(file_id, content) of the files that were refused whole and are not to be tried again."""
    return set(
        con.execute(
            "SELECT file_id, content FROM discarded WHERE stage = 'batch' AND content <> ''"
        ).fetchall()
    )
