import sqlite3


class Database:
    def __init__(self, path):
        self.path = path

    def connect(self):
        return sqlite3.connect(self.path)


shared = Database("x")


def local(path):
    db = Database(path)
    with db.connect() as conn:  # want HS001
        conn.execute("SELECT 1")


def at_once(path):
    with Database(path).connect() as conn:  # want HS001
        conn.execute("SELECT 1")


def of_module():
    conn = shared.connect()  # want HS002
    conn.execute("SELECT 1")


class Service:
    def __init__(self, path):
        self.db = Database(path)

    def rows(self):
        with self.db.connect() as conn:  # want HS001
            return conn.execute("SELECT 1").fetchall()
