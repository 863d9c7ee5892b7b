import sqlite3


class Shared:
    conn = sqlite3.connect("x")
    _one = None

    @classmethod
    def get(cls):
        if cls._one is None:
            cls._one = sqlite3.connect("y")
        return cls._one


def rows():
    with Shared.get() as conn:
        return conn.execute("SELECT 1").fetchall()
