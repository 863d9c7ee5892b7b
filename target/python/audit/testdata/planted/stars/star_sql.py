from sqlite3 import *


def rows(path):
    with connect(path) as c:  # want HS001
        return c.execute("SELECT 1").fetchall()


class StarConnection(Connection):
    pass
