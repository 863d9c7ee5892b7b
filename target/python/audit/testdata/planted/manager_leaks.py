import contextlib
import sqlite3


@contextlib.contextmanager
def session(path):
    conn = sqlite3.connect(path)  # want HS002
    yield conn
    conn.commit()


@contextlib.contextmanager
def careless(path):
    conn = sqlite3.connect(path)  # want HS004
    yield conn
    conn.close()
