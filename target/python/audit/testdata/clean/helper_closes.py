import sqlite3


def finish(conn):
    conn.commit()
    conn.close()


def maybe_finish(conn):
    if conn is not None:
        finish(conn)


def rows(path):
    conn = sqlite3.connect(path)
    try:
        conn.execute("SELECT 1")
    finally:
        finish(conn)


def safe(path):
    conn = None
    try:
        conn = sqlite3.connect(path)
        conn.execute("SELECT 1")
    finally:
        maybe_finish(conn)


class Tool:
    def _shut(self, conn):
        conn.close()

    def run(self, path):
        conn = sqlite3.connect(path)
        try:
            conn.execute("SELECT 1")
        finally:
            self._shut(conn)


def chained(path):
    def through(conn):
        return conn
    conn = through(sqlite3.connect(path))
    try:
        conn.execute("SELECT 1")
    finally:
        conn.close()
