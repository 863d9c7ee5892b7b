import importlib
import sqlite3

late = importlib.import_module("sqlite3")


def of_lambda(path):
    start = lambda: sqlite3.connect(path)
    return start().execute("SELECT 1").fetchone()  # want HS002


def of_lambda_with_parameter():
    start = lambda path: sqlite3.connect(path)
    c = start("x.db")  # want HS002
    c.execute("SELECT 1")


def of_name(path):
    start = sqlite3.connect
    c = start(path)  # want HS002
    c.execute("SELECT 1")


def opened_by_function(path):
    return sqlite3.connect(path)


def of_function(path):
    start = lambda: opened_by_function(path)
    c = start()  # want HS002
    c.execute("SELECT 1")


def imported_here(path):
    c = __import__("sqlite3").connect(path)  # want HS002
    c.execute("SELECT 1")


def imported_late(path):
    c = late.connect(path)  # want HS002
    c.execute("SELECT 1")


class WithStatic:
    start = staticmethod(sqlite3.connect)
    begin = sqlite3.connect

    def rows(self, path):
        c = self.start(path)  # want HS002
        return c.execute("SELECT 1").fetchall()

    def more(self, path):
        with self.begin(path) as c:  # want HS001
            return c.execute("SELECT 1").fetchall()


def by_class(path):
    c = WithStatic.start(path)  # want HS002
    c.execute("SELECT 1")


def of_function_with_parameter(path):
    start = lambda p: opened_by_function(p)
    c = start(path)  # want HS002
    c.execute("SELECT 1")
