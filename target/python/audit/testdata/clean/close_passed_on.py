import atexit
import contextlib
import sqlite3
import weakref


def stacked(path):
    with contextlib.ExitStack() as stack:
        conn = sqlite3.connect(path)
        stack.callback(conn.close)
        return conn.execute("SELECT 1").fetchall()


def at_exit(path):
    conn = sqlite3.connect(path)
    atexit.register(conn.close)
    conn.execute("SELECT 1")


def listed(app, path):
    conn = sqlite3.connect(path)
    app.on_end.append(conn.close)


def named(path):
    conn = sqlite3.connect(path)
    close = conn.close
    try:
        return conn.execute("SELECT 1").fetchall()
    finally:
        close()


class Finalized:
    def __init__(self, path):
        self.finalized = sqlite3.connect(path)
        weakref.finalize(self, self.finalized.close)
