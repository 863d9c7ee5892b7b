import sqlite3


class Source:
    def __init__(self, persistent):
        self.persistent = persistent
        self.saved = None

    def rows(self):
        conn = self.saved or sqlite3.connect("x")
        if self.persistent:
            self.saved = conn
        try:
            return conn.execute("SELECT 1").fetchall()
        finally:
            if not self.persistent:
                conn.close()

    def close(self):
        if self.saved is not None:
            self.saved.close()
