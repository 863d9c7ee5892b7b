import sqlite3


def outer(path):
    def inner():
        conn = sqlite3.connect(path)  # want HS002
        return conn.execute("SELECT 1").fetchall()

    conn = sqlite3.connect(path)  # want HS002

    def count():
        return conn.execute("SELECT 1").fetchone()
    return inner() + [count()]
