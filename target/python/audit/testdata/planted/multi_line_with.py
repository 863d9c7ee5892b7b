import sqlite3


def rows(path, other):
    with open(other) as f, \
            sqlite3.connect(  # want HS001
                path,
                timeout=3) as conn:
        conn.execute(f.read())
