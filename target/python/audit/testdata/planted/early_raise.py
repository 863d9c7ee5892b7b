import sqlite3


def rows(path):
    conn = sqlite3.connect(path)  # want HS003
    version = conn.execute("PRAGMA user_version").fetchone()[0]
    if version < 3:
        raise RuntimeError("too old")
    conn.close()
    return version
