import os
import sqlite3
import sys


def main(path):
    conn = sqlite3.connect(path)
    try:
        conn.execute("SELECT 1")
    except sqlite3.Error:
        sys.exit(1)
    finally:
        conn.close()


def child(path):
    conn = sqlite3.connect(path)
    conn.execute("SELECT 1")
    os._exit(0)


def forever(path):
    conn = sqlite3.connect(path)
    while True:
        conn.execute("SELECT 1")
