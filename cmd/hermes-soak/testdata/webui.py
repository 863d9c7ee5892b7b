"""A small web UI over SQLite for the tests: webui.py PORT HOW

leaks    a thread and a connection a request, which "with" commits and does not
         close: from CPython 3.11 on it is part of a reference cycle (through its
         own cache of statements) and stays until the garbage collector comes
closes   the same with the fix
collects the same, and runs the garbage collector for each request
workers  three processes that share the port, each with one connection that it
         opens when first asked and keeps
spawns   one process that is started beside it and reads, as "collects" does

/api/export is an answer of some megabytes, /api/sessions/stream one without an end.
"""
import contextlib
import gc
import http.server
import json
import multiprocessing
import os
import sqlite3
import sys
import time


def once():
    connection = sqlite3.connect("state.db")
    connection.row_factory = sqlite3.Row
    return connection if how in ("leaks", "spawns") else contextlib.closing(connection)


@contextlib.contextmanager
def kept():
    if not connections:
        connections.append(sqlite3.connect("state.db"))
        connections[0].row_factory = sqlite3.Row
    yield connections[0]


def rows(query):
    return pool.apply(read, (query,)) if pool else read(query)


def read(query):
    if how in ("collects", "spawns"):
        gc.collect()
    with kept() if how == "workers" else once() as connection:
        return [dict(row) for row in connection.execute(query)]


class Handler(http.server.BaseHTTPRequestHandler):
    answers = {
        "/health": lambda: {"status": "ok"},
        "/api/sessions": lambda: {"sessions": rows("SELECT * FROM sessions ORDER BY updated DESC")},
        "/api/projects": lambda: {"projects": rows("SELECT project, count(*) AS sessions FROM sessions GROUP BY project")},
        "/api/export": lambda: {"sessions": rows("SELECT * FROM sessions"), "space": " " * (8 << 20)},
    }

    def stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            while True:
                self.wfile.write(b": here\n\n")
                time.sleep(0.02)

    def do_GET(self):
        if self.path == "/api/sessions/stream":
            self.stream()
            return
        answer = self.answers.get(self.path.partition("?")[0])
        body = json.dumps(answer() if answer else {"error": "not found"}).encode()
        self.send_response(200 if answer else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


how = sys.argv[2]
connections = []
pool = None
if __name__ == "__main__":
    with contextlib.closing(sqlite3.connect("state.db")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE sessions (id INTEGER PRIMARY KEY, title TEXT, project TEXT, updated REAL)")
        connection.executemany("INSERT INTO sessions VALUES (?, ?, ?, ?)", [(i, "session %d" % i, "project %d" % (i % 7), i / 3) for i in range(200)])
        connection.commit()
    if how == "spawns":
        pool = multiprocessing.get_context("spawn").Pool(1)
    server = (http.server.HTTPServer if how == "workers" else http.server.ThreadingHTTPServer)(("127.0.0.1", int(sys.argv[1])), Handler)
    if how == "workers":
        for _ in range(3):
            if os.fork() == 0:
                server.serve_forever()
        server.socket.close()
        os.wait()
        sys.exit("a worker has ended")
    server.serve_forever()
