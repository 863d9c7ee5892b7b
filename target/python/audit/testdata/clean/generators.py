import contextlib
import sqlite3


def rows(path):
    conn = sqlite3.connect(path)
    try:
        yield from conn.execute("SELECT 1")
    finally:
        conn.close()


def short(path):
    with contextlib.closing(sqlite3.connect(path)) as conn:
        for row in conn.execute("SELECT 1"):
            yield row


def dependency():
    db = sqlite3.connect("x")
    try:
        yield db
    finally:
        db.close()


def all_of(paths):
    for path in paths:
        yield sqlite3.connect(path)
