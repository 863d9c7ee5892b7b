import sqlite3


def rows(path):
    conn = None
    try:
        with sqlite3.connect(path) as conn:
            return conn.execute("SELECT 1").fetchall()
    finally:
        if conn is not None:
            conn.close()


def inside(path):
    with sqlite3.connect(path) as conn:
        try:
            conn.execute("SELECT 1")
        finally:
            conn.close()
