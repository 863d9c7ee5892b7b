import contextlib
import sqlite3


class Plain:
    def __init__(self, path):
        self.plain_conn = sqlite3.connect(path)

    def close(self):
        if self.plain_conn:
            self.plain_conn.close()
            self.plain_conn = None


class Swapped:
    def __init__(self, path):
        self.swapped_conn = sqlite3.connect(path)

    def close(self):
        conn, self.swapped_conn = self.swapped_conn, None
        if conn is not None:
            conn.close()


class ByStack:
    def __init__(self, path):
        self.stack = contextlib.ExitStack()
        self.stacked_conn = sqlite3.connect(path)
        self.stack.enter_context(contextlib.closing(self.stacked_conn))


class InLoop:
    def __init__(self, path):
        self.reader, self.writer = sqlite3.connect(path), sqlite3.connect(path)

    def __del__(self):
        for c in (self.reader, self.writer):
            c.close()


class ByName:
    def __init__(self, path):
        self.named_conn = sqlite3.connect(path)

    def close(self):
        for name in ("named_conn", "other"):
            getattr(self, name).close()


class Base:
    def close(self):
        self.based_conn.close()


class Derived(Base):
    def __init__(self, path):
        self.based_conn = sqlite3.connect(path)


class FromOutside:
    def __init__(self, path):
        self.outside_conn = sqlite3.connect(path)


def use(path):
    store = FromOutside(path)
    try:
        store.outside_conn.execute("SELECT 1")
    finally:
        store.outside_conn.close()
