import sqlite3


def rows(path):
    with sqlite3.connect(path) as conn:  # want HS001
        return conn.execute("SELECT 1").fetchall()
