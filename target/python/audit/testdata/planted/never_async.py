import asyncio
import sqlite3


async def rows(path):
    conn = await asyncio.to_thread(sqlite3.connect, path)  # want HS002
    return await asyncio.to_thread(len, str(conn))


async def bare(path):
    with sqlite3.connect(path) as conn:  # want HS001
        await asyncio.sleep(0)
        conn.execute("SELECT 1")


async def opened(path):
    return sqlite3.connect(path)


async def user(path):
    conn = await opened(path)  # want HS002
    conn.execute("SELECT 1")
