import sqlite3


def get_connection(path):
    conn = sqlite3.connect(path, timeout=30)
    conn.row_factory = sqlite3.Row
    conn.execute("PRAGMA journal_mode=WAL")
    return conn


def get_twice(path):
    return get_connection(path)


def one(path):
    with get_connection(path) as conn:  # want HS001
        return conn.execute("SELECT 1").fetchone()


def two(path):
    with get_twice(path) as conn:  # want HS001
        return conn.execute("SELECT 1").fetchone()
