from .star_common import *


def twice(path):
    c = connect(path)  # want HS002
    c.execute("SELECT 1")


def alias(path):
    c = STAR_CONNECT(path)  # want HS002
    c.execute("SELECT 1")
