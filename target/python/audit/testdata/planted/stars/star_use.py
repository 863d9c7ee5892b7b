from .star_common import *


def module(path):
    with sqlite3.connect(path) as c:  # want HS001
        return c.execute("SELECT 1").fetchall()


def function(path):
    with star_open(path) as c:  # want HS001
        return c.execute("SELECT 1").fetchall()


def subclass(path):
    c = StarConnection(path)  # want HS002
    c.execute("SELECT 1")
