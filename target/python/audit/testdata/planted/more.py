import logging
import sqlite3
import threading

log = logging.getLogger(__name__)
lock = threading.Lock()


def in_for(path):
    for row in sqlite3.connect(path).execute("SELECT 1"):  # want HS002
        print(row)


def behind_a_lock(path):
    with lock, sqlite3.connect(path) as conn:  # want HS001
        return conn.execute("SELECT 1").fetchone()


def returns_generator(path):
    with sqlite3.connect(path) as conn:  # want HS001
        return [tuple(r) for r in conn.execute("SELECT 1")]


def logs(path):
    conn = sqlite3.connect(path)  # want HS002
    log.info("opened %s", conn)
    conn.create_function("twice", 1, lambda x: x * 2)
    return conn.execute("SELECT twice(1)").fetchone()


def swallows(path):
    try:
        with sqlite3.connect(path) as conn:  # want HS001
            conn.execute("SELECT 1")
    except sqlite3.Error as e:
        log.warning("failed: %s", e)
    return None


def both_ways(path, fast):
    if fast:
        conn = sqlite3.connect(path)  # want HS002
    else:
        conn = sqlite3.connect(path, timeout=9)  # want HS002
    return conn.execute("SELECT 1").fetchone()


def flag_of_success(path):
    ok = False
    conn = sqlite3.connect(path)  # want HS003
    try:
        conn.execute("SELECT 1")
        ok = True
    except sqlite3.Error:
        pass
    if ok:
        conn.close()


def raises_in_handler(path):
    conn = sqlite3.connect(path)  # want HS003
    try:
        conn.execute("SELECT 1")
    except sqlite3.Error as e:
        raise RuntimeError("no") from e
    conn.close()


def closes_another(a, b):
    left = sqlite3.connect(a)  # want HS002
    right = sqlite3.connect(b)
    try:
        left.backup(right)
    finally:
        right.close()


def deep(path, x):
    conn = sqlite3.connect(path)  # want HS003
    try:
        if x:
            for i in x:
                while i:
                    if i > 3:
                        return i
                    i += 1
    except ValueError:
        conn.close()
        raise
    conn.close()
