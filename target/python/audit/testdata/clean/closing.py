import contextlib
import sqlite3
from contextlib import closing as shut


def rows(path):
    with contextlib.closing(sqlite3.connect(path)) as conn:
        return conn.execute("SELECT 1").fetchall()


def both(path):
    with shut(sqlite3.connect(path)) as conn, conn:
        conn.execute("SELECT 1")


def nested(path):
    with shut(sqlite3.connect(path)) as conn:
        with conn:
            if conn.total_changes:
                return None
            raise ValueError


def later(path):
    conn = sqlite3.connect(path)
    with shut(conn):
        conn.execute("SELECT 1")


def cursors(path):
    with shut(sqlite3.connect(path)) as conn, shut(conn.cursor()) as cur:
        return cur.execute("SELECT 1").fetchall()
