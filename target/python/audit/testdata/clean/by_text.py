import sqlite3


class Popped:
    def connect(self, path):
        self.disconnect()
        self.popped = sqlite3.connect(path)

    def disconnect(self):
        c = self.__dict__.pop("popped", None)
        if c is not None:
            c.close()


class PoppedAtOnce:
    def connect(self, path):
        self.at_once = sqlite3.connect(path)

    def disconnect(self):
        self.__dict__.pop("at_once").close()


class Indexed:
    def connect(self, path):
        self.indexed = sqlite3.connect(path)

    def disconnect(self):
        vars(self)["indexed"].close()


class Got:
    def connect(self, path):
        self.got = sqlite3.connect(path)

    def disconnect(self):
        c = getattr(self, "got", None)
        if c is not None:
            c.close()


class Named:
    def connect(self, path):
        self.reader = sqlite3.connect(path)
        self.writer = sqlite3.connect(path)

    def disconnect(self):
        for name in ("reader", "writer"):
            c = getattr(self, name)
            c.close()
