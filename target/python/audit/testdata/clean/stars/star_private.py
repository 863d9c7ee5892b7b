import contextlib
import sqlite3


def _hidden(path):
    return sqlite3.connect(path)


def public(path):
    with contextlib.closing(_hidden(path)) as c:
        return c.execute("SELECT 1").fetchall()
