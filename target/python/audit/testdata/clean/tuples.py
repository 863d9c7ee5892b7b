import sqlite3


def open_pair(path):
    conn = sqlite3.connect(path)
    return conn, conn.cursor()


def rows(path):
    conn, cur = open_pair(path)
    try:
        return cur.execute("SELECT 1").fetchall()
    finally:
        conn.close()
