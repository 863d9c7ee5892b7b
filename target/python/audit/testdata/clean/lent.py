import functools
import sqlite3


def with_db(fn):
    @functools.wraps(fn)
    def inner(*args, **kwargs):
        conn = sqlite3.connect("x.db")
        try:
            return fn(conn, *args, **kwargs)
        finally:
            conn.close()

    return inner


def given_away(path, keep):
    conn = sqlite3.connect(path)
    conn.execute("PRAGMA foreign_keys = ON")
    keep(conn)


def refused(path, keep):
    conn = sqlite3.connect(path)
    if not keep(conn):
        conn.close()


def refused_in_turn(paths, keep):
    for path in paths:
        conn = sqlite3.connect(path)
        if not keep(conn):
            conn.close()


def entered(path, keep):
    with sqlite3.connect(path) as conn:
        keep(conn)


def told_before(path, keep):
    conn = sqlite3.connect(path)
    keep(conn)
    return conn


def caught(path, each):
    conn = sqlite3.connect(path)
    try:
        each(conn)
    except Exception:
        conn.close()
        raise
    conn.close()


def told_and_used(path, pool):
    conn = told_before(path, pool.remember)
    conn.execute("SELECT 1")


class KeptByBoth:
    def __init__(self, path, keep):
        conn = sqlite3.connect(path)
        keep(conn)
        self.kept_by_both = conn
