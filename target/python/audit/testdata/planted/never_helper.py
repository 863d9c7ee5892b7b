import sqlite3


def load(conn):
    return conn.execute("SELECT 1").fetchall()


def rows(path):
    conn = sqlite3.connect(path)  # want HS002
    return load(conn)


class Reader:
    def read(self, conn):
        return conn.execute("SELECT 1").fetchall()

    def rows(self, path):
        conn = sqlite3.connect(path)  # want HS002
        return self.read(conn)
