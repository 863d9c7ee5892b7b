import functools
import sqlite3


def with_db(fn):
    @functools.wraps(fn)
    def inner(*args, **kwargs):
        conn = sqlite3.connect("x.db")  # want HS004
        result = fn(conn, *args, **kwargs)
        conn.commit()
        conn.close()
        return result

    return inner


def called_back(path, each):
    conn = sqlite3.connect(path)  # want HS004
    each(conn)
    conn.close()


def left_before(path, each, ready):
    conn = sqlite3.connect(path)  # want HS003
    if not ready:
        return
    each(conn)
    conn.close()
