import functools
import sqlite3


def logged(f):
    @functools.wraps(f)
    def inner(*args):
        return f(*args)
    return inner


@logged
def get(path):
    return sqlite3.connect(path)


@logged
def rows(path):
    with get(path) as conn:  # want HS001
        return conn.execute("SELECT 1").fetchall()
