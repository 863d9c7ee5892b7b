import sqlite3


class Base:
    def _open(self, path):
        return sqlite3.connect(path)


class Store(Base):
    def __init__(self, path):
        self.kept_four: sqlite3.Connection = self._open(path)  # want HS005
