import sqlite3


class PoppedAndLeft:
    def connect(self, path):
        self.left = sqlite3.connect(path)  # want HS005

    def disconnect(self):
        c = self.__dict__.pop("other_than_left", None)
        if c is not None:
            c.close()
