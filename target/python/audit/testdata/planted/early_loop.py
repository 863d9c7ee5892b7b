import sqlite3


def first(paths):
    for path in paths:
        conn = sqlite3.connect(path)  # want HS003
        row = conn.execute("SELECT 1").fetchone()
        if row:
            break
        conn.close()
    return 1


def skip(paths):
    for path in paths:
        conn = sqlite3.connect(path)  # want HS006
        if conn.total_changes:
            continue
        conn.close()
