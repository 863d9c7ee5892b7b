import functools
import sqlite3


@functools.lru_cache(maxsize=None)
def get(path):
    return sqlite3.connect(path)


@functools.cache
def one():
    return sqlite3.connect("x")


def rows(path):
    with get(path) as conn:
        return conn.execute("SELECT 1").fetchall() + one().execute("SELECT 1").fetchall()


class Store:
    @functools.cached_property
    def conn(self):
        return sqlite3.connect("x")

    def rows(self):
        with self.conn as conn:
            return conn.execute("SELECT 1").fetchall()
