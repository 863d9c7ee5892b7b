import sqlite3


def rows(path):
    conn = sqlite3.connect(path)  # want HS008
    for row in conn.execute("SELECT 1"):
        yield row
    conn.close()


def dependency(path):
    conn = sqlite3.connect(path)  # want HS008
    try:
        yield conn
    except Exception:
        conn.close()
        raise
    conn.close()


def never(path):
    conn = sqlite3.connect(path)  # want HS002
    yield from conn.execute("SELECT 1")
