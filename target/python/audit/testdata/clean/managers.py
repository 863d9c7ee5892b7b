import contextlib
import sqlite3


@contextlib.contextmanager
def session(path):
    conn = sqlite3.connect(path)
    try:
        yield conn
        conn.commit()
    except Exception:
        conn.rollback()
        raise
    finally:
        conn.close()


@contextlib.contextmanager
def short(path):
    with contextlib.closing(sqlite3.connect(path)) as conn:
        with conn:
            yield conn


@contextlib.asynccontextmanager
async def later(path):
    conn = sqlite3.connect(path)
    try:
        yield conn
    finally:
        conn.close()


def rows(path):
    with session(path) as conn:
        return conn.execute("SELECT 1").fetchall()


async def more(path):
    async with later(path) as conn:
        return conn.execute("SELECT 1").fetchall()


class Session:
    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.session_handle = sqlite3.connect(self.path)
        return self.session_handle

    def __exit__(self, *exc):
        self.session_handle.close()


def by_class(path):
    with Session(path) as conn:
        return conn.execute("SELECT 1").fetchall()
