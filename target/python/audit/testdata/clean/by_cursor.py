import sqlite3


def start(path):
    return sqlite3.connect(path).cursor()


def rows(path):
    cur = start(path)
    try:
        return cur.execute("SELECT 1").fetchall()
    finally:
        cur.connection.close()


def direct(path):
    cur = sqlite3.connect(path).cursor()
    try:
        return cur.execute("SELECT 1").fetchall()
    finally:
        cur.connection.close()
