import contextlib
import functools
import sqlite3

NAME = ":memory:"
in_memory = lambda: sqlite3.connect(":memory:")


def memory():
    start = lambda: sqlite3.connect(":memory:")
    part = functools.partial(sqlite3.connect, ":memory:")
    start().execute("SELECT 1")
    part().execute("SELECT 1")
    named = lambda: sqlite3.connect(NAME)
    named().execute("SELECT 1")
    keyword = functools.partial(sqlite3.connect, database=NAME)
    keyword().execute("SELECT 1")
    return in_memory().execute("SELECT 1")


def closed(path):
    start = lambda: sqlite3.connect(path)
    with contextlib.closing(start()) as c:
        return c.execute("SELECT 1").fetchall()


def set_twice(path, fake):
    start = sqlite3.connect
    if fake:
        start = fake
    c = start(path)
    c.execute("SELECT 1")


def closes_second(_, conn):
    conn.close()


def argument_elsewhere(path):
    end = lambda conn: closes_second(1, conn)
    start = functools.partial(closes_second, 1)
    c = sqlite3.connect(path)
    end(c)
    d = sqlite3.connect(path)
    start(d)


class Ends:
    def end(self, conn):
        conn.close()

    def rows(self, path):
        end = self.end
        c = sqlite3.connect(path)
        end(c)


class GivenStart:
    start = staticmethod(sqlite3.connect)

    def __init__(self, start):
        self.start = start

    def rows(self, path):
        return self.start(path).execute("SELECT 1").fetchall()


end_second = lambda conn: closes_second(1, conn)
start_second = functools.partial(closes_second, 1)


def argument_elsewhere_by_module(path):
    c = sqlite3.connect(path)
    end_second(c)
    d = sqlite3.connect(path)
    start_second(d)
