import sqlite3


def plain(path):
    conn = sqlite3.connect(path)  # want HS002
    conn.execute("SELECT 1")
    conn.close


def in_finally(path):
    conn = sqlite3.connect(path)  # want HS002
    try:
        return conn.execute("SELECT 1").fetchall()
    finally:
        conn.close


def in_nested(path):
    conn = sqlite3.connect(path)  # want HS002

    def done():
        conn.close

    conn.execute("SELECT 1")
    done()


def helper_that_does_not(conn):
    conn.close


def by_helper(path):
    conn = sqlite3.connect(path)  # want HS002
    helper_that_does_not(conn)


class KeptUncalled:
    def __init__(self, path):
        self.uncalled = sqlite3.connect(path)  # want HS005

    def close(self):
        self.uncalled.close
