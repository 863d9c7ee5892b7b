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


DATABASE = ":memory:"


def by_constant():
    conn = sqlite3.connect(DATABASE)
    return conn.execute("SELECT 1").fetchone()


class InMemory(sqlite3.Connection):
    def __init__(self):
        super().__init__(":memory:")


def by_subclass():
    return InMemory().execute("SELECT 1").fetchone()
