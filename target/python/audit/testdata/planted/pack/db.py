import sqlite3


def open_db(path):
    return sqlite3.connect(path)


class Factory:
    @classmethod
    def make(cls, path):
        return sqlite3.connect(path)

    def again(self, path):
        conn = self.make(path)  # want HS002
        conn.execute("SELECT 1")
