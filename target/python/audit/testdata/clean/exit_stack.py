import contextlib
import sqlite3


def rows(path):
    with contextlib.ExitStack() as stack:
        conn = stack.enter_context(contextlib.closing(sqlite3.connect(path)))
        return conn.execute("SELECT 1").fetchall()


def by_callback(path):
    with contextlib.ExitStack() as stack:
        conn = sqlite3.connect(path)
        stack.callback(conn.close)
        stack.enter_context(conn)
        return conn.execute("SELECT 1").fetchall()


def many(paths):
    with contextlib.ExitStack() as stack:
        return [stack.enter_context(contextlib.closing(sqlite3.connect(p))).total_changes for p in paths]
