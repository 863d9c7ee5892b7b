import sqlite3


def other_than_given(path, conn=None):
    c = conn if conn is not None else sqlite3.connect(path)
    try:
        return c.execute("SELECT 1").fetchall()
    finally:
        if c is not conn:
            c.close()


def same_as_given(path, conn=None):
    c = conn or sqlite3.connect(path)
    try:
        return c.execute("SELECT 1").fetchall()
    finally:
        if conn is c:
            pass
        else:
            c.close()


def keyword_only(path, *, conn=None):
    c = conn
    if c is None:
        c = sqlite3.connect(path)
    try:
        return c.execute("SELECT 1").fetchall()
    finally:
        if c != conn:
            c.close()
