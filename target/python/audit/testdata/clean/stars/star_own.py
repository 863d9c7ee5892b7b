from sqlite3 import *
from socket import *
from .star_private import *


def connect(path):
    return open(path)


def rows(path):
    f = connect(path)
    return f.read()


def private(path):
    c = _hidden(path)
    return c.read()


def local(path, Connection):
    c = Connection(path)
    return c.read()
