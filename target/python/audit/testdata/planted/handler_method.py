import sqlite3


class Handler:
    def _db(self):
        conn = sqlite3.connect("x")
        conn.row_factory = sqlite3.Row
        return conn

    def sessions(self):
        with self._db() as conn:  # want HS001
            return [dict(r) for r in conn.execute("SELECT 1")]

    @property
    def db(self):
        return self._db()

    def projects(self):
        with self.db as conn:  # want HS001
            return conn.execute("SELECT 1").fetchall()
