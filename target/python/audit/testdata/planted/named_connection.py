import sqlite3
import threading

local = threading.local()


def stop():
    local.connection.close()


def rows(path):
    connection = sqlite3.connect(path)  # want HS002
    return connection.execute("SELECT 1").fetchall()


def error(path):
    connection = sqlite3.connect(path)  # want HS003
    try:
        connection.execute("SELECT 1")
        connection.close()
    except sqlite3.OperationalError:
        print("failed")
