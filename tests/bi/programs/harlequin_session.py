"""Drive Harlequin's own terminal application: python harlequin_session.py PATH QUERY; prints what it shows."""

import asyncio
import json
import sys

from harlequin import Harlequin
from harlequin_duckdb import DuckDbAdapter

PATH, QUERY = sys.argv[1:3]


async def main():
    app = Harlequin(DuckDbAdapter((PATH,), read_only=True))
    async with app.run_test(size=(140, 40)) as pilot:
        while app.editor is None or app.connection is None:
            await pilot.pause(0.2)
        for _ in range(50):
            await pilot.pause(0.2)
            names = catalog(app)
            if "monthly_lines" in names:
                break
        app.editor.text = QUERY
        await pilot.press("ctrl+j")
        table = None
        for _ in range(50):
            await pilot.pause(0.2)
            table = app.results_viewer.get_visible_table()
            if table is not None and table.source_row_count:
                break
        rows = [list(table.get_row_at(n)) for n in range(table.source_row_count)]
        print("RESULT" + json.dumps({"catalog": names, "rows": rows}, default=str))


def catalog(app):
    found, todo = [], list(app.data_catalog.database_tree.root.children)
    while todo:
        node = todo.pop()
        if node.data is not None:
            item = node.data
            found.append(item.label)
            if item.label in {"bi", "mart"} and not node.is_expanded:
                node.expand()
        todo += node.children
    return found


asyncio.run(main())
