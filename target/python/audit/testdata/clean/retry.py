import sqlite3
import time


def open_it(path):
    for attempt in range(5):
        try:
            return sqlite3.connect(path)
        except sqlite3.OperationalError:
            time.sleep(attempt)
    raise RuntimeError("no database")


def checked(path):
    while True:
        try:
            conn = sqlite3.connect(path)
        except sqlite3.OperationalError:
            time.sleep(1)
            continue
        try:
            return conn.execute("SELECT 1").fetchall()
        finally:
            conn.close()


def opened_or_closed(path):
    conn = sqlite3.connect(path)
    try:
        conn.execute("PRAGMA journal_mode=WAL")
    except BaseException:
        conn.close()
        raise
    return conn


def exception_path(path):
    conn = sqlite3.connect(path)
    try:
        out = conn.execute("SELECT 1").fetchall()
    except Exception:
        conn.close()
        raise
    conn.close()
    return out
