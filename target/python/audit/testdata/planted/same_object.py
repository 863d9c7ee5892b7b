import sqlite3


def only_the_given(path, conn=None):
    c = conn if conn is not None else sqlite3.connect(path)  # want HS003
    try:
        return c.execute("SELECT 1").fetchall()
    finally:
        if c is conn:
            c.close()
