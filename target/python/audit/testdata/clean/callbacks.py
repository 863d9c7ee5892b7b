import sqlite3
import weakref


def tied(owner, path):
    conn = sqlite3.connect(path)
    weakref.finalize(owner, conn.close)
    return conn.execute("SELECT 1").fetchall()


def by_closure(path):
    conn = sqlite3.connect(path)

    def stop():
        conn.close()
    return stop


def by_lambda(path):
    conn = sqlite3.connect(path)
    return lambda: conn.close()


def query_later(path):
    conn = sqlite3.connect(path)

    def query(sql):
        return conn.execute(sql).fetchall()
    return query
