import sqlite3


def by_kind(kind, path):
    if kind == "a":
        conn = sqlite3.connect(path)
    elif kind == "b":
        conn = sqlite3.connect(path + "b")
    else:
        raise ValueError(kind)
    try:
        conn.execute("SELECT 1")
    finally:
        conn.close()
