import queue
import sqlite3


class Pool:
    def __init__(self, path, n):
        self.idle = queue.Queue()
        for _ in range(n):
            self.idle.put(sqlite3.connect(path))

    def get(self):
        return self.idle.get()

    def put(self, conn):
        self.idle.put(conn)

    def close(self):
        while not self.idle.empty():
            self.idle.get().close()


class Registry:
    """attach and enlist delegate to each other's names."""

    def __init__(self, inner):
        self.inner = inner

    def attach(self, conn):
        self.inner.enlist(conn)

    def enlist(self, conn):
        self.inner.attach(conn)

    def open(self, path):
        self.inner.attach(sqlite3.connect(path))


class Named:
    def __init__(self):
        self.by_name = {}

    def setdefault(self, name, conn):
        return self.by_name.setdefault(name, conn)

    def open(self, path):
        return self.by_name.setdefault(path, sqlite3.connect(path))
