"""sqlite3 is only named here: append and add are of no connection, and keep nothing."""


class History:
    def __init__(self):
        self.items = []

    def append(self, item):
        self.items.append(item)


class Counter:
    def __init__(self):
        self.n = 0

    def add(self, item):
        self.n += len(item)

    def insert(self, at, item):
        print(at, item)
