import functools
import sqlite3

connect = sqlite3.connect
fast = functools.partial(sqlite3.connect, timeout=1)
short = lambda path: sqlite3.connect(path)


def a(path):
    with connect(path) as conn:  # want HS001
        conn.execute("SELECT 1")


def b(path):
    with fast(path) as conn:  # want HS001
        conn.execute("SELECT 1")


def c(path):
    with short(path) as conn:  # want HS001
        conn.execute("SELECT 1")
