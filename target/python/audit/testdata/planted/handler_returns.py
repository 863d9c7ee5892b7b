import sqlite3


def rows(path):
    conn = sqlite3.connect(path)  # want HS003
    try:
        out = conn.execute("SELECT 1").fetchall()
    except sqlite3.OperationalError:
        return []
    conn.close()
    return out


def swallowed(path):
    try:
        conn = sqlite3.connect(path)  # want HS003
        conn.execute("SELECT 1")
        conn.close()
    except Exception:
        print("failed")
