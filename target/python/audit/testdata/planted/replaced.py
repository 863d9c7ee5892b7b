import sqlite3


def each(paths):
    conn = None
    for path in paths:
        conn = sqlite3.connect(path)  # want HS006
        conn.execute("SELECT 1")
    if conn:
        conn.close()


def twice(a, b):
    conn = sqlite3.connect(a)  # want HS006
    conn = sqlite3.connect(b)
    conn.close()


def twice_closed_last(a, b):
    conn = sqlite3.connect(a)  # want HS006
    conn.execute("SELECT 1")
    conn = sqlite3.connect(b)
    try:
        conn.execute("SELECT 1")
    finally:
        conn.close()


def retry(path):
    for _ in range(3):
        try:
            conn = sqlite3.connect(path)  # want HS006
            conn.execute("SELECT 1")
            return conn
        except sqlite3.OperationalError:
            pass


class Store:
    def __init__(self, path):
        self.live = sqlite3.connect(path)

    def reconnect(self, path):
        self.live = sqlite3.connect(path)  # want HS006

    def close(self):
        self.live.close()
