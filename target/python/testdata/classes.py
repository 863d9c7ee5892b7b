"""A server with a path for each way to lose a handle: classes.py PORT leaks|fixed

Each opens a handle on the line that ends in its name. With "fixed" the code behind
the same paths gives back what it opened. Paths below /healthy/ never close what they
keep, and do not keep more and more.
"""
import concurrent.futures
import contextlib
import http.server
import os
import queue
import sqlite3
import subprocess
import sys
import threading


def bare():
    with closing(sqlite3.connect(DATABASE)) as connection:  # bare
        return connection.execute("SELECT 1").fetchone()


def error():
    connection = sqlite3.connect(DATABASE)  # error
    try:
        connection.execute("SELECT * FROM missing")
        connection.close()
    except sqlite3.OperationalError:
        if fixed:
            connection.close()


def thread():
    def work():
        local.connection = sqlite3.connect(DATABASE)  # thread
        local.connection.execute("SELECT 1").fetchone()
        if fixed:
            local.connection.close()

    t = threading.Thread(target=work)
    t.start()
    t.join()


def replaced():
    if fixed and cache:
        cache.pop().close()
    cache[:] = [sqlite3.connect(DATABASE, check_same_thread=False)]  # replaced
    cache[0].execute("SELECT 1").fetchone()


def generator():
    def rows():
        connection = sqlite3.connect(DATABASE)  # generator
        try:
            for row in connection.execute("SELECT 1 UNION SELECT 2"):
                yield row
            connection.close()
        finally:
            if fixed:
                connection.close()

    unfinished = rows()
    next(unfinished)


def devnull():
    null = open(os.devnull, "rb") if not fixed else subprocess.DEVNULL  # devnull
    subprocess.run(["true"], stdin=null)
    if not fixed:
        dropped.append(null)


def pty():
    master, slave = os.openpty()  # pty
    os.close(slave)
    if fixed:
        os.close(master)


def module():
    return at_import.execute("SELECT 1").fetchone()


def pool():
    try:
        connection = idle.get_nowait()
    except queue.Empty:
        connection = sqlite3.connect(DATABASE, check_same_thread=False)
    connection.execute("SELECT 1").fetchone()
    idle.put(connection)


def executor():
    def work():
        if not hasattr(local, "connection"):
            local.connection = sqlite3.connect(DATABASE)
        return local.connection.execute("SELECT 1").fetchone()

    for done in [workers.submit(work) for _ in range(4)]:
        done.result()


def memory():
    kept.append(sqlite3.connect(":memory:"))
    kept.append(sqlite3.connect("file:shared?mode=memory&cache=shared", uri=True))


class Handler(http.server.BaseHTTPRequestHandler):
    paths = {"/" + f.__name__: f for f in (bare, error, thread, replaced, generator, devnull, pty)}
    paths.update({"/healthy/" + f.__name__: f for f in (module, pool, executor, memory)})

    def do_GET(self):
        self.paths.get(self.path, int)()
        body = b'{"items":[1,2,3]}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


DATABASE = "state.db"
fixed = sys.argv[2] == "fixed"
closing = contextlib.closing if fixed else lambda connection: connection
local = threading.local()
cache, dropped, kept = [], [], []
idle = queue.Queue()
workers = concurrent.futures.ThreadPoolExecutor(4)
at_import = sqlite3.connect(DATABASE, check_same_thread=False)
for _ in range(4):
    idle.put(sqlite3.connect(DATABASE, check_same_thread=False))
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
