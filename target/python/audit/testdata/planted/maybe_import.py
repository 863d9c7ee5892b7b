try:
    import pysqlite3 as sqlite3
except ImportError:
    import sqlite3


def rows(path):
    with sqlite3.connect(path) as conn:  # want HS001
        conn.execute("SELECT 1")


def local_import(path):
    import sqlite3 as local
    with local.connect(path) as conn:  # want HS001
        conn.execute("SELECT 1")
