import sqlite3


class Pool:
    def __init__(self):
        self.free, self.used = [], set()

    def acquire(self, path):
        if self.free:
            return self.free.pop()
        return sqlite3.connect(path)

    def release(self, conn):
        self.free.append(conn)

    def rows(self, path):
        conn = self.acquire(path)
        try:
            return conn.execute("SELECT 1").fetchall()
        finally:
            self.release(conn)

    def spare(self, path):
        self.free.insert(0, sqlite3.connect(path))
        self.used.add(sqlite3.connect(path))

    def close(self):
        for conn in self.free + list(self.used):
            conn.close()


def count(paths):
    conns = []
    try:
        for path in paths:
            conns.append(sqlite3.connect(path))
        return sum(c.total_changes for c in conns)
    finally:
        for c in conns:
            c.close()


def extended(paths):
    conns = []
    try:
        for path in paths:
            conns += [sqlite3.connect(path)]
        return len(conns)
    finally:
        for c in conns:
            c.close()
