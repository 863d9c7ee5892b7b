import contextlib
import sqlite3

import client


class Database:
    def __init__(self, path):
        self.path = path

    def connect(self):
        return sqlite3.connect(self.path)

    @contextlib.contextmanager
    def session(self):
        conn = self.connect()
        try:
            yield conn
        finally:
            conn.close()


def rows(path):
    db = Database(path)
    with contextlib.closing(db.connect()) as conn:
        conn.execute("SELECT 1")
    with db.session() as conn:
        conn.execute("SELECT 1")


def of_others(db):
    with db.connect() as conn:
        conn.execute("SELECT 1")


def either(path):
    db = client.Client() if path else Database(path)
    db = client.Client()
    with db.connect() as conn:
        conn.execute("SELECT 1")
