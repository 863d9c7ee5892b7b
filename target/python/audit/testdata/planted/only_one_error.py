import sqlite3


def rows(path):
    conn = sqlite3.connect(path)  # want HS004
    try:
        out = conn.execute("SELECT 1").fetchall()
    except sqlite3.Error:
        conn.close()
        raise
    out.sort(key=str)
    conn.close()
    return out
