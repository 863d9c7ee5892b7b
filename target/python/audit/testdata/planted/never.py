import sqlite3


def named(path):
    conn = sqlite3.connect(path)  # want HS002
    conn.execute("INSERT INTO t VALUES (1)")
    conn.commit()


def chained(path):
    return sqlite3.connect(path).execute("SELECT 1").fetchall()  # want HS002


def with_later(path):
    conn = sqlite3.connect(path)  # want HS002
    with conn:
        conn.execute("SELECT 1")


def only_cursor_closed(path):
    conn = sqlite3.connect(path)  # want HS002
    cur = conn.cursor()
    try:
        return cur.execute("SELECT 1").fetchall()
    finally:
        cur.close()


def walrus(path):
    if (conn := sqlite3.connect(path)) is not None:  # want HS002
        conn.execute("SELECT 1")
