"""A small HTTP server for the tests: server.py ADDRESS PORT [MODE]

plain    one process; USR1 closes its port, and it lives on
child    a parent that waits for the child which listens
workers  three workers on the socket that the parent holds
orphans  the same, and the parent has closed the socket
keep     every request opens state.db in the working folder once more
"""
import http.server
import os
import signal
import socket
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if mode == "keep":
            kept.append(open("state.db", "ab"))
        body = b'{"items":[1,2,3]}'
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
    daemon_threads = True


def close_port(*_):
    server.socket.close()
    while True:
        signal.pause()


def serve():
    signal.signal(signal.SIGUSR1, close_port)
    server.serve_forever(0.05)


mode = sys.argv[3] if len(sys.argv) > 3 else "plain"
kept = []
if mode == "child" and os.fork():
    os.wait()
    sys.exit()
server = Server((sys.argv[1], int(sys.argv[2])), Handler)
if mode in ("workers", "orphans"):
    for _ in range(3):
        if os.fork() == 0:
            serve()
    if mode == "orphans":
        server.socket.close()
    while True:
        os.wait()
serve()
