import aiosqlite
import psycopg2
import socket


def connect(path):
    return open(path)


def rows(dsn):
    with psycopg2.connect(dsn) as conn:
        return conn.cursor()


async def more(path):
    async with aiosqlite.connect(path) as db:
        await db.execute("SELECT 1")


def ours(path):
    with connect(path) as f:
        return f.read()


class Store:
    def connect(self):
        self.sock = socket.create_connection(("127.0.0.1", 1))
        return self.sock


def shadowed(sqlite3, path):
    with sqlite3.connect(path) as conn:
        return conn
