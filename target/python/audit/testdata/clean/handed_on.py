import sqlite3

POOL = []
BY_PATH = {}


def returned(path):
    conn = sqlite3.connect(path)
    conn.row_factory = sqlite3.Row
    return conn


def in_a_list(path):
    conn = sqlite3.connect(path)
    POOL.append(conn)
    return conn.execute("SELECT 1").fetchone()


def in_a_dict(path):
    BY_PATH[path] = sqlite3.connect(path)
    return BY_PATH[path].execute("SELECT 1").fetchall()


def set_default(path):
    return BY_PATH.setdefault(path, sqlite3.connect(path)).execute("SELECT 1")


def to_queue(queue, path):
    for _ in range(4):
        queue.put(sqlite3.connect(path))


class Owner:
    def __init__(self, conn):
        self.owned_here = conn

    def close(self):
        self.owned_here.close()


def to_constructor(path):
    return Owner(sqlite3.connect(path))


def to_constructor_named(path):
    conn = sqlite3.connect(path)
    owner = Owner(conn=conn)
    return owner
