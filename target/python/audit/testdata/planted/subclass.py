import sqlite3


class Quick(sqlite3.Connection):
    def all(self, sql):
        return self.execute(sql).fetchall()


def rows(path):
    with Quick(path) as conn:  # want HS001
        return conn.all("SELECT 1")


def by_factory(path):
    with sqlite3.connect(path, factory=Quick) as conn:  # want HS001
        return conn.all("SELECT 1")
