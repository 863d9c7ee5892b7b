import sqlite3


def rows(path):
    conn = sqlite3.connect(path)
    try:
        return conn.execute("SELECT 1").fetchall()
    finally:
        conn.close()


def none_first(path):
    conn = None
    try:
        conn = sqlite3.connect(path)
        return conn.execute("SELECT 1").fetchall()
    except sqlite3.Error:
        return []
    finally:
        if conn is not None:
            conn.close()


def truthy(path):
    conn = None
    try:
        conn = sqlite3.connect(path)
        conn.execute("SELECT 1")
    finally:
        if conn:
            conn.close()


def by_locals(path):
    try:
        conn = sqlite3.connect(path)
        conn.execute("SELECT 1")
    finally:
        if "conn" in locals():
            conn.close()


def with_inside(path):
    conn = sqlite3.connect(path)
    try:
        with conn:
            conn.execute("SELECT 1")
    finally:
        conn.close()


def cursor_first(path):
    conn = sqlite3.connect(path)
    cur = conn.cursor()
    try:
        cur.execute("SELECT 1")
    finally:
        cur.close()
        conn.close()


def quiet(path):
    conn = sqlite3.connect(path)
    try:
        conn.execute("SELECT 1")
    finally:
        try:
            conn.close()
        except sqlite3.Error:
            pass
