import sqlite3


def rows(path, wanted):
    conn = sqlite3.connect(path)  # want HS003
    if not wanted:
        return []
    out = conn.execute("SELECT 1").fetchall()
    conn.close()
    return out


def handed(path, wanted):
    conn = sqlite3.connect(path)  # want HS003
    if not wanted:
        return None
    return conn
