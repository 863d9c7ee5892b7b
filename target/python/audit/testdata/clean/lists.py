import sqlite3


def many(paths):
    conns = [sqlite3.connect(p) for p in paths]
    try:
        return [c.execute("SELECT 1").fetchone() for c in conns]
    finally:
        for c in conns:
            c.close()


def pair(a, b):
    left, right = sqlite3.connect(a), None
    try:
        right = sqlite3.connect(b)
        left.backup(right)
    finally:
        for c in (left, right):
            if c is not None:
                c.close()


def keyed(paths):
    return {p: sqlite3.connect(p) for p in paths}
