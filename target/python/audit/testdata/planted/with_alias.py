import sqlite3 as db
from sqlite3 import connect as open_it
from sqlite3 import dbapi2
import sqlite3.dbapi2 as two


def by_module(path):
    with db.connect(path) as conn:  # want HS001
        conn.execute("SELECT 1")


def by_name(path):
    with open_it(path, timeout=5) as conn:  # want HS001
        conn.execute("SELECT 1")


def by_dbapi2(path):
    with dbapi2.connect(path) as conn:  # want HS001
        conn.execute("SELECT 1")


def by_both(path):
    with two.connect(path) as conn:  # want HS001
        conn.execute("SELECT 1")


def by_class(path):
    with db.Connection(path) as conn:  # want HS001
        conn.execute("SELECT 1")
