import queue
import sqlite3


class Pool:
    def __init__(self, path, size):
        self.free = queue.Queue()
        for _ in range(size):
            self.free.put(sqlite3.connect(path, check_same_thread=False))

    def acquire(self):
        return self.free.get()

    def release(self, conn):
        self.free.put(conn)

    def close(self):
        while not self.free.empty():
            self.free.get().close()
