import sqlite3


def one():
    with sqlite3.connect(":memory:") as conn:
        return conn.execute("SELECT 1").fetchone()


def two():
    conn = sqlite3.connect("file::memory:?cache=shared", uri=True)
    return conn.execute("SELECT 1").fetchone()


def three():
    conn = sqlite3.connect(database="file:x?mode=memory", uri=True)
    return conn.execute("SELECT 1").fetchone()
