import contextlib
import sqlite3


def rows(path):
    conn = sqlite3.connect(path)
    with contextlib.suppress(Exception):
        conn.execute("SELECT 1")
    conn.close()


def close_quietly(path):
    conn = sqlite3.connect(path)
    try:
        conn.execute("SELECT 1")
    finally:
        with contextlib.suppress(sqlite3.Error):
            conn.close()
