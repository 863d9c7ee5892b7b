import sqlite3


def rows(path):
    with sqlite3.connect(path) as conn:  # want HS001
        return conn.execute("SELECT 1").fetchall()


def twice(a, b):
    with sqlite3.connect(a) as conn:  # want HS001
        conn.execute("SELECT 1")
    with sqlite3.connect(b) as conn:  # want HS001
        conn.execute("SELECT 1")
