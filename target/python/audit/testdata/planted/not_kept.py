import sqlite3


class Reader:
    def read_by(self, conn):
        conn.execute("SELECT 1")


class Cached:
    def __init__(self, reader):
        self.reader = reader

    def read_cached(self, conn):
        self.reader.read_by(conn)


def read(reader, path):
    conn = sqlite3.connect(path)  # want HS002
    reader.read_by(conn)


def rows(cached, path):
    conn = sqlite3.connect(path)  # want HS002
    cached.read_cached(conn)
