import sqlite3


class Store:
    def __init__(self, path):
        self.path = path
        self.current = sqlite3.connect(path)

    def reconnect(self):
        self.close()
        self.current = sqlite3.connect(self.path)

    def guarded(self):
        if self.current is None:
            self.current = sqlite3.connect(self.path)
        return self.current

    def close(self):
        if self.current is not None:
            self.current.close()
            self.current = None


def each(paths):
    for path in paths:
        conn = sqlite3.connect(path)
        try:
            conn.execute("SELECT 1")
        finally:
            conn.close()


def swap(a, b):
    conn = sqlite3.connect(a)
    try:
        conn.close()
        conn = sqlite3.connect(b)
        conn.execute("SELECT 1")
    finally:
        conn.close()
