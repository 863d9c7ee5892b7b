import sqlite3
import threading

local = threading.local()


def work():
    local.brief = sqlite3.connect("x")
    try:
        local.brief.execute("SELECT 1")
    finally:
        local.brief.close()


def request():
    threading.Thread(target=work).start()


def given_away(path):
    conn = sqlite3.connect(path, check_same_thread=False)
    threading.Thread(target=consume, args=(conn,)).start()


def consume(conn):
    try:
        conn.execute("SELECT 1")
    finally:
        conn.close()
