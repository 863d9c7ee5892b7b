import sqlite3


class Closing(sqlite3.Connection):
    def __exit__(self, *exc):
        super().__exit__(*exc)
        self.close()


def rows(path):
    with Closing(path) as conn:
        return conn.execute("SELECT 1").fetchall()


def by_factory(path):
    with sqlite3.connect(path, factory=Closing) as conn:
        return conn.execute("SELECT 1").fetchall()
