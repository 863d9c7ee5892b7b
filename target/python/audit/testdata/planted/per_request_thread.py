import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_local = threading.local()


def get_db():
    db = getattr(_local, "state", None)
    if db is None:
        db = _local.state = sqlite3.connect("x")  # want HS007
    return db


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        get_db().execute("SELECT 1")


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 0), Handler).serve_forever()
