import contextlib
import sqlite3


def rows(path):
    with contextlib.ExitStack() as stack:
        conn = stack.enter_context(sqlite3.connect(path))  # want HS001
        return conn.execute("SELECT 1").fetchall()
