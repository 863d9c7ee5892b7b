import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

local = threading.local()
executor = ThreadPoolExecutor(4)


def connection():
    if getattr(local, "pooled", None) is None:
        local.pooled = sqlite3.connect("x")
    return local.pooled


def work():
    with connection() as conn:
        conn.execute("SELECT 1")


def request():
    executor.submit(work)
