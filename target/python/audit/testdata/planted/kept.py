import sqlite3


class Store:
    def __init__(self, path):
        self.kept_one = sqlite3.connect(path)  # want HS005

    def rows(self):
        with self.kept_one:
            return self.kept_one.execute("SELECT 1").fetchall()


class Lazy:
    kept_two = None

    def get(self):
        if self.kept_two is None:
            conn = sqlite3.connect("x")  # want HS005
            self.kept_two = conn
        return self.kept_two


class Pair:
    def __init__(self, path):
        self.kept_three, self.path = sqlite3.connect(path), path  # want HS005
        self.file = open(path)

    def close(self):
        self.file.close()
