import sqlite3


def write(path, keep):
    conn = sqlite3.connect(path)  # want HS003
    conn.execute("SELECT 1")
    if keep:
        conn.commit()
    else:
        conn.rollback()
        conn.close()
