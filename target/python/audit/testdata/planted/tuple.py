import sqlite3


def open_pair(path):
    conn = sqlite3.connect(path)
    cur = conn.cursor()
    return conn, cur


def rows(path):
    conn, cur = open_pair(path)  # want HS002
    return cur.execute("SELECT 1").fetchall()
