import sqlite3


def rows(path, conn=None):
    own = conn is None
    if own:
        conn = sqlite3.connect(path)
    try:
        return conn.execute("SELECT 1").fetchall()
    finally:
        if own:
            conn.close()


def by_flag(path, conn=None):
    close_it = False
    if conn is None:
        conn = sqlite3.connect(path)
        close_it = True
    try:
        return conn.execute("SELECT 1").fetchall()
    finally:
        if close_it:
            conn.close()


def by_test(path, conn=None):
    own = conn is None
    if conn is None:
        conn = sqlite3.connect(path)
    try:
        return conn.execute("SELECT 1").fetchall()
    finally:
        if own:
            conn.close()


def by_type(target):
    if isinstance(target, str):
        conn = sqlite3.connect(target)
    else:
        conn = target
    try:
        conn.execute("SELECT 1")
    finally:
        if isinstance(target, str):
            conn.close()


def by_expression(path, conn=None):
    c = conn or sqlite3.connect(path)
    try:
        c.execute("SELECT 1")
    finally:
        if conn is None:
            c.close()


def by_conditional(path, given=None):
    conn = sqlite3.connect(path) if given is None else given
    try:
        conn.execute("SELECT 1")
    finally:
        if given is None:
            conn.close()
