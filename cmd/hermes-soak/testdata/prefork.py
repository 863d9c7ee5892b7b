# A server whose two workers are replaced every half second.
import os, socket, sys, time

s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen(128)
s.settimeout(0.1)


def worker():
    if os.fork():
        return
    end = time.time() + 0.5
    while time.time() < end:
        try:
            c, _ = s.accept()
        except OSError:  # nobody came, or there is no descriptor left
            time.sleep(0.01)
            continue
        with c:
            try:
                c.settimeout(2)
                if c.recv(4096):
                    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
            except OSError:
                pass
    os._exit(0)


worker()
worker()
while True:
    os.wait()
    worker()
