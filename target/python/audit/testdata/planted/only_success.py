import sqlite3


def rows(path):
    conn = sqlite3.connect(path)  # want HS004
    out = conn.execute("SELECT 1").fetchall()
    conn.close()
    return out


def in_else(path):
    conn = sqlite3.connect(path)  # want HS004
    try:
        conn.execute("SELECT 1")
    except sqlite3.OperationalError:
        conn.rollback()
    conn.close()


def in_with(path):
    with sqlite3.connect(path) as conn:  # want HS004
        conn.execute("SELECT 1")
    conn.close()


async def waits(path, fetch):
    conn = sqlite3.connect(path)  # want HS004
    await fetch()
    conn.close()
