import atexit
import sqlite3

conn = sqlite3.connect("state.db")
other = None


def rows():
    return conn.execute("SELECT 1").fetchall()


def open_other():
    global other
    if other is None:
        other = sqlite3.connect("other.db")
    return other


def main():
    last = sqlite3.connect("last.db")
    atexit.register(last.close)
    last.execute("SELECT 1")


if __name__ == "__main__":
    c = sqlite3.connect("main.db")
    c.execute("SELECT 1")
