import asyncio
import contextlib
import functools
import logging
import sqlite3

log = logging.getLogger(__name__)


def with_db(f):
    @functools.wraps(f)
    def inner(*args):
        conn = sqlite3.connect("x")
        try:
            return f(conn, *args)
        finally:
            conn.close()
    return inner


@with_db
def rows(conn, n):
    with conn:
        return conn.execute("SELECT ?", (n,)).fetchall()


def open_may_fail(path):
    try:
        conn = sqlite3.connect(path)
    except sqlite3.OperationalError:
        log.warning("no database")
        return None
    try:
        return conn.execute("SELECT 1").fetchone()
    finally:
        conn.close()


def loops(paths):
    for path in paths:
        conn = sqlite3.connect(path)
        try:
            if not conn.total_changes:
                continue
            if path:
                break
            return path
        except sqlite3.Error:
            continue
        finally:
            conn.close()


def both_ends(path):
    conn = sqlite3.connect(path)
    try:
        conn.execute("SELECT 1")
    except Exception:
        conn.close()
        return False
    else:
        conn.close()
        return True


def careful(path):
    conn = None
    try:
        conn = sqlite3.connect(path)
        conn.execute("SELECT 1")
    except sqlite3.Error:
        log.exception("failed")
    finally:
        if conn:
            try:
                conn.close()
            except sqlite3.Error:
                log.exception("close")


def with_a_name(path):
    conn = sqlite3.connect(path)
    other = conn
    try:
        conn.execute("SELECT 1")
    finally:
        other.close()


def stacked(path):
    with contextlib.ExitStack() as stack:
        conn = sqlite3.connect(path)
        stack.push(contextlib.closing(conn))
        conn.execute("SELECT 1")
        return stack.pop_all()


class Wrapper:
    def __init__(self, path):
        self.path = path
        self.wrapped_conn = None

    def __enter__(self):
        self.wrapped_conn = sqlite3.connect(self.path)
        return self

    def __exit__(self, *exc):
        self.close()

    @property
    def conn(self):
        if not self.wrapped_conn:
            self.wrapped_conn = sqlite3.connect(self.path)
        return self.wrapped_conn

    def rows(self):
        with self.conn as conn:
            return conn.execute("SELECT 1").fetchall()

    def close(self):
        if self.wrapped_conn:
            self.wrapped_conn.close()
            self.wrapped_conn = None


class Many:
    def __init__(self):
        self.conns = {}

    def get(self, path):
        conn = self.conns.get(path)
        if conn is None:
            conn = sqlite3.connect(path)
            self.conns[path] = conn
        return conn

    def close(self):
        for conn in self.conns.values():
            conn.close()


async def waits(path):
    conn = await asyncio.to_thread(sqlite3.connect, path)
    try:
        return await asyncio.to_thread(conn.execute, "SELECT 1")
    finally:
        await asyncio.to_thread(conn.close)


def swapped_roles(a, b):
    src = sqlite3.connect(a)
    try:
        dst = sqlite3.connect(b)
        try:
            with dst:
                src.backup(dst)
        finally:
            dst.close()
    finally:
        src.close()


def two_flags(path, conn=None, commit=True):
    owned = False
    if conn is None:
        conn = sqlite3.connect(path)
        owned = True
    try:
        conn.execute("SELECT 1")
        if commit:
            conn.commit()
    except Exception:
        if owned:
            conn.close()
        raise
    if owned:
        conn.close()


def negative_flag(path, conn=None):
    borrowed = conn is not None
    if not borrowed:
        conn = sqlite3.connect(path)
    try:
        return conn.execute("SELECT 1").fetchone()
    finally:
        if not borrowed:
            conn.close()
