import sqlite3
import threading

held = threading.local()


def connection():
    if not hasattr(held, "handle"):
        held.handle = sqlite3.connect("x")  # want HS007
    return held.handle


def work():
    connection().execute("SELECT 1")


def request():
    threading.Thread(target=work).start()
